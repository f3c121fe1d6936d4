"""The Kinect source against a stand-in of pyk4a's interface, and against its playback where it is there."""

import sys
from typing import Any

import numpy as np
import pytest

from capture_agent.k4a.reading import read_recording
from capture_agent.sources.kinect import KinectSource
from capture_agent.sources.source import CameraLost
from tests.annotation.imaging.fixtures import shared
from tests.capture_agent.recordings import DEVICE, captures
from tests.capture_agent.sources.pyk4a_fake import (
    FPS,
    FakeCapture,
    ImageFormat,
    K4AException,
    K4ATimeoutException,
    installed,
    real_capture,
    scripted,
)

FAR_US = 1 << 40
"""More than 32 bits."""


def test_captures_come_as_the_camera_made_them(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted([real_capture(0), real_capture(1)])
    installed(monkeypatch, script)
    source = KinectSource()
    camera = source.open()
    assert camera.device == DEVICE
    assert camera.firmware == "1.6.1 / 2.7"
    for shot in captures(2):
        found = source.read()
        assert found.colour_jpeg == shot.colour_jpeg
        assert np.array_equal(np.asarray(found.depth_mm), np.asarray(shot.depth_mm))
        assert found.colour_time_us == shot.colour_time_us + FAR_US
        assert found.depth_time_us == shot.depth_time_us + FAR_US
    source.close()
    assert (script.opened, script.closed) == (1, 1)


def test_the_camera_is_asked_for_what_a_shot_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted([real_capture(0)])
    installed(monkeypatch, script)
    source = KinectSource()
    source.open()
    source.read()
    assert script.config.color_format == ImageFormat.COLOR_MJPG
    assert script.config.camera_fps == FPS.FPS_15
    assert script.config.synchronized_images_only is False
    assert script.last_timeout is not None
    assert 0 < script.last_timeout <= 2000


def test_a_capture_keeps_nothing_of_the_sdks_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    lent = real_capture(0)
    installed(monkeypatch, scripted([lent]))
    source = KinectSource()
    source.open()
    found = source.read()
    assert lent.depth is not None
    lent.depth[:] = 0
    assert found.depth_mm is not None
    assert found.depth_mm.any()


def test_an_image_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted([real_capture(0, color=None), real_capture(1, depth=None)])
    installed(monkeypatch, script)
    source = KinectSource()
    source.open()
    first, second = source.read(), source.read()
    assert first.colour_jpeg is None
    assert first.colour_time_us == first.depth_time_us > FAR_US
    assert second.depth_mm is None
    assert second.depth_time_us == second.colour_time_us > FAR_US


def test_the_infrared_picture_is_there_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lit = real_capture(0)
    lit.ir = np.arange(640 * 576, dtype=np.uint16).reshape(576, 640)
    installed(monkeypatch, scripted([lit, real_capture(1)]))
    source = KinectSource()
    source.open()
    assert source.infrared() is None
    source.read()
    assert np.array_equal(np.asarray(source.infrared()), lit.ir)
    source.read()
    assert source.infrared() is None


def test_silence_ends_and_a_short_one_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    silence: list[FakeCapture | Exception] = [K4ATimeoutException(), FakeCapture(None, None)]
    script = scripted([*silence, real_capture(0), *silence, real_capture(1)])
    installed(monkeypatch, script)
    source = KinectSource()
    source.open()
    assert source.read().colour_jpeg
    assert source.read().colour_jpeg
    with pytest.raises(CameraLost, match="sent nothing"):
        source.read()


@pytest.mark.parametrize(
    "error", [K4AException(), RuntimeError("usb"), OSError(5, "io"), ValueError()], ids=repr
)
def test_any_error_is_a_lost_camera_that_can_be_opened_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    script = scripted([error, real_capture(0)])
    installed(monkeypatch, script)
    source = KinectSource()
    source.open()
    with pytest.raises(CameraLost, match="does not answer"):
        source.read()
    source.close()
    source.open()
    assert source.read().colour_jpeg
    assert (script.opened, script.closed) == (2, 1)


def test_a_camera_that_starts_half_way_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted(starts=[K4AException(), None])
    installed(monkeypatch, script)
    source = KinectSource()
    with pytest.raises(CameraLost, match="plugged in"):
        source.open()
    assert (script.opened, script.closed) == (1, 1)
    source.open()
    script.stop_fails = True
    source.close()
    assert (script.opened, script.closed) == (2, 2)


def test_a_calibration_that_makes_no_sense_is_a_lost_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted()
    script.calibration = "{}"
    installed(monkeypatch, script)
    with pytest.raises(CameraLost, match="calibration cannot be used"):
        KinectSource().open()
    assert script.closed == 1


def test_the_way_up_is_smoothed_and_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the calibration's accelerometer: its -z is the camera's x, -x its y, y its z.
    motion = [(9.8, 0.0, 0.0)] * 3
    script = scripted([real_capture(0), real_capture(1)], motion=motion)
    installed(monkeypatch, script)
    source = KinectSource()
    source.open()
    assert source.up() is None
    source.read()
    assert source.up() == pytest.approx((0.0, 0.0, -9.8))
    script.motion.extend([(0.0, 0.0, -9.8)] * 60)
    source.read()
    turned = source.up()
    assert turned is not None
    assert turned == pytest.approx((0.0, -9.8, 0.0), abs=0.05)


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyk4a", None)
    with pytest.raises(CameraLost, match="pip install"):
        KinectSource().open()


def test_against_the_sdks_own_playback(monkeypatch: pytest.MonkeyPatch) -> None:
    pyk4a: Any = pytest.importorskip("pyk4a", reason="needs the extra `kinect`")
    path = shared("kinect/recording.mkv")

    class Played:
        """The real module's playback, with the device's methods."""

        def __init__(self, config: Any) -> None:
            self._playback = pyk4a.PyK4APlayback(path)
            self.opened = False
            self.serial = "001514394512"

        def start(self) -> None:
            self._playback.open()
            self.opened = True

        def stop(self) -> None:
            self._playback.close()
            self.opened = False

        def get_capture(self, timeout: int) -> Any:
            try:
                return self._playback.get_next_capture()
            except EOFError as end:
                raise pyk4a.K4ATimeoutException from end

        def get_imu_sample(self, timeout: int) -> Any:
            try:
                return self._playback.get_next_imu_sample()
            except EOFError as end:
                raise pyk4a.K4ATimeoutException from end

        @property
        def calibration_raw(self) -> str:
            return str(self._playback.calibration_raw)

    monkeypatch.setattr(pyk4a, "PyK4A", Played)
    source = KinectSource()
    camera = source.open()
    recorded = read_recording(path)
    assert camera.calibration == recorded.calibration
    found, frame = source.read(), next(recorded.frames())
    assert found.colour_jpeg == frame.colour_jpeg
    assert np.array_equal(np.asarray(found.depth_mm), np.asarray(frame.depth_mm))
    assert (found.colour_time_us, found.depth_time_us) == (frame.colour_time_us, frame.depth_time_us)
    assert source.up() is not None
    infrared = source.infrared()
    assert np.array_equal(np.asarray(infrared), np.asarray(recorded.infrared(found.depth_time_us)))
    with pytest.raises(CameraLost, match="sent nothing"):
        source.read()
    source.close()
