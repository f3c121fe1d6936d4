"""Recordings that stand for a camera: played at the speed at which they were taken, again and again."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.calibration import COLOUR_MODES, DEPTH_MODES, depth_from_accelerometer
from capture_agent.k4a.errors import UnusableFile
from capture_agent.k4a.reading import Frame, Recording, read_recording
from capture_agent.k4a.writing import Capture, Device
from capture_agent.sources.source import CameraLost, Direction, OpenCamera

RATES = (5, 15, 30)
MOST_IN_MEMORY = 60
RECORDING = "recording.mkv"


class Replay:
    """A K4A recording as a camera.

    kind "mkv": from its first capture to its last, then from the first again. kind "phantom": forwards, then
    backwards, so that a simulated child sways on without a jump; `path` may be its study's folder. Device
    time goes on counting. A capture that was not fetched in time comes late; none is left out.
    """

    def __init__(
        self,
        kind: Literal["mkv", "phantom"],
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._kind = kind
        self._path = path / RECORDING if path.is_dir() else path
        self._clock, self._sleep = clock, sleep
        self._captures: Iterator[tuple[int, Capture]] = iter(())
        self._recording: Recording | None = None
        self._read_us = 0
        self._up: Direction | None = None
        self._began_s = 0.0
        self._first_us: int | None = None

    @property
    def kind(self) -> Literal["mkv", "phantom"]:
        return self._kind

    def open(self) -> OpenCamera:
        try:
            recording = self._recording = read_recording(self._path)
            camera = OpenCamera(_device(recording), recording.calibration)
            self._up = _up(recording)
        except (UnusableFile, OSError) as error:
            raise CameraLost(f"The recording {self._path} cannot be played: {error}") from error
        self._captures = _endless(recording, camera.device.fps, back_and_forth=self._kind == "phantom")
        self._first_us = None
        return camera

    def read(self) -> Capture:
        try:
            self._read_us, capture = next(self._captures)
        except (UnusableFile, OSError) as error:
            raise CameraLost(f"The recording {self._path} cannot be played: {error}") from error
        now_us = min(capture.colour_time_us, capture.depth_time_us)
        if self._first_us is None:
            self._first_us, self._began_s = now_us, self._clock()
        wait_s = self._began_s + (now_us - self._first_us) / 1e6 - self._clock()
        if wait_s > 0:
            self._sleep(wait_s)
        return capture

    def up(self) -> Direction | None:
        return self._up

    def infrared(self) -> NDArray[np.uint16] | None:
        if self._recording is None:
            return None
        try:
            return self._recording.infrared(self._read_us)
        except (UnusableFile, OSError) as error:
            raise CameraLost(f"The recording {self._path} cannot be played: {error}") from error

    def close(self) -> None:
        self._captures = iter(())


def _device(recording: Recording) -> Device:
    tags = recording.tags
    return Device(
        calibration_json=recording.calibration_json.rstrip(b"\0"),
        colour_mode=recording.colour_mode,
        colour_size=COLOUR_MODES[recording.colour_mode].size,
        depth_mode=recording.depth_mode,
        depth_size=DEPTH_MODES[recording.depth_mode].size,
        fps=_rate(recording),
        serial=recording.serial,
        colour_firmware=tags.get("K4A_COLOR_FIRMWARE_VERSION", ""),
        depth_firmware=tags.get("K4A_DEPTH_FIRMWARE_VERSION", ""),
    )


def _rate(recording: Recording) -> int:
    """The camera's rate nearest to the recording's own; 15 where it holds one capture."""
    times = [capture.depth_time_us for capture in islice(_captures(recording.frames()), MOST_IN_MEMORY)]
    if len(times) < 2:
        return 15
    rate = 1e6 / max(float(np.median(np.diff(times))), 1.0)
    return min(RATES, key=lambda known: abs(known - rate))


def _up(recording: Recording) -> Direction | None:
    acceleration = recording.acceleration()
    rotation = depth_from_accelerometer(recording.calibration_json)
    if acceleration is None or rotation is None:
        return None
    x, y, z = (rotation @ np.asarray(acceleration)).tolist()
    return x, y, z


def _captures(frames: Iterator[Frame]) -> Iterator[Capture]:
    for frame in frames:
        known = [time_us for time_us in (frame.depth_time_us, frame.colour_time_us) if time_us is not None]
        colour_us = known[0] if frame.colour_time_us is None else frame.colour_time_us
        depth_us = known[0] if frame.depth_time_us is None else frame.depth_time_us
        yield Capture(frame.colour_jpeg, frame.depth_mm, colour_us, depth_us)


def _endless(recording: Recording, fps: int, *, back_and_forth: bool) -> Iterator[tuple[int, Capture]]:
    """The captures again and again, each later than the one before; each with its time in the recording."""
    step_us = round(1e6 / fps)
    shift_us = 0
    kept = list(islice(_captures(recording.frames()), MOST_IN_MEMORY)) if back_and_forth else []
    while True:
        last_us = shift_us
        for capture in kept or _captures(recording.frames()):
            last_us = max(capture.colour_time_us, capture.depth_time_us) + shift_us
            yield capture.depth_time_us, _later(capture, shift_us)
        for number, capture in enumerate(reversed(kept[1:-1]), start=1):
            later_us = last_us + number * step_us - capture.depth_time_us
            yield capture.depth_time_us, _later(capture, later_us)
        first = kept[0] if kept else next(_captures(recording.frames()))
        steps = max(len(kept) - 2, 0) + 1
        shift_us = last_us + steps * step_us - min(first.colour_time_us, first.depth_time_us)


def _later(capture: Capture, shift_us: int) -> Capture:
    depth = None if capture.depth_mm is None else capture.depth_mm.copy()
    return Capture(
        capture.colour_jpeg, depth, capture.colour_time_us + shift_us, capture.depth_time_us + shift_us
    )
