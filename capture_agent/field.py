"""The part of the pictures in which depth can be measured, and what a viewer draws over them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Calibration, Camera
from capture_agent.protocol.messages import Drawing

Points = NDArray[np.float64]

SLOPE = 0.58
HALF_WIDTH = 347 / 640
CENTRE_ROW = 303 / 576
"""The narrow field is a hexagon: |x| + SLOPE |y| is at most HALF_WIDTH of the picture's width, about the
column of the optical centre and the row CENTRE_ROW of the height. Measured on the zeros of a real recording
(one device, NFOV unbinned), to about 4 px."""
DRAWN_AT_MM = 1500.0
"""What is drawn fits a child at this distance: the middle of the range asked for."""
_HALF_CHILD = (
    (0, -232), (60, -207), (78, -140), (62, -70), (50, -25), (150, 35), (186, 75), (172, 200), (132, 330),
    (166, 460), (160, 560),
)  # fmt: skip
"""Half of the outline from the crown to below the sacrum, mm from C7: x to the side, y down. About a child of
14 years."""
_MIDDLE_MM = 240.0
"""How far below C7 the middle of the back lies."""


def field_polygon(camera: Camera, depth_mode: str) -> Points:
    """The corners of the measured field in a depth camera's picture, (n, 2) px, clockwise from above left.

    In modes other than the narrow ones nothing is known but the picture's own edge.
    """
    width, height = float(camera.width), float(camera.height)
    if not depth_mode.startswith("NFOV"):
        return np.array([(0, 0), (width, 0), (width, height), (0, height)])
    half, middle = HALF_WIDTH * width, CENTRE_ROW * height
    top, bottom = half - SLOPE * middle, half - SLOPE * (height - middle)
    # Where the slanted edges meet the sides of the picture.
    left_rise, right_rise = ((half - reach) / SLOPE for reach in (camera.cx, width - camera.cx))
    corners = [
        (camera.cx - top, 0),
        (camera.cx + top, 0),
        (width, middle - right_rise),
        (width, middle + right_rise),
        (camera.cx + bottom, height),
        (camera.cx - bottom, height),
        (0, middle + left_rise),
        (0, middle - left_rise),
    ]
    return np.array(corners, dtype=np.float64)


def margin_px(polygon: Points, point_px: Sequence[float]) -> float:
    """How far a point lies within a convex polygon (clockwise on screen): px to the nearest edge, negative
    outside."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1) / np.linalg.norm(edges, axis=1, keepdims=True)
    return float(((np.asarray(point_px) - polygon) * normals).sum(axis=1).min())


def drawings(calibration: Calibration, depth_mode: str) -> tuple[Drawing, Drawing]:
    """What is drawn over the depth and over the colour picture."""
    polygon = field_polygon(calibration.depth, depth_mode)
    centre, _ = calibration.depth.unproject(polygon.mean(axis=0))
    half = np.array(_HALF_CHILD, dtype=np.float64)
    child = np.concatenate([half, half[::-1] * (-1, 1)]) - (0, _MIDDLE_MM) + centre * DRAWN_AT_MM
    outline = np.column_stack([child, np.full(len(child), DRAWN_AT_MM)])
    dense = np.concatenate([np.linspace(a, b, 6, endpoint=False) for a, b in _edges(polygon)])
    rays, _ = calibration.depth.unproject(dense)
    field = np.column_stack([rays, np.ones(len(rays))]) * DRAWN_AT_MM
    return (
        _drawing(calibration.depth, field, outline),
        _drawing(
            calibration.colour, calibration.colour_from_depth(field), calibration.colour_from_depth(outline)
        ),
    )


def _edges(polygon: Points) -> Iterator[tuple[Points, Points]]:
    return zip(polygon, np.roll(polygon, -1, axis=0), strict=True)


def _drawing(camera: Camera, field_mm: Points, outline_mm: Points) -> Drawing:
    return Drawing(
        width=camera.width,
        height=camera.height,
        field=_fractions(camera, field_mm),
        outline=_fractions(camera, outline_mm),
    )


def _fractions(camera: Camera, points_mm: Points) -> tuple[tuple[float, ...], ...]:
    pixels, seen = camera.project(points_mm)
    fractions = np.round(pixels[seen] / (camera.width, camera.height), 4)
    return tuple((float(x), float(y)) for x, y in np.clip(fractions, -5, 5))
