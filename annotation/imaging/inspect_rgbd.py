"""Inspection of depth: Azure Kinect recordings, and depth images with the cameras they were taken by."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotation.imaging.depth import BurstMean, burst_mean, encode_npy, shade, valid_mask
from annotation.imaging.errors import ImagingError
from annotation.imaging.holes import hole_statistics
from annotation.imaging.jpeg import strip_metadata
from annotation.imaging.radiograph import EncodedImage, encode_png, thumbnail
from annotation.imaging.raster import read_raster
from annotation.imaging.registration import register_depth
from annotation.imaging.results import Output
from annotation.imaging.sway import noise_picture, sway_mm
from capture_agent.k4a.calibration import (
    COLOUR_MODES,
    DEPTH_MODES,
    is_device_calibration,
    mode_of_size,
    parse_calibration,
    parse_json,
)
from capture_agent.k4a.camera import Calibration, Camera
from capture_agent.k4a.fields import CameraError, mapping
from capture_agent.k4a.reading import Frame, K4AError, Recording, read_recording

DepthMap = NDArray[np.uint16]

BURST_FRAMES = 15


def inspect_k4a(path: Path, output: Output) -> None:
    """The first colour image, the mean of the first burst of depth, that mean as the colour camera sees
    it, the noise of each pixel, the cameras.
    """
    recording = read_recording(path)
    frames = list(islice(recording.frames(), BURST_FRAMES))
    colour = next((frame.colour_jpeg for frame in frames if frame.colour_jpeg is not None), None)
    bursts = [frame.depth_mm for frame in frames if frame.depth_mm is not None]
    if colour is None or not bursts:
        raise K4AError("The recording begins without a colour image or without a depth image.")
    mean = burst_mean(bursts)
    _add_colour(colour, recording.calibration.colour, output)
    _add_depth("depth", mean.depth_mm(), output)
    _add_depth("depth_in_colour", register_depth(mean.depth_mm(), recording.calibration), output)
    _add_noise(mean, output)
    _add_json("calibration", recording.calibration.to_dict(), output)
    output.found |= _quality(mean) | {
        "sway_mm": _rounded(sway_mm(bursts, mean), 2),
        "device": f"Azure Kinect {recording.serial}".strip(),
        "depth_mode": recording.depth_mode,
        "colour_mode": recording.colour_mode,
        "captures": len(recording),
        "burst_frames": len(bursts),
        "device_times_us": _times(frames),
        "firmware": _firmware(recording),
    }


def inspect_pair(depth: bytes, camera: bytes, output: Output, options: dict[str, Any]) -> None:
    """A 16-bit depth image and its camera file.

    options["colour_size"]: [width, height] px of the colour image beside it. Where the depth has that size
    it counts as registered already; else the camera file must describe both cameras (a device's own
    calibration does). options["depth_unit_mm"]: mm of one step of the image, 1 by default.
    """
    depth_mm = _depth_image(depth, options.get("depth_unit_mm", 1))
    size = (depth_mm.shape[1], depth_mm.shape[0])
    colour_size = _colour_size(options)
    data = parse_json(camera)
    _add_depth("depth", depth_mm, output)
    if size == colour_size:
        described = _registered_camera(data, size).to_dict()
        registered = depth_mm
    else:
        calibration = _pair_calibration(camera, data, size, colour_size)
        described = calibration.to_dict()
        registered = register_depth(depth_mm, calibration)
    _add_depth("depth_in_colour", registered, output)
    _add_json("calibration", described, output)
    output.found |= {"already_registered": size == colour_size, "depth_size": list(size)}
    output.found |= {"holes_fraction": hole_statistics(registered).fraction}
    _warn_of_origin(data, output)


def inspect_camera(camera: bytes, output: Output) -> None:
    """A camera file alone: a device's calibration, a pair of cameras, or one camera."""
    data = mapping(parse_json(camera), "The camera file")
    if is_device_calibration(data):
        parse_calibration(camera, "NFOV_UNBINNED", "720P")
        output.found["describes"] = "device"
    elif "depth" in data:
        output.found["describes"] = "pair"
        _add_json("calibration", Calibration.from_dict(data).to_dict(), output)
    elif "fx" in data:
        output.found["describes"] = "camera"
        _add_json("calibration", Camera.from_dict(data).to_dict(), output)
    else:
        raise CameraError("The JSON file describes no camera: it needs fx, fy, cx, cy, width and height.")
    _warn_of_origin(data, output)


def _add_colour(jpeg: bytes, camera: Camera, output: Output) -> None:
    picture = read_raster(jpeg)
    if picture.format != "JPEG" or picture.image.size != (camera.width, camera.height):
        raise K4AError("The colour image does not have the size that the recording claims.")
    stripped = strip_metadata(jpeg)
    output.add_image("colour", EncodedImage(stripped, "image/jpeg", *picture.image.size, 8, picture.channels))
    output.add_image("thumbnail", thumbnail(picture.image))


def _add_depth(role: str, depth_mm: DepthMap, output: Output) -> None:
    height, width = depth_mm.shape
    image = Image.fromarray(depth_mm)
    output.add_image(role, EncodedImage(encode_png(image), "image/png", width, height, 16, 1))
    described = {"width": width, "height": height, "bit_depth": 16, "channels": 1}
    output.add(f"{role}_npy_gz", encode_npy(depth_mm), "application/x-npy+gzip", **described)
    shown = Image.fromarray(shade(depth_mm))
    output.add_image(f"{role}_view", EncodedImage(encode_png(shown), "image/png", width, height, 8, 1))
    output.add_image(f"{role}_thumbnail", thumbnail(shown))


def _add_noise(mean: BurstMean, output: Output) -> None:
    height, width = mean.noise_mm.shape
    shown = encode_png(Image.fromarray(noise_picture(mean)))
    output.add_image("noise", EncodedImage(shown, "image/png", width, height, 8, 1))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _add_json(role: str, data: dict[str, Any], output: Output) -> None:
    output.add(role, json.dumps(data).encode(), "application/json")


def _quality(mean: BurstMean) -> dict[str, Any]:
    noise = mean.noise_mm[np.isfinite(mean.noise_mm)]
    seen = valid_mask(mean.depth_mm())
    return {
        "noise_median_mm": round(float(np.median(noise)), 3) if noise.size else None,
        "noise_p95_mm": round(float(np.percentile(noise, 95)), 3) if noise.size else None,
        "holes_fraction": round(hole_statistics(mean.depth_mm()).fraction, 5),
        "distance_median_mm": round(float(np.median(mean.mean_mm[seen])), 1) if seen.any() else None,
    }


def _times(frames: list[Frame]) -> list[int]:
    return [frame.depth_time_us for frame in frames if frame.depth_time_us is not None]


def _firmware(recording: Recording) -> str:
    names = ("K4A_COLOR_FIRMWARE_VERSION", "K4A_DEPTH_FIRMWARE_VERSION")
    return " / ".join(recording.tags[name][:32] for name in names if name in recording.tags)


def _depth_image(content: bytes, unit_mm: object) -> DepthMap:
    raster = read_raster(content)
    if raster.bit_depth != 16:
        raise ImagingError("A depth image must be a PNG or TIFF with 16 bits of gray (mm).")
    if isinstance(unit_mm, bool) or not isinstance(unit_mm, int | float) or not 0.001 <= unit_mm <= 100:
        raise ImagingError("The unit of the depth image must be a number of mm from 0.001 to 100.")
    values = np.asarray(raster.image)
    scaled: DepthMap = (
        values if unit_mm == 1 else np.rint(np.minimum(values * float(unit_mm), 65535)).astype(np.uint16)
    )
    return scaled


def _colour_size(options: dict[str, Any]) -> tuple[int, int]:
    size = options.get("colour_size")
    if not (
        isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)
    ):
        raise ImagingError("A depth image can only be imported together with its colour image.")
    return size[0], size[1]


def _registered_camera(data: object, size: tuple[int, int]) -> Camera:
    entries = mapping(data, "The camera file")
    camera = Camera.from_dict(entries.get("colour", entries))
    if (camera.width, camera.height) != size:
        raise CameraError("The camera file is for pictures of another size.")
    return camera


def _pair_calibration(
    camera: bytes, data: object, depth_size: tuple[int, int], colour_size: tuple[int, int]
) -> Calibration:
    if is_device_calibration(data):
        modes = mode_of_size(DEPTH_MODES, *depth_size), mode_of_size(COLOUR_MODES, *colour_size)
        return parse_calibration(camera, *modes)
    if "depth" not in mapping(data, "The camera file"):
        raise CameraError(
            "Depth and colour differ in size: the camera file must describe both and colour_from_depth."
        )
    calibration = Calibration.from_dict(data)
    sizes = [(one.width, one.height) for one in (calibration.depth, calibration.colour)]
    if sizes != [depth_size, colour_size]:
        raise CameraError("The camera file is for pictures of another size.")
    return calibration


def _warn_of_origin(data: object, output: Output) -> None:
    plain = isinstance(data, dict) and not is_device_calibration(data)
    if plain and "pixel_origin" not in json.dumps(data):
        output.warn(
            "The camera file names no pixel_origin; it was read as OpenCV's (pixel centres at whole numbers)."
        )
