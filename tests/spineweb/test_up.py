"""`manage.py up` as its user meets it: the whole platform, started, hurt, and stopped."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from spineweb.bootstrap import listen
from spineweb.broker import free_port

ROOT = Path(__file__).resolve().parents[2]


class Launched:
    """A launcher that runs, and what it has said so far."""

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        self.data, self.port = data, free_port()
        argv = [sys.executable, "manage.py", "up", "--port", str(self.port), *arguments]
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        env = {**inherited, "SPINEWEB_DATA": str(data), **environment}
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said: list[str] = []
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        for line in self.process.stdout or []:
            self.said.append(line.rstrip())

    def wait_to_hear(self, words: str) -> str:
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(StopIteration):
                return next(line for line in self.said if words in line)
            assert self.process.poll() is None, "\n".join(self.said)
            assert time.monotonic() < deadline, "\n".join(self.said)
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def member(self, word: str) -> psutil.Process:
        return next(p for p in self.family() if any(word in part for part in p.cmdline()))

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    data = tmp_path_factory.mktemp("installation")
    running = Launched(data, "--no-demo")
    running.wait_to_hear("SpineWeb is ready")
    yield running
    running.process.kill()
    running.process.wait()


def test_it_serves_and_says_where(launched: Launched) -> None:
    line = launched.wait_to_hear("SpineWeb is ready")
    assert f"http://127.0.0.1:{launched.port}/" in line
    assert launched.get("/healthz") == 200


def test_what_it_keeps_is_its_owners_alone(launched: Launched) -> None:
    private = [path for path in launched.data.rglob("*") if "static" not in path.parts]
    assert len(private) >= 6
    assert [path for path in private if path.is_file() and path.stat().st_mode & 0o077] == []


def test_trainings_have_a_worker_of_their_own(launched: Launched) -> None:
    deadline = time.monotonic() + 30
    while not any("trainer@%h" in process.cmdline() for process in launched.family()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for name, queue in (("worker@%h", "celery"), ("trainer@%h", "gpu")):
        command = launched.member(name).cmdline()
        assert command[command.index("--queues") + 1] == queue


def test_without_a_demo_there_are_no_accounts(launched: Launched) -> None:
    assert not (launched.data / "demo_accounts.txt").exists()


def test_a_second_start_on_the_same_data_is_one_clear_line(launched: Launched) -> None:
    second = Launched(launched.data)
    assert second.process.wait(60) == 1
    second.listener.join()
    assert len(second.said) == 1
    assert f"already runs on this data: http://127.0.0.1:{launched.port}/" in second.said[0]
    assert launched.get("/healthz") == 200


def test_a_web_process_that_dies_is_replaced_and_no_visitor_is_turned_away(launched: Launched) -> None:
    victim = launched.member("spineweb.serve")
    victim.kill()
    for _ in range(20):
        assert launched.get("/healthz") == 200
    assert "was killed (SIGKILL) and is started again" in launched.wait_to_hear("web ")


def test_ctrl_c_stops_all_of_it(launched: Launched) -> None:
    deadline = time.monotonic() + 30
    while sum("spineweb.serve" in p.cmdline() for p in launched.family()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    family = launched.family()
    assert len(family) >= 4
    launched.process.send_signal(signal.SIGINT)
    assert launched.process.wait(60) == 0
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    listen("127.0.0.1", launched.port).close()


def test_a_launcher_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    running = Launched(tmp_path / "data", "--no-demo", "--web", "1")
    running.wait_to_hear("SpineWeb is ready")
    family = running.family()
    running.process.kill()
    running.process.wait()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []


def test_a_database_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    address = f"postgres://nobody:secret@127.0.0.1:{free_port()}/spineweb"
    running = Launched(tmp_path / "data", "--no-demo", DATABASE_URL=address)
    assert running.process.wait(60) == 1
    running.listener.join()
    assert len(running.said) == 1
    assert "The database at 127.0.0.1 does not answer" in running.said[0]
    assert "DATABASE_URL" in running.said[0]
    assert "secret" not in running.said[0]
