"""The start of the platform, where it goes wrong."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spineweb import launcher
from spineweb.launcher import NotStarted, wait_until_ready
from spineweb.processes import Service, Supervisor


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor(print)
    yield supervisor
    supervisor.hurry = True
    supervisor.stop()


def service(tmp_path: Path, program: str) -> Service:
    argv = [sys.executable, "-c", program]
    return Service("worker", argv, tmp_path / "worker.log", dict(os.environ), ready=lambda: False)


def test_a_service_that_ends_while_starting_is_named_with_its_last_lines(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    failing = service(tmp_path, "raise SystemExit('no module named torchx')")
    supervisor.start(failing)
    with pytest.raises(
        NotStarted, match=r"(?s)no module named torchx.*The worker process ended while it was"
    ):
        wait_until_ready(supervisor, [failing], lambda: False)


def test_a_service_that_never_answers_is_named(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "START_WITHIN_S", 0.05)
    silent = service(tmp_path, "import time; time.sleep(600)")
    supervisor.start(silent)
    with pytest.raises(NotStarted, match="The worker process is not up after"):
        wait_until_ready(supervisor, [silent], lambda: False)


def test_ctrl_c_ends_the_waiting(supervisor: Supervisor, tmp_path: Path) -> None:
    silent = service(tmp_path, "import time; time.sleep(600)")
    supervisor.start(silent)
    began = time.monotonic()
    wait_until_ready(supervisor, [silent], lambda: True)
    assert time.monotonic() - began < launcher.START_WITHIN_S


def test_a_terminal_that_has_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    launcher.say("nobody hears this")
