"""Depth into the colour camera's view, as the Azure Kinect SDK does it, and points between the two images.

Each pixel of the depth map becomes a vertex in the colour image; each 2 x 2 block of vertices is a quad of
two triangles, filled with linearly interpolated z. A quad is left out where two or more vertices are
missing, or where its depths spread over more than `SPREAD_LIMIT` of the nearest (the edge of a body is no
surface). Where quads overlap, the nearest wins. Follows `transformation_depth_image_to_color_camera` of
the Azure Kinect Sensor SDK 1.4.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annotation.imaging.errors import ImagingError
from capture_agent.k4a.camera import Calibration, Camera, Floats, Mask

DepthMap = NDArray[np.uint16]
Floats32 = NDArray[np.float32]

SPREAD_LIMIT = np.float32(np.sin(np.radians(120 / 512)) / np.cos(np.radians(85)))
"""sin(angle of a depth pixel) / cos(steepest surface, 85 deg): 0.0469, the SDK's own estimate."""

CHUNK_SAMPLES = 1 << 16
MAX_SAMPLES = 1 << 27
MAX_QUAD_SAMPLES = 1 << 20


class RegistrationError(ImagingError):
    """A depth map does not belong to its calibration, or cannot be registered."""


def register_depth(depth_mm: DepthMap, calibration: Calibration) -> DepthMap:
    """The depth map as the colour camera would see it.

    depth_mm: (depth.height, depth.width) uint16, mm, 0 = nothing measured. Returns (colour.height,
    colour.width) uint16: z in the colour camera's frame, mm, 0 = nothing seen. Raises RegistrationError on
    the wrong size or on depths so near that they would be smeared over the whole image.
    """
    if depth_mm.shape != (calibration.depth.height, calibration.depth.width):
        size = f"{depth_mm.shape[1]} x {depth_mm.shape[0]}"
        wanted = f"{calibration.depth.width} x {calibration.depth.height}"
        raise RegistrationError(f"The depth map has {size} pixels but its calibration is for {wanted}.")
    vertices, valid = _vertices(depth_mm, calibration)
    quads = _quads(vertices, valid)
    return _fill(quads, calibration.colour)


def colour_points(points_px: ArrayLike, depth_mm: DepthMap, calibration: Calibration) -> tuple[Floats, Mask]:
    """Where points of the depth image lie in the colour image.

    points_px: (..., 2) px of the depth image. Returns (..., 2) px of the colour image and (...) bool; NaN
    where there is no depth under the point.
    """
    rays, seen = calibration.depth.unproject(points_px)
    z_mm = sample_depth(depth_mm, points_px)
    points = calibration.colour_from_depth(_scaled(rays, z_mm))
    pixels, valid = calibration.colour.project(np.nan_to_num(points))
    valid &= seen & np.isfinite(z_mm)
    return np.where(valid[..., None], pixels, np.nan), valid


def depth_points(
    points_px: ArrayLike, registered_mm: DepthMap, calibration: Calibration
) -> tuple[Floats, Mask]:
    """Where points of the colour image lie in the depth image: the inverse of `colour_points`.

    points_px: (..., 2) px of the colour image. registered_mm: what `register_depth` gave. Returns as
    `colour_points`.
    """
    rays, seen = calibration.colour.unproject(points_px)
    z_mm = sample_depth(registered_mm, points_px)
    points = calibration.depth_from_colour(_scaled(rays, z_mm))
    pixels, valid = calibration.depth.project(np.nan_to_num(points))
    valid &= seen & np.isfinite(z_mm)
    return np.where(valid[..., None], pixels, np.nan), valid


def sample_depth(depth_mm: DepthMap, points_px: ArrayLike) -> Floats:
    """Depth under continuous points: bilinear on a surface, the nearest pixel centre at its edge, NaN in a
    hole.

    points_px: (..., 2). Returns (...) mm. "Surface" is the rule of the registration: four depths within
    `SPREAD_LIMIT`.
    """
    points = np.asarray(points_px, dtype=np.float64)
    height, width = depth_mm.shape
    inside: Mask = np.asarray(((points >= 0) & (points <= (width, height))).all(axis=-1))
    safe = np.where(inside[..., None], points, 0.0)
    x = np.clip(safe[..., 0] - 0.5, 0, width - 1)
    y = np.clip(safe[..., 1] - 0.5, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    corners = np.stack([depth_mm[j, i] for j in (top, bottom) for i in (left, right)]).astype(np.float64)
    across, down = x - left, y - top
    weights = np.stack([(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across])
    nearest = depth_mm[np.round(y).astype(int), np.round(x).astype(int)].astype(np.float64)
    lowest = corners.min(axis=0)
    surface = (lowest > 0) & (corners.max(axis=0) - lowest <= SPREAD_LIMIT * lowest)
    depth = np.where(surface, (corners * weights).sum(axis=0), nearest)
    return np.where(inside & (depth > 0), depth, np.nan)


def _scaled(rays: Floats, z_mm: Floats) -> Floats:
    return np.concatenate([rays * z_mm[..., None], z_mm[..., None]], axis=-1)


@lru_cache(maxsize=4)
def _ray_table(camera: Camera) -> tuple[Floats32, Mask]:
    rays, valid = camera.pixel_rays()
    table = np.concatenate([np.nan_to_num(rays), np.ones((*valid.shape, 1))], axis=-1).astype(np.float32)
    return table, valid


def _vertices(depth_mm: DepthMap, calibration: Calibration) -> tuple[Floats32, Mask]:
    """(3, height, width) of x px, y px, z mm; and which of them are valid. In single precision and with
    pixel centres at integers, as in the SDK, so that a pixel on the very edge of a triangle falls on the
    same side."""
    table, known = _ray_table(calibration.depth)
    z = depth_mm.astype(np.float32)
    points = table * z[..., None]
    turn = np.asarray(calibration.rotation, dtype=np.float32)
    shift = np.asarray(calibration.translation_mm, dtype=np.float32)
    x, y, z = (
        turn[i, 0] * points[..., 0] + turn[i, 1] * points[..., 1] + turn[i, 2] * points[..., 2] + shift[i]
        for i in range(3)
    )
    rays = np.stack([x, y], axis=-1) / np.where(z > 0, z, np.float32(1))[..., None]
    colour = calibration.colour
    valid: Mask = known & (depth_mm > 0) & (z > 0) & ((rays**2).sum(axis=-1) <= colour.metric_radius**2)
    sdk = replace(colour, cx=colour.cx - 0.5, cy=colour.cy - 0.5)
    pixels = sdk.pixels_of_rays(np.where(valid[..., None], rays, np.float32(0)))
    vertices = np.stack([pixels[..., 0], pixels[..., 1], z])
    return np.where(valid, vertices, np.float32(0)), valid


def _quads(vertices: Floats32, valid: Mask) -> Floats32:
    """(3, 4, n): x, y, z of the top left, top right, bottom right and bottom left vertex of each quad to
    draw.
    """
    corner_valid = np.stack([valid[:-1, :-1], valid[:-1, 1:], valid[1:, 1:], valid[1:, :-1]])
    kept = corner_valid.sum(axis=0) >= 3
    corner = [vertices[:, :-1, :-1], vertices[:, :-1, 1:], vertices[:, 1:, 1:], vertices[:, 1:, :-1]]
    quads = np.stack([part[:, kept] for part in corner], axis=1)
    quads = _closed(quads, ~corner_valid[:, kept])
    nearest, farthest = quads[2].min(axis=0), quads[2].max(axis=0)
    surface: Floats32 = quads[:, :, farthest - nearest <= SPREAD_LIMIT * nearest]
    return surface


def _closed(quads: Floats32, missing: Mask) -> Floats32:
    """Make a triangle of each quad with one missing vertex, in the SDK's way (the winding stays
    clockwise).
    """
    half = np.float32(0.5)
    top_left, top_right, bottom_right, bottom_left = (quads[:, i] for i in range(4))
    closed = quads.copy()
    closed[:, 0] = np.where(missing[0], (top_right + bottom_left) * half, top_left)
    closed[:, 1] = np.where(missing[1], bottom_right, top_right)
    closed[:, 3] = np.where(missing[3], bottom_right, bottom_left)
    closed[:, 2] = np.where(missing[1], (bottom_right + bottom_left) * half, bottom_right)
    closed[:, 2] = np.where(missing[2], (top_right + bottom_left) * half, closed[:, 2])
    closed[:, 2] = np.where(missing[3], (top_right + bottom_right) * half, closed[:, 2])
    return closed


def _fill(quads: Floats32, camera: Camera) -> DepthMap:
    left = np.maximum(np.ceil(quads[0].min(axis=0)), 0).astype(np.int64)
    top = np.maximum(np.ceil(quads[1].min(axis=0)), 0).astype(np.int64)
    across = np.maximum(np.minimum(np.ceil(quads[0].max(axis=0)), camera.width).astype(np.int64) - left, 0)
    down = np.maximum(np.minimum(np.ceil(quads[1].max(axis=0)), camera.height).astype(np.int64) - top, 0)
    counts = across * down
    ends = np.cumsum(counts)
    if ends.size and (ends[-1] > MAX_SAMPLES or counts.max() > MAX_QUAD_SAMPLES):
        raise RegistrationError("The depth map holds surfaces too near the camera to be registered.")
    nearest = np.full(camera.height * camera.width, np.iinfo(np.uint16).max, dtype=np.uint16)
    first = 0
    while first < ends.size:
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + CHUNK_SAMPLES, side="right")))
        part = slice(first, last)
        _draw(quads[:, :, part], left[part], top[part], across[part], down[part], nearest, camera.width)
        first = last
    nearest[nearest == np.iinfo(np.uint16).max] = 0
    return nearest.reshape(camera.height, camera.width)


def _draw(
    quads: Floats32,
    left: NDArray[np.int64],
    top: NDArray[np.int64],
    across: NDArray[np.int64],
    down: NDArray[np.int64],
    nearest: DepthMap,
    width: int,
) -> None:
    """Lower `nearest` (flat image) to the z of each quad at each pixel centre inside it."""
    counts = across * down
    quad = np.repeat(np.arange(counts.size), counts)
    step = np.arange(quad.size) - np.repeat(np.cumsum(counts) - counts, counts)
    column = left[quad] + step % across[quad]
    row = top[quad] + step // across[quad]
    x, y = column.astype(np.float32), row.astype(np.float32)
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2), (x3, y3, z3) = (quads[:, i][:, quad] for i in range(4))
    middle = _area(x0, y0, x2, y2, x, y)
    lower = middle >= 0
    xm, ym, zm = np.where(lower, x3, x1), np.where(lower, y3, y1), np.where(lower, z3, z1)
    start, end = _area(xm, ym, x0, y0, x, y), _area(x2, y2, xm, ym, x, y)
    inside = np.where(lower, (start >= 0) & (end > 0), (start <= 0) & (end < 0))
    total = start + middle + end
    with np.errstate(all="ignore"):
        z = (start * z2 + middle * zm + end * z0) * (
            np.float32(1) / np.where(total == 0, np.float32(1), total)
        )
    inside &= (z >= 0.5) & (z < np.iinfo(np.uint16).max - 1)
    value = (z[inside] + np.float32(0.5)).astype(np.uint16)
    np.minimum.at(nearest, (row * width + column)[inside], value)


def _area(ax: Floats32, ay: Floats32, bx: Floats32, by: Floats32, x: Floats32, y: Floats32) -> Floats32:
    """Twice the signed area of the triangle a, b, (x, y)."""
    area: Floats32 = (y - ay) * (bx - ax) - (x - ax) * (by - ay)
    return area
