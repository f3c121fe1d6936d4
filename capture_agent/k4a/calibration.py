"""The factory calibration inside an Azure Kinect recording (`calibration.json`), for a depth mode and a
colour mode.

Its principal points and focal lengths are fractions of the uncropped image, counted from the outer corner: so
`cx = parameter * binned width - crop` in SpineWeb's convention, and half a pixel less in the SDK's (pixel
centres at integers). Parameters: cx cy fx fy k1 k2 k3 k4 k5 k6 codx cody p2 p1; the model is OpenCV's
rational one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import DEFAULT_METRIC_RADIUS, Calibration, Camera
from capture_agent.k4a.fields import CameraError, mapping, number, numbers

MAX_JSON_BYTES = 1 << 20


@dataclass(frozen=True)
class Mode:
    """One read-out of a sensor: the whole image after binning, and the part of it that is delivered, px."""

    binned: tuple[int, int]
    crop: tuple[int, int]
    size: tuple[int, int]


DEPTH_MODES = {
    "NFOV_2X2BINNED": Mode((512, 512), (96, 90), (320, 288)),
    "NFOV_UNBINNED": Mode((1024, 1024), (192, 180), (640, 576)),
    "WFOV_2X2BINNED": Mode((512, 512), (0, 0), (512, 512)),
    "WFOV_UNBINNED": Mode((1024, 1024), (0, 0), (1024, 1024)),
}
COLOUR_MODES = {
    "720P": Mode((1280, 960), (0, 120), (1280, 720)),
    "1080P": Mode((1920, 1440), (0, 180), (1920, 1080)),
    "1440P": Mode((2560, 1920), (0, 240), (2560, 1440)),
    "1536P": Mode((2048, 1536), (0, 0), (2048, 1536)),
    "2160P": Mode((3840, 2880), (0, 360), (3840, 2160)),
    "3072P": Mode((4096, 3072), (0, 0), (4096, 3072)),
}


def mode_of_size(modes: dict[str, Mode], width: int, height: int) -> str:
    """The name of the mode that delivers width x height px; CameraError where there is none."""
    for name, mode in modes.items():
        if mode.size == (width, height):
            return name
    raise CameraError(f"An Azure Kinect has no mode of {width} x {height} pixels.")


def parse_calibration(text: bytes | str, depth_mode: str, colour_mode: str) -> Calibration:
    """The two cameras and the way between them, for the named modes (keys of DEPTH_MODES and COLOUR_MODES).

    text: the JSON of the device. Raises CameraError that says what is wrong with it.
    """
    if depth_mode not in DEPTH_MODES or colour_mode not in COLOUR_MODES:
        raise CameraError(
            f"The Azure Kinect modes {depth_mode[:32]!r} and {colour_mode[:32]!r} are not known."
        )
    found = _cameras(parse_json(text))
    depth, colour = (found.get(f"CALIBRATION_CameraLocation{place}") for place in ("D0", "PV0"))
    if depth is None or colour is None:
        raise CameraError("The calibration does not describe both the depth and the colour camera.")
    rotation, translation_mm = _relative_pose(_pose(depth), _pose(colour))
    return Calibration(
        depth=_camera(depth, DEPTH_MODES[depth_mode]),
        colour=_camera(colour, COLOUR_MODES[colour_mode]),
        rotation=rotation,
        translation_mm=translation_mm,
    )


def depth_from_accelerometer(text: bytes | str) -> NDArray[np.float64] | None:
    """The rotation (3, 3) from the accelerometer's frame to the depth camera's; None where the device names
    none. Raises CameraError as `parse_calibration`.
    """
    data = parse_json(text)
    depth = _cameras(data).get("CALIBRATION_CameraLocationD0")
    sensors = _information(data).get("InertialSensors")
    kind = "CALIBRATION_InertialSensorType_Accelerometer"
    found = [
        sensor
        for sensor in (sensors if isinstance(sensors, list) else [])
        if isinstance(sensor, dict) and sensor.get("SensorType") == kind
    ]
    if depth is None or not found:
        return None
    rotation: NDArray[np.float64] = _pose(depth)[0] @ _pose(found[0])[0].T
    return rotation


def parse_json(text: bytes | str) -> object:
    """JSON of bounded size and depth; CameraError where it is none."""
    if len(text) > MAX_JSON_BYTES:
        raise CameraError("The calibration is too long to be one.")
    try:
        return json.loads(text.rstrip(b"\0") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:
        raise CameraError("The calibration is not valid JSON.") from error


def is_device_calibration(data: object) -> bool:
    """Whether parsed JSON looks like the device's own calibration."""
    return isinstance(data, dict) and "CalibrationInformation" in data


def _information(data: object) -> Mapping[str, Any]:
    return mapping(mapping(data, "The calibration").get("CalibrationInformation"), "CalibrationInformation")


def _cameras(data: object) -> dict[str, dict[str, Any]]:
    cameras = _information(data).get("Cameras")
    if not isinstance(cameras, list):
        raise CameraError("The calibration lists no cameras.")
    return {str(camera.get("Location")): camera for camera in cameras if isinstance(camera, dict)}


def _camera(entry: dict[str, Any], mode: Mode) -> Camera:
    intrinsics = mapping(entry.get("Intrinsics"), "The entry Intrinsics")
    if intrinsics.get("ModelType") != "CALIBRATION_LensDistortionModelBrownConrady":
        raise CameraError("The calibration uses a lens model other than Brown-Conrady.")
    values = numbers(intrinsics.get("ModelParameters"), 14, "ModelParameters")
    cx, cy, fx, fy, k1, k2, k3, k4, k5, k6, codx, cody, p2, p1 = values
    if codx or cody:
        raise CameraError("The calibration moves the centre of distortion, which is not supported.")
    radius = number(entry, "MetricRadius", 0.0)
    return Camera(
        width=mode.size[0],
        height=mode.size[1],
        fx=fx * mode.binned[0],
        fy=fy * mode.binned[1],
        cx=cx * mode.binned[0] - mode.crop[0],
        cy=cy * mode.binned[1] - mode.crop[1],
        distortion=(k1, k2, p1, p2, k3, k4, k5, k6),
        metric_radius=radius if radius > 1e-4 else DEFAULT_METRIC_RADIUS,
    )


Pose = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _pose(entry: dict[str, Any]) -> Pose:
    pose = mapping(entry.get("Rt"), "The entry Rt")
    rotation = np.array(numbers(pose.get("Rotation"), 9, "Rotation")).reshape(3, 3)
    return rotation, 1000.0 * np.array(numbers(pose.get("Translation"), 3, "Translation"))


def _relative_pose(
    depth: Pose, colour: Pose
) -> tuple[tuple[tuple[float, float, float], ...], tuple[float, float, float]]:
    """colour <- depth, from each camera's camera <- device pose."""
    rotation = colour[0] @ depth[0].T
    x, y, z = (colour[1] - rotation @ depth[1]).tolist()
    rows = rotation.tolist()
    return tuple((row[0], row[1], row[2]) for row in rows), (x, y, z)
