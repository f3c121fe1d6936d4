"""A recording that we write is one that our reader, and the SDK where it is installed, plays."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from capture_agent.k4a.reading import read_recording
from capture_agent.k4a.writing import Capture, Device, write_recording
from tests.annotation.imaging.recordings import CALIBRATION_JSON

DEVICE = Device(CALIBRATION_JSON, "720P", (1280, 720), "NFOV_UNBINNED", (640, 576), 15, "TEST0001")
BOOT_US = 3_000_000_000_000
"""Later than 32 bits of microseconds reach."""


def captures(count: int) -> list[Capture]:
    rng = np.random.default_rng(1)
    found = []
    for number in range(count):
        picture = np.full((720, 1280, 3), 40 + 10 * number, np.uint8)
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        depth = rng.integers(0, 65535, (576, 640)).astype(np.uint16)
        time = BOOT_US + number * 66_667
        found.append(Capture(jpeg, depth, time + 120, time))
    return found


def written(path: Path, shots: list[Capture], device: Device = DEVICE) -> Path:
    with path.open("wb") as file:
        assert write_recording(file, device, iter(shots)) == len(shots)
    return path


def test_the_reader_gives_back_every_image_and_time(tmp_path: Path) -> None:
    shots = captures(3)
    recording = read_recording(written(tmp_path / "a.mkv", shots))
    assert (recording.serial, recording.depth_mode, recording.colour_mode) == (
        "TEST0001",
        "NFOV_UNBINNED",
        "720P",
    )
    assert recording.calibration_json.rstrip(b"\0") == CALIBRATION_JSON
    frames = list(recording.frames())
    assert len(frames) == 3
    for frame, shot in zip(frames, shots, strict=True):
        assert frame.colour_jpeg == shot.colour_jpeg
        assert np.array_equal(np.asarray(frame.depth_mm), np.asarray(shot.depth_mm))
        assert (frame.colour_time_us, frame.depth_time_us) == (shot.colour_time_us, shot.depth_time_us)


def test_the_firmware_is_told_where_it_is_known(tmp_path: Path) -> None:
    device = replace(DEVICE, colour_firmware="1.6.110", depth_firmware="1.6.79")
    tags = read_recording(written(tmp_path / "a.mkv", captures(1), device)).tags
    assert tags["K4A_COLOR_FIRMWARE_VERSION"] == "1.6.110"
    assert tags["K4A_DEPTH_FIRMWARE_VERSION"] == "1.6.79"
    unknown = read_recording(written(tmp_path / "b.mkv", captures(1))).tags
    assert not [name for name in unknown if "FIRMWARE" in name]


def test_a_lost_image_stays_lost(tmp_path: Path) -> None:
    whole = captures(2)
    shots = [whole[0], Capture(None, whole[1].depth_mm, whole[1].colour_time_us, whole[1].depth_time_us)]
    frames = list(read_recording(written(tmp_path / "a.mkv", shots)).frames())
    assert frames[1].colour_jpeg is None
    assert np.array_equal(np.asarray(frames[1].depth_mm), np.asarray(whole[1].depth_mm))


def test_what_cannot_be_recorded_is_refused() -> None:
    one, two = captures(2)
    with pytest.raises(ValueError, match="at least one"):
        write_recording(io.BytesIO(), DEVICE, [])
    with pytest.raises(ValueError, match="order of their times"):
        write_recording(io.BytesIO(), DEVICE, [two, one])
    small = Capture(None, np.zeros((2, 2), np.uint16), BOOT_US, BOOT_US)
    with pytest.raises(ValueError, match="depth image must be"):
        write_recording(io.BytesIO(), DEVICE, [small])


def test_the_sdk_plays_it(tmp_path: Path) -> None:
    pyk4a: Any = pytest.importorskip("pyk4a", reason="needs the extra `kinect`")
    shots = captures(3)
    playback = pyk4a.PyK4APlayback(written(tmp_path / "a.mkv", shots))
    playback.open()
    for shot in shots:
        capture = playback.get_next_capture()
        assert bytes(capture.color) == shot.colour_jpeg
        assert np.array_equal(capture.depth, np.asarray(shot.depth_mm))
    playback.close()
