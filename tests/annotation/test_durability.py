"""200 means on disk: the order of system calls behind an answer, seen from outside by strace.

On SQLite, where our own process syncs. A control with syncing off must fail, or the test would see nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = "fsync,fdatasync,pwrite64,write,rename"

PROGRAM = """
import os, sys
import tests.environment  # noqa: F401
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_test_environment
call_command("migrate", verbosity=0)
setup_test_environment()
from tests.annotation.importing import Importer, answer, film
from tests.factories import Factory
make = Factory()
project = make.project()
importer = Importer(make.member(project, "assistant"), project)
image = make.radiograph(make.study(make.subject(project)))
item = importer.bring({"film.png": film()})["film.png"]
if "--unsafe" in sys.argv:
    connection.cursor().execute("PRAGMA synchronous = OFF")
os.write(2, b"ASKED landmarks")
saved = importer.request(
    "PUT", f"images/{image.pk}/landmarks/xray2", {"points": []},
    **{"If-Match": "0", "Idempotency-Key": str(image.pk)},
)
os.write(2, b"ANSWERED landmarks %d" % saved.status_code)
os.write(2, b"ASKED import")
stored = importer.confirm(answer(item, side="image_right"))
os.write(2, b"ANSWERED import %d" % stored.status_code)
"""


def can_trace() -> bool:
    return bool(shutil.which("strace")) and subprocess.call(["strace", "-qq", "-o", "/dev/null", "true"]) == 0


def acts_behind(log: str, what: str) -> list[str]:
    """What was written, synced and renamed between the question and its answer, in order."""
    match = re.search(rf"ASKED {what}(.*)ANSWERED {what} 200", log, re.DOTALL)
    assert match, f"{what} was not answered with 200"
    patterns = {
        "wal written": r"pwrite64\(\d+<[^>]*-wal>",
        "wal synced": r"fdatasync\(\d+<[^>]*-wal>\) += 0",
        "file synced": r"fsync\(\d+<[^>]*\.partial>\) += 0",
        "file renamed": r"rename\([^)]*\.partial\", [^)]*/files/[^)]*\) += 0",
        "folder synced": r"fsync\(\d+<[^>]*/files(?:/[0-9a-f]{2}){0,2}>\) += 0",
    }
    lines = match[1].splitlines()
    return [name for line in lines for name, pattern in patterns.items() if re.search(pattern, line)]


def is_on_disk(acts: list[str]) -> bool:
    """Whether the last thing written to the log was synced before the answer."""
    return "wal written" in acts and "wal synced" in acts[len(acts) - acts[::-1].index("wal written") :]


def traced(tmp_path: Path, *arguments: str) -> str:
    log = tmp_path / "strace.txt"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    argv = ["strace", "-f", "--seccomp-bpf", "-y", "-qq", "-s", "40", "-o", str(log), "-e", f"trace={CALLS}"]
    environment = {name: value for name, value in os.environ.items() if name != "SPINEWEB_TEST_DATABASE"}
    environment |= {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "spineweb.settings"}
    done = subprocess.run(
        [*argv, sys.executable, str(program), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return log.read_text(errors="replace")


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
def test_an_answer_comes_after_what_it_promises(tmp_path: Path) -> None:
    log = traced(tmp_path)
    assert is_on_disk(acts_behind(log, "landmarks"))
    acts = acts_behind(log, "import")
    assert is_on_disk(acts)
    for number, act in enumerate(acts):
        if act == "file renamed":
            assert acts[number - 1] == "file synced"
            assert acts[number + 1] == "folder synced"
    last_file = len(acts) - 1 - acts[::-1].index("folder synced")
    # Nothing names the bytes before they are there.
    assert "wal synced" in acts[last_file:]
    assert acts.count("file renamed") >= 2


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
def test_without_syncing_the_order_is_not_kept(tmp_path: Path) -> None:
    log = traced(tmp_path, "--unsafe")
    assert not is_on_disk(acts_behind(log, "landmarks"))
