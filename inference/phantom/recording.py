"""A burst of frames as the recording of an Azure Kinect, while the child sways."""

import json
from typing import Any, BinaryIO, Final

import cv2
import numpy as np

from capture_agent.k4a.calibration import COLOUR_MODES, DEPTH_MODES, Mode, mode_of_size
from capture_agent.k4a.camera import Calibration, Camera
from capture_agent.k4a.writing import Capture, Device, write_recording
from inference.phantom.design import StudyDesign
from inference.phantom.kinect import FRAMES_IN_BURST
from inference.phantom.morphometry import Floats
from inference.phantom.shoot import Scene

FPS: Final = 15
COLOUR_LATER_US: Final = 180
SWAY_HZ: Final = (0.15, 0.4, 0.9)
SWAY_MM: Final = (3.2, 1.1, 0.35)
"""Amplitudes forward and back at the height of C7 for each of SWAY_HZ; sideways it is about half."""
SERIAL: Final = "PHANTOM"


def write_burst(file: BinaryIO, design: StudyDesign, scene: Scene, jpeg_quality: int) -> dict[str, Any]:
    """Write FRAMES_IN_BURST captures; returns what truth.json says of them.

    The first frame shows the child where the labels have it; the others as far off as it has swayed since.
    """
    rng = design.stream("sway")
    away = sway_mm(rng, FRAMES_IN_BURST)
    start_us = int(rng.integers(1_000_000, 7_200_000_000))
    step_us = 1_000_000 / FPS

    def captures() -> Any:
        for number, (right, ahead) in enumerate(away):
            by_depth, by_colour = scene.seen((float(right), float(ahead)))
            good, jpeg = cv2.imencode(
                ".jpg", scene.colour(by_colour, rng), [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]
            )
            if not good:
                raise OSError("OpenCV could not encode a frame of the recording")
            time_us = start_us + round(number * step_us)
            depth = scene.depth(by_depth, rng, frames=1)
            yield Capture(jpeg.tobytes(), depth, time_us + COLOUR_LATER_US, time_us)

    write_recording(file, device(design.calibration), captures())
    return {"frames": FRAMES_IN_BURST, "fps": FPS, "sway_right_ahead_mm": np.round(away, 3).tolist()}


def sway_mm(rng: np.random.Generator, frames: int) -> Floats:
    """(frames, 2): how far C7 has moved to the right and forward since the first frame."""
    time = np.arange(frames)[:, None, None] / FPS
    size = np.array(SWAY_MM) * rng.uniform(0.6, 1.2, (2, len(SWAY_HZ))) * np.array([[0.5], [1.0]])
    phase = rng.uniform(0, 2 * np.pi, (2, len(SWAY_HZ)))
    path = (size * np.sin(2 * np.pi * np.array(SWAY_HZ) * time + phase)).sum(-1)
    return np.asarray(path - path[0])


def device(calibration: Calibration) -> Device:
    """The camera in the words of the recording."""
    depth_size = (calibration.depth.width, calibration.depth.height)
    colour_size = (calibration.colour.width, calibration.colour.height)
    depth_mode, colour_mode = mode_of_size(DEPTH_MODES, *depth_size), mode_of_size(COLOUR_MODES, *colour_size)
    text = device_json(calibration, DEPTH_MODES[depth_mode], COLOUR_MODES[colour_mode])
    return Device(text, colour_mode, colour_size, depth_mode, depth_size, FPS, SERIAL)


def device_json(calibration: Calibration, depth_mode: Mode, colour_mode: Mode) -> bytes:
    """The calibration as the device itself stores it; the inverse of `k4a_calibration.parse_calibration`."""
    still = np.eye(3), np.zeros(3)
    pose = np.array(calibration.rotation), np.array(calibration.translation_mm) / 1000.0
    cameras = [
        _camera(calibration.depth, depth_mode, "D0", "Depth", (1024, 1024), *still),
        _camera(calibration.colour, colour_mode, "PV0", "PhotoVideo", (4096, 3072), *pose),
    ]
    inertial = [_inertial(kind) for kind in ("Gyro", "Accelerometer")]
    about = {"SerialId": SERIAL, "Version": {"Major": 1, "Minor": 2}, "DeviceName": "AzureKinect-PV"}
    information = {"Cameras": cameras, "InertialSensors": inertial, "Metadata": about}
    return json.dumps({"CalibrationInformation": information}, indent=1).encode()


def _camera(
    camera: Camera,
    mode: Mode,
    place: str,
    purpose: str,
    sensor: tuple[int, int],
    rotation: Floats,
    translation_m: Floats,
) -> dict[str, Any]:
    k1, k2, p1, p2, k3, k4, k5, k6 = camera.distortion
    (width, height), (crop_x, crop_y) = mode.binned, mode.crop
    centre = [(camera.cx + crop_x) / width, (camera.cy + crop_y) / height]
    focal = [camera.fx / width, camera.fy / height]
    return {
        "Intrinsics": {
            "ModelParameterCount": 14,
            "ModelParameters": [*centre, *focal, k1, k2, k3, k4, k5, k6, 0, 0, p2, p1],
            "ModelType": "CALIBRATION_LensDistortionModelBrownConrady",
        },
        "Location": f"CALIBRATION_CameraLocation{place}",
        "Purpose": f"CALIBRATION_CameraPurpose{purpose}",
        "MetricRadius": camera.metric_radius,
        "Rt": {"Rotation": rotation.ravel().tolist(), "Translation": translation_m.tolist()},
        "SensorHeight": sensor[1],
        "SensorWidth": sensor[0],
        "Shutter": "CALIBRATION_ShutterTypeUndefined",
        "ThermalAdjustmentParams": {"Params": [0] * 12},
    }


def _inertial(kind: str) -> dict[str, Any]:
    """A motion sensor that nobody reads; the SDK does not open a recording whose device has none."""
    return {
        "BiasTemperatureModel": [0] * 12,
        "BiasUncertainty": [0.0001] * 3,
        "Id": "CALIBRATION_InertialSensorId_LSM6DSM",
        "MixingMatrixTemperatureModel": [value for row in np.eye(3).ravel() for value in (row, 0, 0, 0)],
        "ModelTypeMask": 16,
        "Noise": [0.001] * 6,
        "Rt": {"Rotation": [0, 0, -1, -1, 0, 0, 0, 1, 0], "Translation": [0, 0, 0]},
        "SecondOrderScaling": [0] * 9,
        "SensorType": f"CALIBRATION_InertialSensorType_{kind}",
        "TemperatureBounds": [5, 60],
        "TemperatureC": 0,
    }
