"""The developer's steps: what `make test`, `make lint`, `make bench` and the rest run, one by one.

Started by spineweb/bootstrap.py in the virtual environment, with a good Node on PATH. Every command is shown
with its name and seconds; a step that fails does not keep the next ones from running; the last lines say what
failed and how many tests passed.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
FRONTEND = ROOT / "frontend"
PACKAGES = [path.parent.name for path in sorted(ROOT.glob("*/__init__.py"))]
API_TYPES = FRONTEND / "src" / "api" / "schema.d.ts"
COUNTS = ("tests", "failures", "errors", "skipped")


@dataclass
class Report:
    """What ran, how long it took, and what failed."""

    lines: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))

    def run(self, name: str, argv: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> bool:
        """Run one command with its output in sight; whether it succeeded."""
        print(f"\n=== {name}", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            argv, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, check=False
        )
        self.note(name, time.monotonic() - began, ok=done.returncode == 0)
        return done.returncode == 0

    def note(self, name: str, seconds: float, *, ok: bool) -> None:
        line = f"{'ok    ' if ok else 'FAILED'} {seconds:6.1f} s  {name}"
        print(f"=== {line}", flush=True)
        self.lines.append(line)
        if not ok:
            self.failed.append(name)

    def pytest(self, name: str, *arguments: str, env: dict[str, str] | None = None) -> None:
        """Run pytest and add its counts to the totals."""
        counted = BUILD / f"pytest-{len(self.lines)}.xml"
        counted.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "pytest", "-q", f"--junitxml={counted}", *arguments]
        self.run(name, argv, env=env)
        if counted.exists():
            for suite in ET.parse(counted).getroot().iter("testsuite"):
                for key in COUNTS:
                    self.counts[key] += int(suite.get(key, "0"))

    def end(self) -> int:
        """Print the summary; the exit status."""
        print("\n" + "\n".join(self.lines))
        total, failures, errors, skipped = (self.counts[key] for key in COUNTS)
        if total:
            bad = failures + errors
            print(f"{total - bad - skipped} passed, {bad} failed, {skipped} skipped (Python, all runs)")
        if self.failed:
            print(f"FAILED: {', '.join(self.failed)}")
        return 1 if self.failed else 0


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def npm(*arguments: str) -> list[str]:
    return ["npm", "--prefix", str(FRONTEND), "--silent", "run", *arguments]


def scratch_environment() -> dict[str, str]:
    """A data folder and a key for commands that load the settings but keep nothing."""
    return {
        "SPINEWEB_DATA": tempfile.mkdtemp(prefix="spineweb-steps-"),
        "SPINEWEB_SECRET_KEY": secrets.token_hex(32),
    }


def write_schema(report: Report) -> Path | None:
    """The OpenAPI schema of this tree, without warnings, or None."""
    schema = BUILD / "schema.yaml"
    argv = python("manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(schema))
    return schema if report.run("OpenAPI schema", argv, env=scratch_environment()) else None


def write_types(report: Report, schema: Path, target: Path) -> bool:
    argv = ["npx", "--no-install", "openapi-typescript", str(schema), "-o", str(target)]
    return report.run("API types for the browser", argv, cwd=FRONTEND)


def lint(report: Report) -> None:
    environment = scratch_environment()
    report.run("ruff check", python("-m", "ruff", "check", "."))
    report.run("ruff format", python("-m", "ruff", "format", "--check", "."))
    report.run("mypy", python("-m", "mypy", *PACKAGES), env=environment)
    report.run(
        "import-linter",
        python("-c", "from importlinter.cli import lint_imports_command as run; run()"),
    )
    report.run("migrations", python("manage.py", "makemigrations", "--check", "--dry-run"), env=environment)
    schema = write_schema(report)
    if schema and API_TYPES.exists():
        fresh = BUILD / "schema.d.ts"
        if write_types(report, schema, fresh) and fresh.read_bytes() != API_TYPES.read_bytes():
            print(f"{API_TYPES.relative_to(ROOT)} is not what the API's schema gives: run `make types`.")
            report.note("API types are fresh", 0.0, ok=False)


def services() -> dict[str, str]:
    """The servers this run may use, by the variable that names them."""
    names = ("SPINEWEB_TEST_POSTGRES", "SPINEWEB_TEST_REDIS")
    return {name: os.environ[name] for name in names if os.environ.get(name, "").strip()}


def test_python(report: Report) -> None:
    left_out = ["browser"]
    left_out += ["postgres"] * ("SPINEWEB_TEST_POSTGRES" in services())
    left_out += ["redis"] * ("SPINEWEB_TEST_REDIS" in services())
    marks = " and ".join(f"not {mark}" for mark in left_out)
    report.pytest("Python tests on SQLite", "-n", "2", "--dist", "worksteal", "-m", marks, "tests")


def test_services(report: Report) -> None:
    """The database, queue and channel tests, on the servers that are named."""
    named = services()
    if not named:
        print("\nSPINEWEB_TEST_POSTGRES and SPINEWEB_TEST_REDIS name no servers: nothing to run on them.")
        return
    database = named.get("SPINEWEB_TEST_POSTGRES")
    if database is None:
        report.pytest("Queue and channel tests on Redis", "-m", "redis", "tests")
        return
    marks = "(database or postgres or redis) and not browser"
    title = "Database, queue and channel tests on PostgreSQL"
    chosen = ("-n", "2", "--dist", "worksteal", "-m", marks, "tests")
    report.pytest(title, *chosen, env={"SPINEWEB_TEST_DATABASE": database})


def test_frontend(report: Report) -> None:
    report.run("Browser side: lint", npm("lint"))
    report.run("Browser side: types", npm("check"))
    report.run("Browser side: unit tests", npm("test"))
    report.run("Browser side: build", npm("build"))


def find_chromium() -> str | None:
    """SPINEWEB_CHROMIUM, or a Chromium or Chrome on PATH."""
    named = os.environ.get("SPINEWEB_CHROMIUM", "").strip()
    if named:
        return named if os.access(named, os.X_OK) else None
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def test_browser(report: Report) -> None:
    chromium = find_chromium()
    if chromium is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        report.run("apt-get update", ["apt-get", "-qq", "update"], env=quiet)
        report.run("apt-get install chromium", ["apt-get", "-qqy", "install", "chromium"], env=quiet)
        chromium = find_chromium()
    if chromium is None:
        print(
            "No Chromium: install it (Debian: apt-get install chromium), or name one: SPINEWEB_CHROMIUM=/path"
        )
        report.note("Browser tests", 0.0, ok=False)
        return
    if not (FRONTEND / "dist" / "manifest.json").exists():
        report.run("Browser side: build", npm("build"))
    # Two browsers, each with an installation of its own: one alone waits for most of its time.
    chosen = ("-n", "2", "--dist", "loadfile", "-m", "browser", "tests/e2e")
    report.pytest("Browser tests", *chosen, env={"SPINEWEB_CHROMIUM": chromium})


def bench(report: Report, parts: Sequence[str] = ()) -> None:
    """`parts` of the names of bench modules; all modules without any."""
    report.run("Measurements", python("tests/bench/run.py", *parts))


def soak(report: Report) -> None:
    report.run("Random labelling sessions", python("-m", "tests.soak.run"))


def format_all(report: Report) -> None:
    report.run("ruff", python("-m", "ruff", "check", "--fix", "."))
    report.run("ruff format", python("-m", "ruff", "format", "."))
    report.run("prettier", npm("format"))


def types(report: Report) -> None:
    schema = write_schema(report)
    if schema:
        write_types(report, schema, API_TYPES)


def everything(report: Report) -> None:
    for step in (lint, test_frontend, test_python, test_services, test_browser):
        step(report)


STEPS: dict[str, Callable[[Report], None]] = {
    "all": everything,
    "lint": lint,
    "test-python": test_python,
    "test-frontend": test_frontend,
    "test-browser": test_browser,
    "test-services": test_services,
    "bench": bench,
    "soak": soak,
    "format": format_all,
    "types": types,
}


def main() -> int:
    names = sys.argv[1:] or ["all"]
    names, parts = (names[:1], names[1:]) if names[0] == "bench" else (names, [])
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"There is no step {unknown[0]!r}; the steps are: {', '.join(STEPS)}")
        return 2
    BUILD.mkdir(exist_ok=True)
    report = Report()
    for name in names:
        if name == "bench":
            bench(report, parts)
        else:
            STEPS[name](report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
