"""Depth maps: means of bursts, holes, and the form the browser reads."""

import gzip
import io

import numpy as np
import pytest

from annotation.imaging.depth import burst_mean, decode_npy, encode_npy, shade, valid_mask
from annotation.imaging.errors import ImagingError
from annotation.imaging.holes import hole_statistics


def test_the_mean_of_a_burst_leaves_out_flying_pixels() -> None:
    chance = np.random.default_rng(11)
    truth = np.full((40, 60), 1500.0)
    frames = [np.rint(truth + chance.normal(0, 1.5, truth.shape)).astype(np.uint16) for _ in range(15)]
    frames[4][3, 7] = 2600
    frames[9][3, 7] = 700
    mean = burst_mean(frames)
    assert abs(mean.mean_mm[3, 7] - 1500) < 2.5
    assert np.std(mean.mean_mm - truth) < 0.6
    assert np.median(mean.noise_mm) == pytest.approx(1.5, abs=0.15)
    assert mean.counts.max() == 15
    assert mean.counts[3, 7] <= 13


def test_a_pixel_seen_in_less_than_half_of_the_frames_is_a_hole() -> None:
    frames = [np.full((2, 2), 1000, np.uint16) for _ in range(15)]
    for frame in frames[:8]:
        frame[0, 0] = 0
    for frame in frames[:7]:
        frame[1, 1] = 0
    mean = burst_mean(frames)
    assert np.isnan(mean.mean_mm[0, 0])
    assert mean.depth_mm().tolist() == [[0, 1000], [1000, 1000]]


def test_an_empty_pixel_stays_empty_and_one_frame_is_its_own_mean() -> None:
    frame = np.array([[0, 900], [65535, 1]], np.uint16)
    mean = burst_mean([frame])
    np.testing.assert_array_equal(mean.depth_mm(), frame)
    assert np.isnan(mean.noise_mm).all()


def test_a_burst_of_nothing_or_of_two_sizes_is_refused() -> None:
    with pytest.raises(ImagingError, match="one size"):
        burst_mean([])
    with pytest.raises(ImagingError, match="one size"):
        burst_mean([np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint16)])


def test_holes_are_counted_inside_the_region_only() -> None:
    depth = np.full((10, 10), 1500, np.uint16)
    depth[2:4, 2:4] = 0
    depth[7, 7] = 6000
    depth[0, 0] = 0
    region = np.zeros((10, 10), bool)
    region[1:9, 1:9] = True
    holes = hole_statistics(depth, region)
    assert (holes.fraction, holes.count, holes.largest_px) == (5 / 64, 2, 4)
    assert hole_statistics(np.full((3, 3), 900, np.uint16)).fraction == 0.0
    assert valid_mask(np.array([[0, 249, 250, 5500, 5501]], np.uint16)).tolist() == [
        [False, False, True, True, False]
    ]


def test_the_shaded_map_is_bright_where_it_is_near_and_black_in_holes() -> None:
    depth = np.tile(np.linspace(1000, 2000, 100).astype(np.uint16), (10, 1))
    depth[3, 3] = 0
    shown = shade(depth)
    assert (shown[0, 0], shown[0, 99], shown[3, 3]) == (255, 40, 0)
    assert (np.diff(shown[0].astype(int)) <= 0).all()
    assert not shade(np.zeros((3, 3), np.uint16)).any()


def test_packed_maps_come_back_and_are_the_same_bytes_each_time() -> None:
    depth = np.random.default_rng(1).integers(0, 5000, (30, 20), dtype=np.uint16)
    packed = encode_npy(depth)
    assert packed == encode_npy(depth)
    np.testing.assert_array_equal(decode_npy(packed), depth)
    np.testing.assert_array_equal(np.load(io.BytesIO(gzip.decompress(packed))), depth)


def test_what_is_no_packed_map_is_refused() -> None:
    packed = encode_npy(np.ones((9, 9), np.uint16))
    other = io.BytesIO()
    np.save(other, np.ones(4))
    for content in (
        b"",
        b"x" * 50,
        packed[:-20],
        packed[:15],
        gzip.compress(b"no"),
        gzip.compress(other.getvalue()),
    ):
        with pytest.raises(ImagingError, match="depth map"):
            decode_npy(content)
    with pytest.raises(ImagingError, match="cut off"):
        decode_npy(encode_npy(np.zeros((3000, 3000), np.uint16)), max_pixels=1000)
