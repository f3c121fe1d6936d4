"""Captures and recordings for the tests of the agent, made once for each run."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from capture_agent.k4a.calibration import parse_calibration
from capture_agent.k4a.writing import Capture, Device, write_recording
from capture_agent.sources.source import OpenCamera
from tests.annotation.imaging.fixtures import depth_png
from tests.annotation.imaging.recordings import CALIBRATION_JSON

DEVICE = Device(
    CALIBRATION_JSON, "720P", (1280, 720), "NFOV_UNBINNED", (640, 576), 15, "TEST0001", "1.6.1", "2.7"
)
CAMERA = OpenCamera(DEVICE, parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", "720P"))
BOOT_US = 3_000_000_000
STEP_US = 66_667


@cache
def picture() -> bytes:
    """A JPEG of 1280 x 720 px with something in it."""
    y, x = np.mgrid[:720, :1280]
    image = np.stack([x / 5, y / 3, (x + y) / 8], axis=-1).astype(np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def captures(count: int) -> list[Capture]:
    """A torso that comes nearer by 1 mm from capture to capture."""
    torso = depth_png("synth_torso_depth.png")
    return [
        Capture(
            picture(),
            np.where(torso > 0, torso - number, 0).astype(np.uint16),
            BOOT_US + number * STEP_US + 180,
            BOOT_US + number * STEP_US,
        )
        for number in range(count)
    ]


def recording(path: Path, shots: list[Capture], device: Device = DEVICE) -> Path:
    with path.open("wb") as file:
        write_recording(file, device, shots)
    return path
