"""The skin a depth map shows: points, normals, relief shading and curvature.

A depth map is (height, width) in mm, float with NaN or integer with 0 for holes; points lie in its
camera's frame (x right, y down, z forward, mm). Derivatives are taken after a Gaussian that leaves holes
out (normalised convolution, Knutsson and Westin 1993), because 1 mm of noise over a 3 mm pixel tilts a
bare difference quotient by 20 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from annotation.imaging.errors import ImagingError
from capture_agent.k4a.camera import Camera, Floats

LEAST_WEIGHT = 0.35
"""Share of the Gaussian that must lie on measured pixels; less is the rim of a hole."""


@dataclass(frozen=True)
class Surface:
    """A smoothed surface. points_mm, normals: (height, width, 3), normals of length 1 towards the camera.

    mean_curvature: (height, width), 1/mm, positive where the surface bulges towards the camera (a shoulder
    blade), negative in a furrow. gaussian_curvature: 1/mm2. All are NaN in holes and at their rims.
    """

    points_mm: Floats
    normals: Floats
    mean_curvature: Floats
    gaussian_curvature: Floats


def measure_surface(depth_mm: NDArray[Any], camera: Camera, smoothing_px: float = 2.0) -> Surface:
    """Points, normals and curvatures from the first and second fundamental forms of the surface over its
    pixels.

    Raises ImagingError where the map is not of the camera's size or `smoothing_px` is not positive.
    """
    if depth_mm.shape != (camera.height, camera.width):
        raise ImagingError("The depth map does not have the size of its camera.")
    if not smoothing_px > 0:
        raise ImagingError("The smoothing must be larger than 0 px.")
    rays, known = camera.pixel_rays()
    depth = smooth_depth(np.where(known, depth_mm, 0), smoothing_px)
    points = np.concatenate([rays, np.ones((*depth.shape, 1))], axis=-1) * depth[..., None]
    down: Floats = np.gradient(points, axis=0)
    across: Floats = np.gradient(points, axis=1)
    crossed = np.cross(down, across)
    normals = crossed / np.linalg.norm(crossed, axis=-1, keepdims=True)
    first = _products(across, down)
    down_down, down_across = np.gradient(down, axis=(0, 1))
    across_across = np.gradient(across, axis=1)
    second = [(part * normals).sum(axis=-1) for part in (across_across, down_across, down_down)]
    area = first[0] * first[2] - first[1] ** 2
    # A bulge towards the camera bends away from its normal, hence the sign.
    mean = -(second[0] * first[2] - 2 * second[1] * first[1] + second[2] * first[0]) / (2 * area)
    return Surface(points, normals, mean, (second[0] * second[2] - second[1] ** 2) / area)


def smooth_depth(depth_mm: NDArray[Any], smoothing_px: float) -> Floats:
    """The map under a Gaussian of `smoothing_px`, mm; holes give no weight and stay NaN, as their rims do."""
    measured = np.isfinite(depth_mm) & (np.nan_to_num(depth_mm) > 0)
    values = np.where(measured, np.nan_to_num(depth_mm), 0).astype(np.float64)
    weight = ndimage.gaussian_filter(measured.astype(np.float64), smoothing_px)
    total = ndimage.gaussian_filter(values, smoothing_px)
    kept = measured & (weight >= LEAST_WEIGHT)
    return np.where(kept, total / np.where(kept, weight, 1.0), np.nan)


def shaded_relief(
    surface: Surface, light: tuple[float, float, float] = (-1.0, -1.0, -1.0)
) -> NDArray[np.uint8]:
    """(height, width) uint8: the surface lit from `light` (the way to the lamp, camera frame: up left and
    in front by default), 0 in holes."""
    direction = np.asarray(light, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    if not length > 0:
        raise ImagingError("The light needs a direction.")
    lit = np.clip(surface.normals @ (direction / length), 0, 1)
    return np.where(np.isnan(lit), 0, np.rint(1 + 254 * np.nan_to_num(lit))).astype(np.uint8)


def _products(across: Floats, down: Floats) -> tuple[Floats, Floats, Floats]:
    """E, F and G of the first fundamental form."""
    return (across * across).sum(-1), (across * down).sum(-1), (down * down).sum(-1)
