"""A stand-in for the module pyk4a 1.5, as far as the agent uses it: its names, arguments, types and errors.

It delivers what a script says: captures (of arrays as the real one gives them) or exceptions to raise.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.writing import write_recording
from tests.capture_agent.recordings import DEVICE, captures

ColorResolution = IntEnum("ColorResolution", {"RES_720P": 1, "RES_1080P": 2})
ImageFormat = IntEnum("ImageFormat", {"COLOR_MJPG": 0, "COLOR_BGRA32": 3})
DepthMode = IntEnum("DepthMode", {"NFOV_UNBINNED": 2})
FPS = IntEnum("FPS", {"FPS_5": 0, "FPS_15": 1, "FPS_30": 2})


class K4AException(Exception):
    pass


class K4ATimeoutException(K4AException):
    pass


@dataclass
class FakeCapture:
    """Both images may be None; then their time is 0, as in the real module."""

    color: NDArray[np.uint8] | None
    depth: NDArray[np.uint16] | None
    color_timestamp_usec: int = 0
    depth_timestamp_usec: int = 0
    ir: NDArray[np.uint16] | None = None


@dataclass
class Script:
    """What happens: one entry for each `start` (None: well), for each `get_capture`, and IMU samples."""

    starts: deque[Exception | None]
    captures: deque[FakeCapture | Exception]
    motion: deque[tuple[float, float, float]]
    calibration: str = ""
    stop_fails: bool = False
    opened: int = 0
    closed: int = 0
    last_timeout: int | None = None
    config: Any = None


def real_capture(number: int, **without: None) -> FakeCapture:
    """As the module gives them: a flat array of JPEG bytes, a uint16 map, their times."""
    shot = captures(number + 1)[number]
    assert shot.colour_jpeg is not None
    parts: dict[str, Any] = {
        "color": np.frombuffer(shot.colour_jpeg, np.uint8),
        "depth": shot.depth_mm,
        **without,
    }
    return FakeCapture(
        parts["color"],
        parts["depth"],
        0 if parts["color"] is None else shot.colour_time_us + (1 << 40),
        0 if parts["depth"] is None else shot.depth_time_us + (1 << 40),
    )


def fake_module(script: Script) -> ModuleType:
    """The module; give it to `monkeypatch.setitem(sys.modules, "pyk4a", ...)`."""

    class Config:
        def __init__(
            self,
            color_resolution: Any = ColorResolution.RES_720P,
            color_format: Any = ImageFormat.COLOR_BGRA32,
            depth_mode: Any = DepthMode.NFOV_UNBINNED,
            camera_fps: Any = FPS.FPS_30,
            synchronized_images_only: bool = True,
        ) -> None:
            self.__dict__.update({name: value for name, value in locals().items() if name != "self"})

    class PyK4A:
        TIMEOUT_WAIT_INFINITE = -1

        def __init__(self, config: Any = None, device_id: int = 0, thread_safe: bool = True) -> None:
            script.config = config
            self.opened = self.is_running = False

        def start(self) -> None:
            # The device is open before the cameras start.
            self.opened = True
            script.opened += 1
            failure = script.starts.popleft() if script.starts else None
            if failure is not None:
                raise failure
            self.is_running = True

        def stop(self) -> None:
            if script.stop_fails or not self.is_running:
                raise K4AException
            self.close()

        def close(self) -> None:
            self.opened = self.is_running = False
            script.closed += 1

        def get_capture(self, timeout: int = TIMEOUT_WAIT_INFINITE) -> FakeCapture:
            script.last_timeout = timeout
            return _next(script.captures)

        def get_imu_sample(self, timeout: int = TIMEOUT_WAIT_INFINITE) -> dict[str, Any]:
            assert timeout == 0
            if not script.motion:
                raise K4ATimeoutException
            return {"acc_sample": script.motion.popleft(), "temperature": 30.0}

        serial = "TEST0001"
        calibration_raw = script.calibration or DEVICE.calibration_json.decode() + "\0"

    class PyK4ARecord:
        def __init__(self, path: Path, config: Any, device: Any = None, thread_safe: bool = True) -> None:
            self.path, self.device = path, device

        def create(self) -> None:
            assert self.device.opened

        def write_header(self) -> None:
            with self.path.open("wb") as file:
                write_recording(file, DEVICE, captures(1))

        def close(self) -> None: ...

    module = ModuleType("pyk4a")
    own: list[Any] = [Config, PyK4A, PyK4ARecord, ColorResolution, ImageFormat, DepthMode, FPS]
    for thing in [*own, K4AException, K4ATimeoutException]:
        setattr(module, thing.__name__, thing)
    return module


def scripted(
    shots: Iterable[FakeCapture | Exception] = (),
    *,
    starts: Iterable[Exception | None] = (),
    motion: Iterable[tuple[float, float, float]] = (),
) -> Script:
    return Script(deque(starts), deque(shots), deque(motion))


def installed(monkeypatch: Any, script: Script) -> Callable[[], None]:
    """Put the module where `import pyk4a` finds it."""
    monkeypatch.setitem(sys.modules, "pyk4a", fake_module(script))
    return lambda: monkeypatch.delitem(sys.modules, "pyk4a")


def _next(shots: deque[FakeCapture | Exception]) -> FakeCapture:
    if not shots:
        raise K4ATimeoutException
    found = shots.popleft()
    if isinstance(found, Exception):
        raise found
    return found
