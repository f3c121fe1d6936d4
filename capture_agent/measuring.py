"""Measures a camera on things whose shape is known: a flat board, a checkerboard. Pure functions of arrays.

A depth camera's errors are systematic and drift with age and knocks; nothing of it shows in a picture of a
back. A board says whether flat is flat and 1.5 m is 1.5 m, a checkerboard whether depth and colour still lie
on one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Calibration, Camera
from capture_agent.protocol.uploads import BoardCheck, CheckerboardCheck

Depths = NDArray[np.uint16]
Points = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHARE = 0.3
"""The board must fill this share of the picture's width and height, in its middle."""
LEAST_MEASURED = 0.5
OFF_PLANE_MM = 15.0
MOST_OFF_PLANE = 0.1
MOST_HOLES = 0.5
ROUNDS = 3
WITHIN_DEVIATIONS = 4.0
INFRARED_ENLARGED = 2
WINDOW = (5, 5)
"""Half of the square in which a corner's place is refined, px."""
ENOUGH = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.001)
MOST_STRANGE_PX = 50.0
NO_CORNERS = (
    "The {} picture does not show all {} x {} inner corners: hold the whole board into both pictures, evenly "
    "lit, its sheet matt."
)
TOO_LITTLE = "Too little of the board has depth: come nearer, turn it to the camera, shade it."


class NotMeasurable(ValueError):
    """What is before the camera cannot be measured; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Mean:
    """The mean of a burst: depth_mm (height, width) float64, NaN where less than half of the frames have a
    value; noise_mm the standard deviation of one frame there."""

    depth_mm: Points
    noise_mm: Points


def mean_of(frames: Sequence[Depths]) -> Mean:
    """The mean of depth maps of one size. Raises NotMeasurable where there is none."""
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise NotMeasurable("The camera gave no depth to measure.")
    stack = np.stack(frames).astype(np.float64)
    measured = stack > 0
    count = measured.sum(axis=0)
    enough = count >= max(LEAST_MEASURED * len(frames), 1)
    mean = np.where(measured, stack, 0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(measured, (stack - mean) ** 2, 0).sum(axis=0)
    noise = np.sqrt(squares / np.maximum(count - 1, 1))
    return Mean(np.where(enough, mean, np.nan), np.where(enough & (count > 1), noise, np.nan))


def measure_board(
    frames: Sequence[Depths], camera: Camera, true_distance_mm: float | None = None
) -> BoardCheck:
    """How flat a flat board comes out, and how far away.

    frames: depth maps of a board at rest that fills the middle (SHARE) of the picture. true_distance_mm: from
    the depth camera to the board along the camera's axis. Raises NotMeasurable where there is no board.
    """
    mean = mean_of(frames)
    region = _middle(mean.depth_mm.shape)
    depth, noise = mean.depth_mm[region], mean.noise_mm[region]
    seen = np.isfinite(depth)
    holes = 1.0 - float(seen.mean())
    if holes > MOST_HOLES:
        raise NotMeasurable("Half of the board has no depth: come nearer, turn it to the camera, shade it.")
    rays = camera.unproject(_centres(mean.depth_mm.shape)[region][seen])[0]
    plane = fit_plane(_points(rays, depth[seen]))
    if (np.abs(plane.distances_mm) > OFF_PLANE_MM).mean() > MOST_OFF_PLANE:
        raise NotMeasurable("No flat board fills the middle of the picture: come nearer with it.")
    distance_mm = plane.offset_mm / plane.normal[2]
    return BoardCheck(
        distance_mm=round(distance_mm, 2),
        flatness_rms_mm=round(float(np.sqrt((plane.distances_mm**2).mean())), 3),
        bias_mm=None if true_distance_mm is None else round(distance_mm - true_distance_mm, 2),
        tilt_deg=round(float(np.degrees(np.arccos(np.clip(plane.normal[2], -1, 1)))), 2),
        noise_mm=round(float(np.nanmedian(noise)), 3) if len(frames) > 1 else 0.0,
        holes=round(holes, 5),
        pixels=int(seen.sum()),
    )


def measure_checkerboard(
    colour: NDArray[np.uint8],
    infrared: NDArray[np.uint16],
    frames: Sequence[Depths],
    calibration: Calibration,
    corners: tuple[int, int],
) -> CheckerboardCheck:
    """How far depth and colour lie from one another.

    colour: (height, width, 3). infrared: on the depth's pixels. corners: inner corners across and down. The
    corners of the infrared picture are put onto the plane of the board, brought into the colour picture by
    the calibration and compared with the corners there. Raises NotMeasurable where a camera does not see
    them all.
    """
    by_colour = find_corners(np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), np.uint8), corners)
    by_depth = find_corners(_enlarged(infrared), corners)
    if by_colour is None or by_depth is None:
        which = "colour" if by_colour is None else "infrared"
        raise NotMeasurable(NO_CORNERS.format(which, *corners))
    depth_px = by_depth / INFRARED_ENLARGED
    rays, known = calibration.depth.unproject(depth_px)
    plane = _plane_under(mean_of(frames), depth_px, calibration.depth)
    z_mm = plane.offset_mm / (rays @ plane.normal[:2] + plane.normal[2])
    moved, ahead = calibration.colour.project(calibration.colour_from_depth(_points(rays, z_mm)))
    if not (known & ahead).all():
        raise NotMeasurable("The board lies where a camera's model ends: hold it nearer to the middle.")
    difference = min((moved - order for order in (by_colour, by_colour[::-1])), key=_median_length)
    if _median_length(difference) > MOST_STRANGE_PX:
        raise NotMeasurable("The two pictures show different boards: leave only one in sight.")
    shift = difference.mean(axis=0)
    return CheckerboardCheck(
        corners=len(by_colour),
        misalignment_px=round(_median_length(difference), 3),
        shift_px=(round(float(shift[0]), 3), round(float(shift[1]), 3)),
        reprojection_px=_even_grid_error_px(by_colour, calibration.colour, corners),
        distance_mm=round(float(plane.offset_mm / plane.normal[2]), 1),
    )


@dataclass(frozen=True)
class Plane:
    """normal @ point = offset_mm, the normal pointing away from the camera; the points' distances from it."""

    normal: Points
    offset_mm: float
    distances_mm: Points


def fit_plane(points_mm: Points) -> Plane:
    """The plane that fits points (n, 3) best; flying pixels and what stands before it are left out."""
    if len(points_mm) < 50:
        raise NotMeasurable(
            "Too little of the board has depth: come nearer, turn it to the camera, shade it."
        )
    kept = np.ones(len(points_mm), dtype=bool)
    for _ in range(ROUNDS):
        centre = points_mm[kept].mean(axis=0)
        normal = np.linalg.svd(points_mm[kept] - centre, full_matrices=False)[2][2]
        normal = normal if normal[2] > 0 else -normal
        distances = (points_mm - centre) @ normal
        spread = 1.4826 * float(np.median(np.abs(distances - np.median(distances))))
        kept = np.abs(distances - np.median(distances)) <= max(WITHIN_DEVIATIONS * spread, 1.0)
    used = distances[kept] if kept.mean() > 1 - MOST_OFF_PLANE else distances
    return Plane(normal, float(normal @ centre), used)


def find_corners(gray: NDArray[np.uint8], corners: tuple[int, int]) -> Points | None:
    """Inner corners (n, 2) px, (0, 0) at the outer corner of the first pixel; None where not all are seen."""
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
    found, points = cv2.findChessboardCornersSB(gray, corners, flags=flags)
    if not found:
        return None
    finer = cv2.cornerSubPix(gray, np.asarray(points, np.float32), WINDOW, (-1, -1), ENOUGH)
    return np.asarray(finer, np.float64).reshape(-1, 2) + 0.5


def _even_grid_error_px(found: Points, camera: Camera, corners: tuple[int, int]) -> float:
    across, down = corners
    grid = np.array([(x, y, 0) for y in range(down) for x in range(across)], dtype=np.float64)
    matrix = np.array([[camera.fx, 0, camera.cx - 0.5], [0, camera.fy, camera.cy - 0.5], [0, 0, 1]])
    distortion = np.array(camera.distortion)
    good, turn, shift = cv2.solvePnP(grid, found - 0.5, matrix, distortion)
    if not good:
        raise NotMeasurable("The corners of the colour picture lie on no flat board.")
    seen = cv2.projectPoints(grid, turn, shift, matrix, distortion)[0].reshape(-1, 2)
    return round(float(np.sqrt(((seen - (found - 0.5)) ** 2).sum(axis=1).mean())), 3)


def _plane_under(mean: Mean, corners_px: Points, camera: Camera) -> Plane:
    """The plane of the depth within the outline of the corners."""
    hull = cv2.convexHull(corners_px.astype(np.float32)).reshape(-1, 2)
    inside = np.zeros(mean.depth_mm.shape, dtype=np.uint8)
    cv2.fillConvexPoly(inside, np.round(hull).astype(np.int32), 1)
    region = (inside > 0) & np.isfinite(mean.depth_mm)
    rays = camera.unproject(_centres(mean.depth_mm.shape)[region])[0]
    return fit_plane(_points(rays, mean.depth_mm[region]))


def _enlarged(infrared: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """8 bits, twice as large, so that small squares are found: bright skin and far walls are cut off."""
    bright = max(float(np.percentile(infrared, 98)), 1.0)
    gray = np.clip(np.sqrt(infrared / bright) * 255, 0, 255).astype(np.uint8)
    size = (INFRARED_ENLARGED * gray.shape[1], INFRARED_ENLARGED * gray.shape[0])
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _middle(shape: tuple[int, ...]) -> Mask:
    inside = np.zeros(shape, dtype=bool)
    rows, columns = (slice(round(side * (1 - SHARE) / 2), round(side * (1 + SHARE) / 2)) for side in shape)
    inside[rows, columns] = True
    return inside


def _centres(shape: tuple[int, ...]) -> Points:
    """(height, width, 2) px: the middles of the pixels."""
    return np.stack(np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5), axis=-1)


def _points(rays: Points, z_mm: Points) -> Points:
    return np.column_stack([rays * z_mm[:, None], z_mm])


def _median_length(difference: Points) -> float:
    return float(np.median(np.linalg.norm(difference, axis=1)))
