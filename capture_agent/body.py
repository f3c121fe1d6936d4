"""Where a depth picture shows the child: found from the silhouette alone, in a few milliseconds.

Made for one child who stands with the back to the camera, 0.5 to 2.5 m away. Everything works on every
fourth pixel. The proportions (SHOULDERS_BELOW_C7_MM, SACRUM_PER_BREADTH) were measured on 16 simulated
children of 10 to 18 years, of whom C7 comes out within 20 mm and the sacrum within 64 mm (standard
deviations 8 and 30 mm).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Camera

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

STEP = 4
"""Every so manieth pixel is looked at."""
NEAREST_MM, FARTHEST_MM = 400, 2500
BIN_MM = 50
LEAST_PATCH_MM2 = 20_000.0
"""The nearest thing in the middle of the picture that is as large as a spread hand is the child."""
BEFORE_MM, BEHIND_MM = 150, 400
"""How far the body may reach before and behind that patch: heels and hair, arms, the front."""
REACH_MM = 450
"""Half of the widest span that still belongs to one child: arms a little away from the trunk."""
SHOULDERS_MM = 230
"""The first row from above that is as wide lies on the shoulders."""
SHOULDERS_BELOW_C7_MM = 36
BREADTH_WITHIN_MM = 150
SACRUM_PER_BREADTH = 1.23
LEAST_BREADTH_MM, MOST_BREADTH_MM = 240, 650
BACK_SHARE = 0.2
BELOW_SHOULDERS_MM = 20
"""The back is looked at this share of the breadth to either side of its middle: without arms and edges."""


@dataclass(frozen=True)
class Grid:
    """The rays of every STEP-th pixel of a depth camera: x / z and y / z, (rows, columns) float32."""

    camera: Camera
    x: Floats
    y: Floats

    @classmethod
    def of(cls, camera: Camera) -> "Grid":
        """For maps of this camera. Takes a while; make it once."""
        columns, rows = (np.arange(STEP // 2, side, STEP) + 0.5 for side in (camera.width, camera.height))
        rays, known = camera.unproject(np.stack(np.meshgrid(columns, rows), axis=-1))
        x, y = np.moveaxis(np.where(known[..., None], rays, 0.0).astype(np.float32), -1, 0)
        return cls(camera, np.ascontiguousarray(x), np.ascontiguousarray(y))

    def sample(self, depth_mm: NDArray[np.uint16]) -> Floats:
        """The depth at the grid's pixels, mm, 0 where nothing was measured."""
        return depth_mm[STEP // 2 :: STEP, STEP // 2 :: STEP].astype(np.float32)


@dataclass(frozen=True)
class Body:
    """The child in one depth picture.

    distance_mm: of the back, along the camera's axis. breadth_mm: of the shoulders with the arms beside them.
    middle_mm: x of the midline in the camera's frame. c7_px, sacrum_px: about where they are, px of the depth
    picture, which they may leave. box_px: left, top, right, bottom, from the head to the sacrum. back: (rows,
    columns) of the grid, the part of the picture between shoulders and sacrum that must show skin.
    """

    distance_mm: float
    breadth_mm: float
    middle_mm: float
    c7_px: tuple[float, float]
    sacrum_px: tuple[float, float]
    box_px: tuple[float, float, float, float]
    back: Mask


def find_body(z_mm: Floats, grid: Grid) -> Body | None:
    """The child in a depth map sampled on the grid; None where nobody stands who looks like one."""
    x_mm, y_mm = grid.x * z_mm, grid.y * z_mm
    there = (z_mm > NEAREST_MM) & (z_mm < FARTHEST_MM)
    near_mm = _nearest(z_mm, there, grid.camera)
    if near_mm is None:
        return None
    body = there & (z_mm > near_mm - BEFORE_MM) & (z_mm < near_mm + BEHIND_MM)
    middle_mm = float(np.median(x_mm[body & _middle(z_mm.shape)]))
    plane_mm = float(np.median(z_mm[body & _middle(z_mm.shape)]))
    body &= np.abs(x_mm - middle_mm) < REACH_MM
    # Again, now that it is known what belongs to the child.
    middle_mm = float(np.median(x_mm[body & _middle(z_mm.shape).any(axis=1, keepdims=True)]))
    left = np.where(body, x_mm, np.inf).min(axis=1)
    right = np.where(body, x_mm, -np.inf).max(axis=1)
    height = _row_heights(y_mm, body)
    wide = np.flatnonzero(right - left >= SHOULDERS_MM)
    if not wide.size:
        return None
    shoulders_mm = height[wide[0]]
    upper = (height >= shoulders_mm) & (height < shoulders_mm + BREADTH_WITHIN_MM)
    breadth_mm = float((right - left)[upper].max())
    if not LEAST_BREADTH_MM <= breadth_mm <= MOST_BREADTH_MM:
        return None
    c7_mm = float(shoulders_mm) - SHOULDERS_BELOW_C7_MM
    sacrum_mm = c7_mm + SACRUM_PER_BREADTH * breadth_mm
    # Where depth is missing, the rows and columns of a plane at the body's distance stand in for it.
    flat_x, flat_y = grid.x * plane_mm, grid.y * plane_mm
    below = (flat_y > shoulders_mm + BELOW_SHOULDERS_MM) & (flat_y < sacrum_mm)
    back = below & (np.abs(flat_x - middle_mm) < BACK_SHARE * breadth_mm)
    seen = back & body
    if not seen.any():
        return None
    distance_mm = float(np.median(z_mm[seen]))
    return Body(
        distance_mm=distance_mm,
        breadth_mm=breadth_mm,
        middle_mm=middle_mm,
        c7_px=_pixel(grid.camera, middle_mm, c7_mm, distance_mm),
        sacrum_px=_pixel(grid.camera, middle_mm, sacrum_mm, distance_mm),
        box_px=_box(body & (flat_y < sacrum_mm)),
        back=back,
    )


def _middle(shape: tuple[int, ...]) -> Mask:
    """The part of the picture in which a child who is to be seen must stand; without the floor."""
    inside = np.zeros(shape, dtype=bool)
    inside[shape[0] // 5 : int(0.8 * shape[0]), int(0.3 * shape[1]) : int(0.7 * shape[1])] = True
    return inside


def _nearest(z_mm: Floats, there: Mask, camera: Camera) -> float | None:
    """The depth of the nearest thing in the middle that is larger than a patch, mm."""
    z = z_mm[there & _middle(z_mm.shape)]
    areas = (STEP * z) ** 2 / (camera.fx * camera.fy)
    filled = np.cumsum(np.bincount((z / BIN_MM).astype(np.intp), weights=areas))
    found = int(np.searchsorted(filled, LEAST_PATCH_MM2))
    return None if found >= filled.size else float(found * BIN_MM)


def _row_heights(y_mm: Floats, body: Mask) -> Floats:
    """The mean y of the body's pixels in each row, mm; NaN in rows without any."""
    count = body.sum(axis=1)
    heights = np.where(body, y_mm, 0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count > 0, heights, np.nan).astype(np.float32)


def _pixel(camera: Camera, x_mm: float, y_mm: float, z_mm: float) -> tuple[float, float]:
    (x, y), seen = camera.project(np.array([x_mm, y_mm, z_mm]))
    if seen:
        return float(x), float(y)
    # Beyond the model's radius: without distortion, which still tells on which side.
    return camera.cx + camera.fx * x_mm / z_mm, camera.cy + camera.fy * y_mm / z_mm


def _box(body: Mask) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    left, top, right, bottom = (float(STEP * edge) for edge in edges)
    return left, top, right, bottom
