"""Azure Kinect recordings: a real one, ones written here, and hundreds of broken ones."""

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capture_agent.k4a.calibration import depth_from_accelerometer
from capture_agent.k4a.reading import K4AError, Recording, read_recording
from tests.annotation.imaging.fixtures import depth_png, shared
from tests.annotation.imaging.recordings import recording

TORSO_MM = depth_png("synth_torso_depth.png")


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1280, 720), (90, 120, 150)).save(buffer, "JPEG")
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes) -> Recording:
    path = tmp_path / "recording.mkv"
    path.write_bytes(content)
    return read_recording(path)


def test_a_real_recording_is_read() -> None:
    found = read_recording(shared("kinect/recording.mkv"))
    assert (found.depth_mode, found.colour_mode, found.serial) == ("NFOV_UNBINNED", "720P", "001514394512")
    frames = list(found.frames())
    assert len(frames) == len(found) == 1
    depth, colour = frames[0].depth_mm, frames[0].colour_jpeg
    assert depth is not None
    assert colour is not None
    assert depth.shape == (576, 640)
    assert 300 < np.median(depth[depth > 0]) < 5000
    assert Image.open(io.BytesIO(colour)).size == (1280, 720)
    assert frames[0].depth_time_us is not None
    assert frames[0].depth_time_us >= 336_277


@pytest.mark.parametrize("unsized", [False, True])
def test_frames_come_back_exactly(tmp_path: Path, unsized: bool) -> None:
    image = jpeg()
    captures = [(image, TORSO_MM), (image, None), (None, TORSO_MM + 1), (image, TORSO_MM + 2)]
    found = read(tmp_path, recording(captures, unsized_clusters=unsized))
    frames = list(found.frames())
    assert len(frames) == 4
    for (colour, depth), frame in zip(captures, frames, strict=True):
        assert frame.colour_jpeg == colour
        assert (frame.depth_mm is None) == (depth is None)
        if depth is not None:
            np.testing.assert_array_equal(frame.depth_mm, depth)
    assert [frame.colour_time_us for frame in frames[:3]] == [5_000_000_000_000, 5_000_000_066_667, None]
    assert frames[2].depth_time_us == 5_000_000_000_000 + 2 * 66_667 + 300
    assert found.serial == "SYNTHETIC0001"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a Matroska"),
        (b"\x1aE\xdf\xa3", "cut off"),
        (b"\x00" * 100, "cut off or damaged"),
        (recording([(None, TORSO_MM)], calibration=None), "no camera calibration"),
        (recording([(None, TORSO_MM)], calibration=b"{"), "not valid JSON"),
        (recording([(None, TORSO_MM)], depth_fourcc=b"Y16 "), "b16g"),
        (recording([(None, TORSO_MM[:100])]), "size that its track claims"),
        (recording([(jpeg(), None)]), "no depth image"),
        (recording([(None, TORSO_MM)], block_flags=0x86), "several images"),
        (recording([(None, TORSO_MM)], tags={"K4A_DEPTH_MODE": "WFOV_UNBINNED"}), "size of the mode"),
        (recording([(None, TORSO_MM)], tags={"K4A_COLOR_MODE": "NV12_720P"}), "not known"),
        (recording([(None, TORSO_MM)], tags={"K4A_START_OFFSET_NS": "-1"}), "START_OFFSET"),
        (recording([(None, TORSO_MM)]).replace(b"matroska", b"matrosk\xff")[:-200_000], "cut off"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(K4AError, match=said) as caught:
        read(tmp_path, content)
    assert str(caught.value).endswith(".")


def test_truncated_and_mutated_recordings_never_do_worse_than_k4a_error(tmp_path: Path) -> None:
    chance = random.Random(7)
    small = np.zeros((576, 640), np.uint16)
    whole = recording([(b"\xff\xd8\xff\xd9", small)])
    head = len(whole) - 2 * small.size - 200
    for turn in range(400):
        broken = bytearray(whole)
        if turn % 3 == 0:
            del broken[chance.randrange(len(broken)) :]
        else:
            for _ in range(chance.randint(1, 8)):
                broken[chance.randrange(head)] ^= 1 << chance.randrange(8)
        try:
            found = read(tmp_path, bytes(broken))
            for frame in found.frames():
                assert frame.depth_mm is None or frame.depth_mm.shape == (576, 640)
        except K4AError:
            continue


def test_false_lengths_do_not_make_memory(tmp_path: Path) -> None:
    huge = b"\x1aE\xdf\xa3\x80" + b"\x18S\x80g" + b"\x01\xff\xff\xff\xff\xff\xff\xfe"
    with pytest.raises(K4AError, match="beyond its end"):
        read(tmp_path, huge)
    many = b"\x1aE\xdf\xa3\x80" + b"\x18S\x80g" + b"\x01" + b"\xff" * 7 + b"\xec\x80" * 2_000_100
    with pytest.raises(K4AError, match="too many entries"):
        read(tmp_path, many)


def test_a_real_recording_knows_which_way_is_up() -> None:
    found = read_recording(shared("kinect/recording.mkv"))
    measured = found.acceleration()
    # What the SDK's own playback says of the same sample, and the way to the depth camera.
    assert measured == pytest.approx((-2.888193130493164, -0.19380511343479156, -9.43713665008545))
    rotation = depth_from_accelerometer(found.calibration_json)
    assert rotation is not None
    sdk = [
        [0.00193698, -0.99999404, -0.00286591],
        [0.10847668, -0.00263888, 0.9940955],
        [-0.99409711, -0.00223643, 0.10847092],
    ]
    np.testing.assert_allclose(rotation, sdk, atol=1e-7)


def test_without_a_motion_track_nobody_knows_which_way_is_up(tmp_path: Path) -> None:
    assert read(tmp_path, recording([(jpeg(), TORSO_MM)])).acceleration() is None
