"""Cameras: projection against the SDK's own numbers, its inverse, the file format and its errors."""

import json
from typing import Any

import cv2
import numpy as np
import pytest

from capture_agent.k4a.calibration import (
    COLOUR_MODES,
    mode_of_size,
    parse_calibration,
)
from capture_agent.k4a.camera import Calibration, Camera
from capture_agent.k4a.fields import CameraError
from tests.annotation.imaging.fixtures import KINECT

CALIBRATION_JSON = (KINECT / "synth_calibration.json").read_bytes()
SDK = json.loads((KINECT / "synth_sdk_points.json").read_bytes())
SIMPLE = {"pixel_origin": "corner", "width": 640, "height": 480, "fx": 500, "fy": 510, "cx": 320, "cy": 240}


@pytest.mark.parametrize("mode", list(SDK))
def test_intrinsics_are_the_sdks_shifted_by_half_a_pixel(mode: str) -> None:
    calibration = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", mode)
    for camera, name in ((calibration.depth, "depth"), (calibration.colour, "color")):
        matrix = np.array(SDK[mode][f"K_{name}"])
        np.testing.assert_allclose([camera.fx, camera.fy], matrix[[0, 1], [0, 1]], rtol=1e-6)
        np.testing.assert_allclose([camera.cx - 0.5, camera.cy - 0.5], matrix[:2, 2], atol=1e-4)
        np.testing.assert_allclose(camera.distortion, SDK[mode][f"D_{name}"], rtol=1e-6)


@pytest.mark.parametrize("mode", list(SDK))
def test_points_follow_the_sdk_from_depth_pixel_to_colour_pixel(mode: str) -> None:
    calibration = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", mode)
    for point in SDK[mode]["points"]:
        ray, valid = calibration.depth.unproject(np.array(point["uv_depth"]) + 0.5)
        assert valid
        in_depth = np.append(ray, 1.0) * point["z"]
        np.testing.assert_allclose(in_depth, point["xyz_depth"], atol=1e-3)
        in_colour = calibration.colour_from_depth(in_depth)
        np.testing.assert_allclose(in_colour, point["xyz_color"], atol=1e-3)
        np.testing.assert_allclose(calibration.depth_from_colour(in_colour), in_depth, atol=1e-9)
        pixel, _ = calibration.colour.project(in_colour)
        np.testing.assert_allclose(pixel - 0.5, point["uv_color"], atol=1e-3)


def test_projection_is_opencvs() -> None:
    camera = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", "1080P").colour
    points = np.random.default_rng(5).uniform((-600, -500, 900), (600, 500, 2500), (200, 3))
    matrix = np.array([[camera.fx, 0, camera.cx - 0.5], [0, camera.fy, camera.cy - 0.5], [0, 0, 1]])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(camera.distortion))
    pixels, valid = camera.project(points)
    assert valid.all()
    np.testing.assert_allclose(pixels - 0.5, expected[:, 0], atol=1e-7)


def test_unproject_inverts_project_over_the_whole_image() -> None:
    camera = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", "720P").depth
    rays, valid = camera.pixel_rays()
    assert valid.all()
    pixels, _ = camera.project(np.concatenate([rays, np.ones((*valid.shape, 1))], axis=-1))
    x, y = np.meshgrid(np.arange(640) + 0.5, np.arange(576) + 0.5)
    np.testing.assert_allclose(pixels, np.stack([x, y], axis=-1), atol=1e-6)


def test_points_behind_the_camera_and_beyond_the_model_are_not_projected() -> None:
    camera = Camera.from_dict(SIMPLE)
    pixels, valid = camera.project([[0, 0, 100], [0, 0, -100], [0, 0, 0], [180, 0, 100]])
    assert valid.tolist() == [True, False, False, False]
    assert pixels[0].tolist() == [320.0, 240.0]
    assert np.isnan(pixels[1:]).all()
    _, seen = camera.unproject([[320.0, 240.0], [320.0 + 500 * 1.8, 240.0]])
    assert seen.tolist() == [True, False]


def test_descriptions_survive_json() -> None:
    calibration = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", "1536P")
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


def test_opencv_origin_moves_the_principal_point_by_half_a_pixel() -> None:
    corner = Camera.from_dict(SIMPLE)
    assert Camera.from_dict({**SIMPLE, "pixel_origin": "centre"}).cx == corner.cx + 0.5
    without = {key: value for key, value in SIMPLE.items() if key != "pixel_origin"}
    assert Camera.from_dict(without).cy == corner.cy + 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fx": 0}, "focal lengths"),
        ({"fx": None}, "fx"),
        ({"fx": float("nan")}, "fx"),
        ({"fx": True}, "fx"),
        ({"width": 0}, "width"),
        ({"width": 10.5}, "width"),
        ({"height": 10**9}, "height"),
        ({"distortion": [1, 2, 3]}, "distortion"),
        ({"distortion": "12345678"}, "distortion"),
        ({"distortion": [float("inf")] * 8}, "distortion"),
        ({"pixel_origin": "middle"}, "pixel_origin"),
        ({"pixel_origin": ["corner"]}, "pixel_origin"),
        ({"metric_radius": -1}, "metric_radius"),
    ],
)
def test_a_wrong_camera_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CameraError, match=said):
        Camera.from_dict({**SIMPLE, **change})


def test_a_mirrored_or_scaled_pose_is_refused() -> None:
    good = parse_calibration(CALIBRATION_JSON, "NFOV_UNBINNED", "720P").to_dict()
    for matrix in ([[1, 0, 0], [0, 1, 0], [0, 0, -1]], [[2, 0, 0], [0, 2, 0], [0, 0, 2]]):
        way = {"rotation": matrix, "translation_mm": [0, 0, 0]}
        with pytest.raises(CameraError, match="rotation"):
            Calibration.from_dict({**good, "colour_from_depth": way})
    wrongs: tuple[Any, ...] = ({"rotation": 3}, {"rotation": [[1, 2], 3]}, None, [])
    for wrong in wrongs:
        with pytest.raises(CameraError):
            Calibration.from_dict({**good, "colour_from_depth": wrong})


def test_a_wrong_device_calibration_is_refused() -> None:
    device = json.loads(CALIBRATION_JSON)
    for text in (b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"CalibrationInformation":{"Cameras":3}}'):
        with pytest.raises(CameraError):
            parse_calibration(text, "NFOV_UNBINNED", "720P")
    for modes in (("NFOV", "720P"), ("NFOV_UNBINNED", "4320P")):
        with pytest.raises(CameraError, match="not known"):
            parse_calibration(CALIBRATION_JSON, *modes)
    device["CalibrationInformation"]["Cameras"][1]["Intrinsics"]["ModelParameters"].pop()
    with pytest.raises(CameraError, match="ModelParameters"):
        parse_calibration(json.dumps(device), "NFOV_UNBINNED", "720P")


def test_modes_are_found_by_size() -> None:
    assert mode_of_size(COLOUR_MODES, 2048, 1536) == "1536P"
    with pytest.raises(CameraError, match="640 x 480"):
        mode_of_size(COLOUR_MODES, 640, 480)
