"""The reading thread: the newest capture only, bursts, what was dropped, and a camera that comes back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import pytest

from capture_agent import camera as camera_module
from capture_agent.camera import Camera
from capture_agent.k4a.writing import Capture
from capture_agent.sources.source import CameraLost, Direction, OpenCamera
from tests.capture_agent.recordings import CAMERA, STEP_US, captures

SOON_S = 10.0


class Stepped:
    """A source that delivers a capture, or raises, each time the test says so."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.fails_to_open = 0
        self._given: list[Capture | Exception] = []
        self._more = threading.Semaphore(0)

    @property
    def kind(self) -> Literal["phantom"]:
        return "phantom"

    def give(self, *things: Capture | Exception) -> None:
        self._given.extend(things)
        for _ in things:
            self._more.release()

    def open(self) -> OpenCamera:
        self.opened += 1
        if self.opened <= self.fails_to_open:
            raise CameraLost("not yet")
        return CAMERA

    def read(self) -> Capture:
        if not self._more.acquire(timeout=0.05):
            return self.read() if not self.closed else captures(1)[0]
        found = self._given.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def up(self) -> Direction | None:
        return (0.0, -9.8, 0.0)

    def infrared(self) -> None:
        return None

    def close(self) -> None:
        self.closed += 1


@contextmanager
def running(source: Stepped) -> Iterator[tuple[Camera, threading.Condition]]:
    changed = threading.Condition()

    def notify() -> None:
        with changed:
            changed.notify_all()

    camera = Camera(source, notify)
    camera.start()
    try:
        yield camera, changed
    finally:
        source.closed += 1
        source.give(CameraLost("the test is over"))
        camera.stop()


def shots(count: int, first: int = 0) -> list[Capture]:
    return [
        replace(captures(1)[0], colour_time_us=number * STEP_US + 180, depth_time_us=number * STEP_US)
        for number in range(first, first + count)
    ]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "FIRST_WAIT_S", 0.01)


def test_the_newest_capture_is_there_and_nothing_waits() -> None:
    source = Stepped()
    with running(source) as (camera, changed):
        given = shots(5)
        source.give(*given)
        with changed:
            assert changed.wait_for(lambda: camera.latest is not None and camera.latest.number == 4, SOON_S)
        assert camera.latest is not None
        assert camera.latest.capture is given[-1]
        assert camera.latest.up == (0.0, -9.8, 0.0)
        assert camera.status.camera is CAMERA
        assert camera.fps == pytest.approx(2.5)
        assert camera.warm_s == pytest.approx(4 * STEP_US / 1e6)


def test_a_burst_holds_whole_captures_only_and_counts_the_rest() -> None:
    source = Stepped()
    with running(source) as (camera, _):
        burst = camera.collect(3)
        one, two, three, four, five = shots(5)
        lame, empty = replace(two, colour_jpeg=None), replace(three, colour_jpeg=None, depth_mm=None)
        source.give(one, lame, empty, four, five, *shots(3, first=5))
        assert burst.done.wait(SOON_S)
        camera.release(burst)
        assert burst.whole
        assert [shot.depth_time_us // STEP_US for shot in burst.captures] == [0, 3, 4]
        assert burst.lost_images == 3


def test_what_never_came_is_counted_by_device_time() -> None:
    source = Stepped()
    with running(source) as (camera, changed):
        source.give(*shots(2), *shots(1, first=6), replace(shots(1, first=7)[0], depth_mm=None))
        with changed:
            assert changed.wait_for(lambda: camera.latest is not None and camera.latest.number == 3, SOON_S)
        assert camera.dropped == 4 + 1


@pytest.mark.parametrize("error", [CameraLost("unplugged"), ZeroDivisionError()], ids=["lost", "unexpected"])
def test_a_lost_camera_is_opened_again(error: Exception) -> None:
    source = Stepped()
    source.fails_to_open = 2
    with running(source) as (camera, changed):
        source.give(*shots(1), error, *shots(1, first=9))
        with changed:
            assert changed.wait_for(lambda: camera.latest is not None and camera.latest.number == 1, SOON_S)
        assert source.opened == 4
        assert camera.status.state == "open"


def test_a_burst_ends_when_the_camera_is_lost() -> None:
    source = Stepped()
    with running(source) as (camera, _):
        burst = camera.collect(15)
        source.give(*shots(2), CameraLost("unplugged"))
        assert burst.done.wait(SOON_S)
        assert not burst.whole


def test_a_device_time_that_counts_from_1970_is_no_time_since_the_start() -> None:
    source = Stepped()
    with running(source) as (camera, changed):
        since_1970 = 1_800_000_000_000_000
        source.give(replace(captures(1)[0], colour_time_us=since_1970, depth_time_us=since_1970))
        with changed:
            assert changed.wait_for(lambda: camera.latest is not None, SOON_S)
        assert camera.warm_s is not None
        assert camera.warm_s < SOON_S
