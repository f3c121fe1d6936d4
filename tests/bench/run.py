"""`make bench`: run every bench module on SQLite, and on PostgreSQL where one is named, and print one table.

Arguments choose modules by a part of their name. Each module runs as a program of its own (see measure.py),
with a data folder and a database of its own that are gone afterwards.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from measure import ROW

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLUMNS = ("what", "database", "p50", "p95", "unit", "n", "aim", "note")


def run_module(module: Path, database: str, environment: dict[str, str]) -> tuple[list[dict[str, Any]], bool]:
    """Run one module; its rows, and whether it ended well."""
    print(f"--- {module.stem} on {database}", flush=True)
    process = subprocess.Popen(
        [sys.executable, str(module)],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])},
        stdout=subprocess.PIPE,
        text=True,
    )
    rows = []
    for line in process.stdout or []:
        if line.startswith(ROW):
            rows.append({**json.loads(line.removeprefix(ROW)), "database": database})
        else:
            print(line, end="", flush=True)
    return rows, process.wait() == 0


def on_sqlite(module: Path) -> tuple[list[dict[str, Any]], bool]:
    with tempfile.TemporaryDirectory(prefix="spineweb-bench-") as folder:
        return run_module(
            module, "SQLite", {**_scratch(folder), "DATABASE_URL": f"sqlite:///{folder}/b.sqlite3"}
        )


def on_postgres(module: Path, server: str) -> tuple[list[dict[str, Any]], bool]:
    """In a database made for this module on the server of this URL, and dropped afterwards."""
    name = f"spineweb_bench_{secrets.token_hex(4)}"
    admin = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            with tempfile.TemporaryDirectory(prefix="spineweb-bench-") as folder:
                url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
                return run_module(module, "PostgreSQL", {**_scratch(folder), "DATABASE_URL": url})
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _scratch(folder: str) -> dict[str, str]:
    return {"SPINEWEB_DATA": folder, "SPINEWEB_SECRET_KEY": secrets.token_hex(32), "SPINEWEB_LOG": "WARNING"}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as one table, aligned."""
    cells = [COLUMNS, *(tuple(_cell(row.get(column)) for column in COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * sum(widths), *lines[1:]])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return "" if value is None else str(value)


def main() -> int:
    wanted = sys.argv[1:]
    modules = [m for m in sorted(HERE.glob("bench_*.py")) if not wanted or any(w in m.stem for w in wanted)]
    if not modules:
        print("No bench module has such a name." if wanted else "There is no bench module yet.")
        return 1
    server = os.environ.get("SPINEWEB_TEST_POSTGRES", "").strip()
    rows, failed = [], []
    for module in modules:
        runs = [on_sqlite(module)] + ([on_postgres(module, server)] if server else [])
        for found, well in runs:
            rows += found
            if not well:
                failed.append(module.stem)
    print("\n" + table(rows))
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
