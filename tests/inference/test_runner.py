"""The runner against programs that behave badly. Each program is a few lines, run as a real child."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference import runner, warm
from inference.rundir import RunDir
from inference.runner import Ending, Limits, Order, Outcome

LIMITS = Limits(wall_s=30, memory_bytes=2**40, beat_s=0.1, lease_s=5, grace_s=0.5)
PROGRAM = "program_under_test"


@pytest.fixture(params=["anew", "warm"])
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Writes a module that the runner then starts with `-m`, or in a copy of a process that waits."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(runner, "_WARM", {PROGRAM: "json"} if request.param == "warm" else {})

    def write(body: str) -> RunDir:
        head = "import json, os, signal, subprocess, sys, time, pathlib\nrun = pathlib.Path(sys.argv[1])\n"
        (tmp_path / f"{PROGRAM}.py").write_text(head + body)
        return RunDir(tmp_path / "run")

    warm.stop()
    yield write
    warm.stop()


def go(run: RunDir, limits: Limits = LIMITS, orders: list[Order] | None = None) -> tuple[Outcome, list[Any]]:
    """Run it; the outcome and the lines that beats were given. Orders come one per beat, then carry on."""
    lines: list[Any] = []
    left = list(orders or [])

    def beat(new: list[Any], log: str) -> Order:
        lines.extend(new)
        return left.pop(0) if left else Order.CARRY_ON

    return runner.supervise(PROGRAM, run, beat=beat, limits=limits), lines


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


FINISHES = "(run / 'result.json').write_text('{}')\n"


def test_success_and_every_line_once(program: Any) -> None:
    run = program(
        "with open(run / 'progress.jsonl', 'a') as out:\n"
        "    for step in range(50):\n"
        "        out.write(json.dumps({'step': step}) + '\\n'); out.flush(); time.sleep(0.005)\n" + FINISHES
    )
    # Of an earlier try, whose worker may have been killed before it told of it.
    run.append_progress({"step": -1})
    outcome, lines = go(run)
    assert outcome == Outcome(Ending.SUCCEEDED)
    assert [line["step"] for line in lines] == list(range(-1, 50))


@pytest.mark.parametrize(
    ("body", "ending", "said"),
    [
        ("print('half way'); sys.exit(1)\n", Ending.CRASHED, "status 1. The last it said: half way"),
        ("pass\n", Ending.CRASHED, "without a result"),
        ("os.kill(os.getpid(), signal.SIGKILL)\n", Ending.CRASHED, "SIGKILL, as the system does"),
        ("os.kill(os.getpid(), signal.SIGSEGV)\n", Ending.CRASHED, "SIGSEGV"),
        (
            "(run / 'failure.json').write_text('{\"reason\": \"no images\"}'); sys.exit(3)\n",
            Ending.FAILED,
            "no images",
        ),
        ("print('[Errno 28] No space left'); sys.exit(4)\n", Ending.POSTPONED, "No space left"),
    ],
)
def test_how_it_ended(program: Any, body: str, ending: Ending, said: str) -> None:
    outcome, _ = go(program(body))
    assert outcome.ending is ending
    assert said in outcome.reason


@pytest.mark.parametrize(
    ("order", "ending"),
    [
        (Order.CANCEL, Ending.CANCELLED),
        (Order.RELEASE, Ending.RELEASED),
        (Order.FENCED, Ending.FENCED),
    ],
)
def test_an_order_ends_the_whole_group(program: Any, order: Order, ending: Ending) -> None:
    """A program that ignores SIGTERM and has a child of its own: nothing of it is left."""
    run = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "(run / 'pids').write_text(f'{os.getpid()} {child.pid}')\n"
        "time.sleep(60)\n"
    )
    began = time.monotonic()
    outcome, _ = go(run, orders=[Order.CARRY_ON] * 10 + [order])
    assert outcome.ending is ending
    assert time.monotonic() - began < 20
    pids = [int(pid) for pid in (run.path / "pids").read_text().split()]
    time.sleep(0.1)
    assert not any(map(alive, pids))


def test_too_long_and_too_large(program: Any) -> None:
    run = program("time.sleep(60)\n")
    outcome, _ = go(run, Limits(wall_s=0.5, memory_bytes=2**40, beat_s=0.1, lease_s=5, grace_s=0.5))
    assert (outcome.ending, "longer than the limit" in outcome.reason) == (Ending.FAILED, True)
    run = program(
        "block = bytearray(300 * 2**20)\nblock[::4096] = b'x' * len(block[::4096])\ntime.sleep(60)\n"
    )
    outcome, _ = go(run, Limits(wall_s=30, memory_bytes=200 * 2**20, beat_s=0.1, lease_s=5, grace_s=0.5))
    assert (outcome.ending, "of memory" in outcome.reason) == (Ending.FAILED, True)


def test_beats_that_do_not_arrive_end_the_run_with_the_lease(program: Any) -> None:
    run = program("time.sleep(60)\n")
    limits = Limits(wall_s=30, memory_bytes=2**40, beat_s=0.1, lease_s=0.7, grace_s=0.5)
    outcome, _ = go(run, limits, orders=[Order.UNHEARD] * 500)
    assert (outcome.ending, "database" in outcome.reason) == (Ending.FENCED, True)


def test_lines_of_an_unheard_beat_are_told_again(program: Any) -> None:
    run = program(
        "with open(run / 'progress.jsonl', 'a') as out: out.write('{\"step\": 1}\\n')\n"
        "time.sleep(1)\n" + FINISHES
    )
    seen: list[list[Any]] = []

    def beat(new: list[Any], log: str) -> Order:
        seen.append(list(new))
        return Order.UNHEARD if len([one for one in seen if one]) == 1 else Order.CARRY_ON

    assert runner.supervise(PROGRAM, run, beat=beat, limits=LIMITS).ending is Ending.SUCCEEDED
    assert [one for one in seen if one] == [[{"step": 1}], [{"step": 1}]]


ENDS_WITH_A_LINE = "(run / 'progress.jsonl').write_text('{\"step\": 1}\\n')\n" + FINISHES


def test_the_last_line_is_told_until_it_is_heard(program: Any) -> None:
    """The database is away while the program ends: no beat before it has ended, and three unheard."""
    run, seen = program(ENDS_WITH_A_LINE), list[list[Any]]()

    def beat(new: list[Any], log: str) -> Order:
        seen.append(list(new))
        return Order.UNHEARD if len(seen) < 5 else Order.CARRY_ON

    assert runner.supervise(PROGRAM, run, beat=beat, limits=LIMITS).ending is Ending.SUCCEEDED
    assert (len(seen), seen[-1]) == (5, [{"step": 1}])


def test_a_last_line_that_is_never_heard_is_another_workers(program: Any) -> None:
    run = program(ENDS_WITH_A_LINE)
    limits = Limits(wall_s=30, memory_bytes=2**40, beat_s=0.1, lease_s=0.5, grace_s=0.5)
    outcome, _ = go(run, limits, orders=[Order.UNHEARD] * 500)
    assert outcome.ending is Ending.FENCED


def test_the_child_knows_no_secret(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINEWEB_SECRET_KEY", "canary-1")
    monkeypatch.setenv("DATABASE_URL", "canary-2")
    run = program("(run / 'env').write_text(repr(dict(os.environ)))\n" + FINISHES)
    go(run)
    assert "canary" not in (run.path / "env").read_text()


def test_the_program_dies_with_its_supervisor(program: Any, tmp_path: Path) -> None:
    """kill -9 of the worker: the trainer, which uses `inference.program`, does not outlive it."""
    run = program(
        "from inference.program import main\n"
        "def work(run):\n"
        "    (run.path / 'pid').write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "main(work)\n"
    )
    supervisor = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import pathlib\n"
            "from inference.rundir import RunDir\n"
            "from inference import runner\n"
            "from inference.runner import *\n"
            f"runner._WARM = {runner._WARM!r}\n"
            f"supervise({PROGRAM!r}, RunDir(pathlib.Path({str(run.path)!r})), "
            "beat=lambda *_: Order.CARRY_ON, limits=Limits(60, 2**40, 0.1, 60))\n",
        ]
    )
    pid = run.path / "pid"
    deadline = time.monotonic() + 30
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    trainer = int(pid.read_text())
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    while alive(trainer) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(trainer)


def test_programs_share_one_process_that_waits(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_WARM", {PROGRAM: "json"})
    run = program("(run / 'parent').write_text(str(os.getppid()))\n" + FINISHES)
    parents = []
    for killed in (False, False, True, False):
        if killed:  # between two programs: the next is started by another
            os.kill(parents[-1], signal.SIGKILL)
        assert go(run)[0].ending is Ending.SUCCEEDED
        parents.append(int((run.path / "parent").read_text()))
    assert parents[0] == parents[1] != parents[2] == parents[3]


def test_a_program_outlives_the_process_that_made_it(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit status is lost with that process: the job is tried again."""
    monkeypatch.setattr(runner, "_WARM", {PROGRAM: "json"})
    run = program("os.kill(os.getppid(), signal.SIGKILL); time.sleep(1)\n" + FINISHES)
    outcome, _ = go(run)
    assert outcome.ending is Ending.CRASHED
    assert (run.path / "result.json").exists()
