"""The supervisor, with real processes: nothing it started, or they started, outlives it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spineweb import processes
from spineweb.processes import Service, Supervisor

# Starts a grandchild in a session of its own, tells both process ids, and waits.
FAMILY = """
import os, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
with open(sys.argv[1] + ".part", "w") as handle:
    handle.write(f"{os.getpid()} {grandchild.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FAMILY
LAUNCHER = """
import sys, time
from pathlib import Path
from spineweb.processes import Service, Supervisor, adopt_orphans
adopt_orphans()
supervisor = Supervisor(print)
supervisor.start(Service("x", [sys.executable, "-c", sys.argv[1], sys.argv[2]], Path(sys.argv[3]), {}))
time.sleep(600)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor in this process, which for the time being is what a launcher is: the subreaper."""
    processes.adopt_orphans()
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.said = said  # type: ignore[attr-defined]
    yield supervisor
    supervisor.hurry = True
    supervisor.stop()
    processes.adopt_orphans(False)


def family(tmp_path: Path, program: str = FAMILY) -> tuple[Service, Path]:
    pids = tmp_path / "pids"
    argv = [sys.executable, "-c", program, str(pids)]
    return Service("family", argv, tmp_path / "logs" / "family.log", dict(os.environ)), pids


def pids_in(path: Path) -> list[int]:
    wait_for(path.exists)
    return [int(word) for word in path.read_text().split()]


def test_stop_ends_the_children_and_what_they_started(supervisor: Supervisor, tmp_path: Path) -> None:
    service, path = family(tmp_path)
    supervisor.start(service)
    pids = pids_in(path)
    assert all(is_alive(pid) for pid in pids)
    supervisor.stop()
    assert not any(is_alive(pid) for pid in pids)


def test_stop_kills_a_child_that_does_not_listen(supervisor: Supervisor, tmp_path: Path) -> None:
    service, path = family(tmp_path, STUBBORN)
    supervisor.start(service)
    pids = pids_in(path)
    supervisor.stop(patience_s=0.2)
    assert not any(is_alive(pid) for pid in pids)


def test_the_last_to_stop_is_what_the_others_need(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(sys.argv[1] + sys.argv[2], 'w')\n"
        "time.sleep(600)"
    )
    for name, last in (("broker", True), ("worker", False)):
        argv = [sys.executable, "-c", program, str(order), name]
        supervisor.start(Service(name, argv, tmp_path / "log", dict(os.environ), outlives_others=last))
    wait_for(lambda: Path(f"{order}broker").exists() and Path(f"{order}worker").exists())
    supervisor.stop()
    assert order.read_text() == "workerbroker"


def test_a_dead_child_is_started_again_and_its_family_is_buried(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "BACK_OFF_S", (0.05,))
    service, path = family(tmp_path)
    supervisor.start(service)
    first, grandchild = pids_in(path)
    path.unlink()
    os.kill(first, signal.SIGKILL)

    def tended() -> bool:
        supervisor.tend()
        return path.exists()

    wait_for(tended)
    second, _ = pids_in(path)
    assert second != first
    assert not is_alive(grandchild)
    said: list[str] = supervisor.said  # type: ignore[attr-defined]
    assert len(said) == 1
    assert "family was killed (SIGKILL) and is started again in 0.05 s" in said[0]


def test_the_wait_grows_while_a_child_fails_over_and_over(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    child = supervisor.start(Service("failing", argv, tmp_path / "log", dict(os.environ)))
    waits = []
    for _ in range(7):
        assert child.process is not None
        child.process.wait()
        supervisor.tend()
        assert child.start_again_at is not None
        waits.append(child.start_again_at - clock[0])
        clock[0] = child.start_again_at - 0.01
        supervisor.tend()
        assert child.process is None, "started again before its time"
        clock[0] = child.start_again_at
        supervisor.tend()
    assert waits == [0.5, 1, 2, 5, 10, 30, 30]

    clock[0] += processes.STEADY_AFTER_S + 1
    assert child.process is not None
    child.process.wait()
    supervisor.tend()
    assert child.start_again_at == clock[0] + 0.5


def test_a_task_runs_once_and_says_when_it_failed(supervisor: Supervisor, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit(1)"]
    child = supervisor.start(Service("demo", argv, tmp_path / "log", dict(os.environ), is_task=True))
    assert child.process is not None
    child.process.wait()
    supervisor.tend()
    assert supervisor.children == []
    said: list[str] = supervisor.said  # type: ignore[attr-defined]
    assert said == [f"demo failed; what went wrong is in {tmp_path / 'log'}"]


def test_a_log_does_not_grow_for_ever(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOG_KEPT_BYTES", 10)
    log = tmp_path / "web.log"
    log.write_text("a long line of an earlier run\n")
    supervisor.start(Service("web", [sys.executable, "-c", "print('new')"], log, dict(os.environ)))
    wait_for(lambda: log.read_text() == "new\n")
    assert (tmp_path / "web.old.log").read_text() == "a long line of an earlier run\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_children_die_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    argv = [sys.executable, "-c", LAUNCHER, FAMILY, str(pids), str(tmp_path / "log")]
    launcher = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    child, grandchild = pids_in(pids)
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not is_alive(child))
    with contextlib.suppress(ProcessLookupError):
        os.kill(grandchild, signal.SIGKILL)
