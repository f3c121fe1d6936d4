"""An Azure Kinect, through pyk4a (extra `kinect`), which is imported when the camera is opened.

What was learnt of the SDK is in here: any image of a capture may be None, the default timeout waits for ever,
a USB hiccup shows as any exception from any call, and a device that failed half-way must be closed or it
stays taken. Colour stays the JPEG that the camera made.
"""

import importlib
import logging
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.calibration import (
    COLOUR_MODES,
    DEPTH_MODES,
    depth_from_accelerometer,
    parse_calibration,
)
from capture_agent.k4a.ebml import EbmlReader
from capture_agent.k4a.errors import UnusableFile
from capture_agent.k4a.matroska import read_matroska
from capture_agent.k4a.writing import Capture, Device
from capture_agent.sources.source import READ_WITHIN_S, CameraLost, Direction, OpenCamera

logger = logging.getLogger(__name__)

DEPTH_MODE = "NFOV_UNBINNED"
FPS = 15
"""30 freezes where the USB port is weak."""
MOST_MOTION_SAMPLES = 250
"""More than come between two captures (1.6 kHz); the rest waits for the next time."""
SMOOTHING = 0.1
TRIES, FIRST_TRIES = 3, 15
"""Waits of a third of READ_WITHIN_S: the first capture after opening may take 10 s."""
NO_PACKAGE = (
    "The Azure Kinect needs the package pyk4a, which cannot be loaded here ({}): "
    "pip install '.[agent,kinect]' in an environment of its own, Python 3.11 or 3.12."
)
NO_CAMERA = "The camera does not answer ({}). Is it plugged in, powered, and used by no other program?"
SILENT = "The camera has sent nothing for a while; it is opened anew."


class KinectSource:
    """The first Azure Kinect of this machine. `colour_mode`: "720P" or "1080P"."""

    def __init__(self, colour_mode: str = "720P") -> None:
        self._colour_mode = colour_mode
        self._camera: Any = None
        self._from_accelerometer: NDArray[np.float64] | None = None
        self._acceleration: NDArray[np.float64] | None = None
        self._timeout: type[Exception] = TimeoutError
        self._delivered = False
        self._last: Any = None

    @property
    def kind(self) -> Literal["kinect"]:
        return "kinect"

    def open(self) -> OpenCamera:
        try:
            pyk4a = importlib.import_module("pyk4a")
        except ImportError as error:
            raise CameraLost(NO_PACKAGE.format(error)) from error
        config = pyk4a.Config(
            color_resolution=getattr(pyk4a.ColorResolution, f"RES_{self._colour_mode}"),
            color_format=pyk4a.ImageFormat.COLOR_MJPG,
            depth_mode=getattr(pyk4a.DepthMode, DEPTH_MODE),
            camera_fps=getattr(pyk4a.FPS, f"FPS_{FPS}"),
            # A lost image must not hide the other one.
            synchronized_images_only=False,
        )
        self._timeout = pyk4a.K4ATimeoutException
        self._delivered = False
        try:
            self._camera = pyk4a.PyK4A(config)
            self._camera.start()
            return self._opened(pyk4a, config)
        except UnusableFile as error:
            self.close()
            raise CameraLost(f"The camera's calibration cannot be used: {error}") from error
        except Exception as error:
            self.close()
            raise CameraLost(NO_CAMERA.format(_kind(error))) from error

    def read(self) -> Capture:
        try:
            return self._read()
        except CameraLost:
            raise
        except Exception as error:
            raise CameraLost(NO_CAMERA.format(_kind(error))) from error

    def up(self) -> Direction | None:
        if self._acceleration is None or self._from_accelerometer is None:
            return None
        x, y, z = (self._from_accelerometer @ self._acceleration).tolist()
        return x, y, z

    def infrared(self) -> NDArray[np.uint16] | None:
        try:
            found = None if self._last is None else self._last.ir
        except Exception as error:
            raise CameraLost(NO_CAMERA.format(_kind(error))) from error
        return None if found is None else np.array(found, dtype=np.uint16)

    def close(self) -> None:
        camera, self._camera = self._camera, None
        self._acceleration = self._last = None
        if camera is None:
            return
        # `stop` leaves the device open where its first step fails; `close` then still lets go of it.
        for release in ("stop", "close"):
            try:
                if camera.opened:
                    getattr(camera, release)()
            except Exception as error:  # noqa: BLE001 - whatever the SDK says, the camera is gone
                logger.info("camera: %s failed (%s)", release, _kind(error))

    def _opened(self, pyk4a: Any, config: Any) -> OpenCamera:
        raw = str(self._camera.calibration_raw).rstrip("\0")
        self._from_accelerometer = depth_from_accelerometer(raw)
        colour_firmware, depth_firmware = _firmware(pyk4a, config, self._camera)
        device = Device(
            calibration_json=raw.encode(),
            colour_mode=self._colour_mode,
            colour_size=COLOUR_MODES[self._colour_mode].size,
            depth_mode=DEPTH_MODE,
            depth_size=DEPTH_MODES[DEPTH_MODE].size,
            fps=FPS,
            serial=str(self._camera.serial),
            colour_firmware=colour_firmware,
            depth_firmware=depth_firmware,
        )
        return OpenCamera(device, parse_calibration(raw, DEPTH_MODE, self._colour_mode))

    def _read(self) -> Capture:
        # Captures without any image count as silence.
        for _ in range(TRIES if self._delivered else FIRST_TRIES):
            try:
                found = self._camera.get_capture(timeout=int(READ_WITHIN_S * 1000 / TRIES))
            except self._timeout:
                continue
            colour, depth = found.color, found.depth
            if colour is not None or depth is not None:
                self._delivered, self._last = True, found
                self._listen()
                return _copied(found, colour, depth)
        raise CameraLost(SILENT)

    def _listen(self) -> None:
        """Smooth what the accelerometer measured since the last capture."""
        try:
            for _ in range(MOST_MOTION_SAMPLES):
                sample = np.asarray(self._camera.get_imu_sample(timeout=0)["acc_sample"], np.float64)
                if self._acceleration is None:
                    self._acceleration = sample
                self._acceleration = self._acceleration + SMOOTHING * (sample - self._acceleration)
        except self._timeout:
            return
        except Exception as error:  # noqa: BLE001 - captures are worth more than the way up
            logger.info("camera: its motion sensor failed (%s)", _kind(error))
            self._acceleration = None


def _copied(found: Any, colour: Any, depth: Any) -> Capture:
    """The arrays lie in memory of the SDK, which ends with the capture."""
    colour_us = depth_us = 0
    if colour is not None:
        colour_us = depth_us = int(found.color_timestamp_usec)
    if depth is not None:
        depth_us = int(found.depth_timestamp_usec)
        colour_us = colour_us if colour is not None else depth_us
    return Capture(
        colour_jpeg=None if colour is None else np.asarray(colour, np.uint8).tobytes(),
        depth_mm=None if depth is None else np.array(depth, dtype=np.uint16),
        colour_time_us=colour_us,
        depth_time_us=depth_us,
    )


def _firmware(pyk4a: Any, config: Any, camera: Any) -> tuple[str, str]:
    """Versions of the colour and the depth firmware. pyk4a does not tell them, but the SDK writes them at the
    head of each recording; empty where that does not work."""
    try:
        with tempfile.TemporaryDirectory(prefix="spineweb-agent-") as folder:
            path = Path(folder) / "head.mkv"
            record = pyk4a.PyK4ARecord(path=path, config=config, device=camera)
            record.create()
            record.write_header()
            record.close()
            with path.open("rb") as file:
                tags = read_matroska(EbmlReader(file, path.stat().st_size)).tags
    except Exception as error:  # noqa: BLE001 - the versions are worth knowing, but no shot depends on them
        logger.info("camera: its firmware is not known (%s)", _kind(error))
        return "", ""
    colour, depth = (tags.get(f"K4A_{name}_FIRMWARE_VERSION", "")[:32] for name in ("COLOR", "DEPTH"))
    return colour, depth


def _kind(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
