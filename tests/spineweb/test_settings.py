"""Settings: no built-in secret, and no variable that README does not name."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READERS = {"_env", "_flag", "_items", "_number", "getenv"}
ENVIRONMENTS = {"environ", "environment"}
# Every program reads these; they are not ours to explain.
COMMON = {
    *("PATH", "HOME", "TMPDIR", "CI", "DJANGO_SETTINGS_MODULE", "LOCALAPPDATA", "XDG_DATA_HOME"),
    "OMP_WAIT_POLICY",
}


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _read_by(node: ast.AST) -> ast.expr | None:
    """The expression that names a variable, where this node reads one from the environment."""
    if isinstance(node, ast.Call) and node.args:
        gets = isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "setdefault", "pop"}
        if _name_of(node.func) in READERS or (gets and _name_of(node.func.value) in ENVIRONMENTS):  # type: ignore[attr-defined]
            return node.args[0]
    if isinstance(node, ast.Subscript) and _name_of(node.value) in ENVIRONMENTS:
        return node.slice
    return None


def variables_read() -> set[str]:
    """Every environment variable that the programs, their Makefile and their test commands read."""
    found: set[str] = set()
    folders = [ROOT / name for name in ("spineweb", "annotation", "inference", "capture_agent")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    programs = [ROOT / "tests" / name for name in ("steps.py", "bench/run.py", "soak/run.py")]
    for file in [*files, *programs]:
        for node in ast.walk(ast.parse(file.read_text())):
            name = _read_by(node)
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isupper():
                found.add(name.value)
    found |= set(re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    found |= set(re.findall(r"process\.env\.([A-Z_]+)", (ROOT / "frontend" / "vite.config.ts").read_text()))
    return found - COMMON


def test_the_search_finds_every_way_of_reading() -> None:
    assert {
        "SPINEWEB_SECRET_KEY",
        "DATABASE_URL",
        "SPINEWEB_HTTPS",
        "SPINEWEB_RUNS_KEPT_DAYS",
        "SPINEWEB_HOSTS",
        "PORT",
    } <= variables_read()


def test_readme_names_every_variable() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = {name for name in variables_read() if not re.search(rf"\b{name}\b", readme)}
    assert not missing, f"README.md does not name {sorted(missing)}"


SECRET = "from spineweb import settings; print(settings.SECRET_KEY)"


def settings_with(code: str = SECRET, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "SPINEWEB_DATA") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_no_default_secret() -> None:
    done = settings_with()
    assert done.returncode != 0
    assert "No secret key: set SPINEWEB_SECRET_KEY, or start with `make run`" in done.stderr


def test_the_secret_comes_from_the_environment_first() -> None:
    assert settings_with(SPINEWEB_SECRET_KEY="from the environment").stdout.strip() == "from the environment"


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    done = settings_with(SPINEWEB_SECRET_KEY="x", SPINEWEB_HTTPS="maybe")
    assert "SPINEWEB_HTTPS must be 0 or 1, not 'maybe'" in done.stderr


def test_no_server_that_is_silent_is_waited_for_long() -> None:
    """Whatever names a server says how long it may be silent: left alone, a thread would wait for ever."""
    code = (
        "from spineweb import settings as s; import json;"
        "hosts = s.CHANNEL_LAYERS['default']['CONFIG']['hosts'];"
        "print(json.dumps([*hosts, s.CELERY_BROKER_TRANSPORT_OPTIONS, s.DATABASES['default']['OPTIONS']]))"
    )
    servers = {"DATABASE_URL": "postgres://user@db/name", "REDIS_URL": "redis://broker"}
    *redis, postgres = json.loads(settings_with(code, SPINEWEB_SECRET_KEY="x", **servers).stdout)
    assert [(one["socket_connect_timeout"], one["socket_timeout"]) for one in redis] == [(2, 5)] * 2
    assert postgres["connect_timeout"] == postgres["pool"]["timeout"] == 5
    assert postgres["tcp_user_timeout"] == 20_000


def test_what_a_database_url_says_comes_first() -> None:
    code = "from spineweb import settings as s; print(s.DATABASES['default']['OPTIONS']['connect_timeout'])"
    url = "postgres://user@db/name?connect_timeout=30"
    assert settings_with(code, SPINEWEB_SECRET_KEY="x", DATABASE_URL=url).stdout.strip() == "30"


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "\u0663"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    done = settings_with(SPINEWEB_SECRET_KEY="x", SPINEWEB_RUNS_KEPT_DAYS=value)
    assert "SPINEWEB_RUNS_KEPT_DAYS must be a whole number, not" in done.stderr
