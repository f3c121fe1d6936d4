"""A recording that stands for a camera keeps its own time."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from capture_agent.k4a.writing import Capture
from capture_agent.sources.replay import Replay
from capture_agent.sources.source import CameraLost
from tests.annotation.imaging.fixtures import shared
from tests.capture_agent.recordings import BOOT_US, DEVICE, STEP_US, captures, recording


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def played(replay: Replay, count: int) -> list[Capture]:
    return [replay.read() for _ in range(count)]


def nearness(shots: list[Capture]) -> list[int]:
    """By how many mm each capture is nearer than the first of the recording."""
    first = captures(1)[0].depth_mm
    assert first is not None
    return [int((first.astype(int) - np.asarray(shot.depth_mm))[first > 0].max()) for shot in shots]


def test_a_recording_is_played_at_its_own_speed_and_over_again(tmp_path: Path) -> None:
    clock = Clock()
    replay = Replay("mkv", recording(tmp_path / "a.mkv", captures(4)), clock=clock, sleep=clock.sleep)
    assert replay.open().device == DEVICE
    shots = played(replay, 9)
    assert nearness(shots) == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    times = [shot.depth_time_us for shot in shots]
    assert times[0] == BOOT_US
    assert {later - sooner for sooner, later in pairwise(times)} <= {STEP_US, STEP_US + 180}
    assert clock.now_s - 100 == pytest.approx((times[-1] - times[0]) / 1e6, abs=1e-4)


def test_a_phantom_sways_back_and_forth(tmp_path: Path) -> None:
    clock = Clock()
    recording(tmp_path / "recording.mkv", captures(4))
    replay = Replay("phantom", tmp_path, clock=clock, sleep=clock.sleep)
    replay.open()
    shots = played(replay, 14)
    assert nearness(shots) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    steps = [later.depth_time_us - sooner.depth_time_us for sooner, later in pairwise(shots)]
    assert min(steps) >= STEP_US
    assert max(steps) <= STEP_US + 400


def test_a_reader_who_is_late_is_not_made_to_wait_more(tmp_path: Path) -> None:
    clock = Clock()
    replay = Replay("mkv", recording(tmp_path / "a.mkv", captures(4)), clock=clock, sleep=clock.sleep)
    replay.open()
    replay.read()
    clock.sleep(10)
    before_s = clock.now_s
    played(replay, 5)
    assert clock.now_s == before_s


def test_a_single_capture_comes_again_and_again(tmp_path: Path) -> None:
    for kind in ("mkv", "phantom"):
        clock = Clock()
        replay = Replay(kind, recording(tmp_path / "a.mkv", captures(1)), clock=clock, sleep=clock.sleep)
        replay.open()
        times = [shot.depth_time_us for shot in played(replay, 3)]
        assert all(later - sooner >= STEP_US - 1 for sooner, later in pairwise(times))


def test_lost_images_stay_lost(tmp_path: Path) -> None:
    whole = captures(2)
    lame = Capture(None, whole[1].depth_mm, whole[1].depth_time_us, whole[1].depth_time_us)
    clock = Clock()
    replay = Replay("mkv", recording(tmp_path / "a.mkv", [whole[0], lame]), clock=clock, sleep=clock.sleep)
    replay.open()
    assert [shot.colour_jpeg is None for shot in played(replay, 3)] == [False, True, False]


def test_the_real_recording_plays_and_knows_which_way_is_up() -> None:
    clock = Clock()
    replay = Replay("mkv", shared("kinect/recording.mkv"), clock=clock, sleep=clock.sleep)
    camera = replay.open()
    assert camera.device.serial == "001514394512"
    assert camera.firmware == "1.6.110 / 1.6.79"
    shot = replay.read()
    assert shot.depth_time_us == 800_222
    infrared = replay.infrared()
    assert infrared is not None
    assert infrared.shape == (576, 640)
    # Lit where depth was measured.
    assert shot.depth_mm is not None
    assert np.median(infrared[shot.depth_mm > 0]) > 3 * np.median(infrared[shot.depth_mm == 0])
    up = replay.up()
    assert up is not None
    # Up is against y, and the camera looked up by eleven degrees.
    assert np.linalg.norm(up) == pytest.approx(9.87, abs=0.1)
    assert up[1] < -9.5


@pytest.mark.parametrize("content", [None, b"", b"no recording"])
def test_what_cannot_be_played_is_a_lost_camera(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.mkv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CameraLost, match="cannot be played"):
        Replay("mkv", path).open()
