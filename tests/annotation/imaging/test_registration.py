"""Depth into colour: against the SDK's own output, and points through it both ways."""

import numpy as np
import pytest

from annotation.imaging.registration import (
    RegistrationError,
    colour_points,
    depth_points,
    register_depth,
    sample_depth,
)
from capture_agent.k4a.calibration import parse_calibration
from capture_agent.k4a.camera import Calibration, Camera
from tests.annotation.imaging.fixtures import KINECT, depth_png

CALIBRATION_JSON = (KINECT / "synth_calibration.json").read_bytes()
TORSO_MM = depth_png("synth_torso_depth.png")
IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def calibration(mode: str) -> Calibration:
    return parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", mode)


@pytest.mark.parametrize("mode", ["720P", "1080P", "1536P"])
def test_registration_is_the_sdks(mode: str) -> None:
    expected = depth_png(f"synth_torso_depth_in_color_{mode}_sdk.png")
    registered = register_depth(TORSO_MM, calibration(mode))
    assert registered.dtype == np.uint16
    seen, wanted = registered > 0, expected > 0
    assert (seen & wanted).sum() / (seen | wanted).sum() >= 0.999999
    both = seen & wanted
    difference = np.abs(registered[both].astype(int) - expected[both])
    assert (difference == 0).mean() >= 0.999
    assert difference.max() <= 1


def test_points_go_to_colour_and_back() -> None:
    cameras = calibration("720P")
    registered = register_depth(TORSO_MM, cameras)
    points = np.random.default_rng(3).uniform((150, 150), (490, 430), (400, 2))
    in_colour, valid = colour_points(points, TORSO_MM, cameras)
    back, returned = depth_points(np.nan_to_num(in_colour), registered, cameras)
    both = valid & returned
    assert both.mean() > 0.8
    errors = np.linalg.norm(back - points, axis=-1)[both]
    assert np.median(errors) < 0.05
    assert np.quantile(errors, 0.95) < 0.3


def test_a_point_on_a_hole_or_outside_has_no_counterpart() -> None:
    cameras = calibration("720P")
    empty = np.zeros((576, 640), np.uint16)
    pixels, valid = colour_points([[320.0, 288.0], [-5.0, 10.0], [np.nan, 3.0]], empty, cameras)
    assert not valid.any()
    assert np.isnan(pixels).all()


def test_sampling_is_bilinear_on_a_surface_and_nearest_at_an_edge() -> None:
    depth = np.array([[1000, 1010], [1020, 1030]], np.uint16)
    assert sample_depth(depth, [1.0, 1.0]) == 1015.0
    assert sample_depth(depth, [0.0, 0.0]) == 1000.0
    assert sample_depth(depth, [2.0, 2.0]) == 1030.0
    edge = np.array([[1000, 2000]], np.uint16)
    assert sample_depth(edge, [0.9, 0.5]) == 1000.0
    assert sample_depth(edge, [1.1, 0.5]) == 2000.0


def test_one_missing_vertex_leaves_a_triangle_and_a_step_leaves_a_gap() -> None:
    camera = Camera(8, 8, 8.0, 8.0, 4.0, 4.0)
    twice = Camera(16, 16, 16.0, 16.0, 8.0, 8.0)
    pair = Calibration(camera, twice, IDENTITY, (0.0, 0.0, 0.0))
    depth = np.full((8, 8), 1000, np.uint16)
    whole = register_depth(depth, pair)
    depth[4, 4] = 0
    holed = register_depth(depth, pair)
    assert 0 < ((whole > 0) & (holed == 0)).sum() < 16
    depth[:, :4], depth[:, 4:] = 1000, 1050
    assert (register_depth(depth, pair) == 0).sum() > (whole == 0).sum()
    depth[:, 4:] = 1040
    assert (register_depth(depth, pair) == 0).sum() == (whole == 0).sum()


def test_the_wrong_size_is_refused() -> None:
    with pytest.raises(RegistrationError, match="640 x 480"):
        register_depth(np.zeros((480, 640), np.uint16), calibration("720P"))


def test_depths_that_would_smear_over_the_image_are_refused() -> None:
    narrow = Camera(64, 64, 2.0, 2.0, 32.0, 32.0, metric_radius=1e3)
    wide = Camera(4000, 4000, 30_000.0, 30_000.0, 2000.0, 2000.0, metric_radius=1e3)
    with pytest.raises(RegistrationError, match="too near"):
        register_depth(np.full((64, 64), 5, np.uint16), Calibration(narrow, wide, IDENTITY, (0.0, 0.0, 0.0)))
