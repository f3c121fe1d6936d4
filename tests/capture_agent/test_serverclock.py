"""The server's time beside a clock that is set while the program runs."""

import time

import pytest

from capture_agent.serverclock import ServerClock


def test_nothing_is_known_before_the_server_spoke() -> None:
    assert ServerClock().offset_s is None


@pytest.mark.parametrize("jump_s", [-86_400.0, 0.0, 86_400.0])
def test_a_clock_that_is_set_changes_the_offset_at_once(
    monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    clock, true = ServerClock(), time.time
    clock.told(true() + 100)
    monkeypatch.setattr(time, "time", lambda: true() + jump_s)
    assert clock.offset_s == pytest.approx(100 - jump_s, abs=1)
