"""Plane geometry: tilts, mirrors, affine maps named `target_from_source`, similarity alignment.

Points are float arrays (..., 2) in pixels (x right, y down) or in mm with the same axes. A map is a float
array (3, 3) acting on homogeneous column vectors.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def checked_points(values: ArrayLike, shape: tuple[int | None, ...], what: str) -> Array:
    """`values` as a float array of the given shape (None matches any length), finite throughout.

    Raises ValueError that names `what` and says which shape is wanted or where a number is missing.
    """
    try:
        points = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be numbers in a regular array: {error}") from error
    if points.ndim != len(shape) or any(
        want not in (None, have) for want, have in zip(shape, points.shape, strict=True)
    ):
        wanted = "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"
        raise ValueError(f"{what} must have shape {wanted}, not {points.shape}")
    if not np.isfinite(points).all():
        first = np.argwhere(~np.isfinite(points))[0].tolist()
        raise ValueError(f"{what} must be finite numbers; index {first} is not: place that point first")
    return points


def tilt_deg(line: ArrayLike) -> Array:
    """Tilt of lines from their first to their second end, in degrees in (-180, 180].

    `line` (..., 2, 2): two ends, each (x, y). 0 points to image right; positive when the second end lies
    lower in the image (y down), that is, clockwise on the screen.
    """
    ends = np.asarray(line, dtype=np.float64)
    step = ends[..., 1, :] - ends[..., 0, :]
    return np.asarray(np.degrees(np.arctan2(step[..., 1], step[..., 0])))


def mirrored_corners(corners_px: ArrayLike, image_width_px: float) -> Array:
    """Corners (n, 4, 2) TL TR BL BR in the left-right mirrored image: left and right change places too."""
    corners = checked_points(corners_px, (None, 4, 2), "corners_px")
    flipped = corners[:, [1, 0, 3, 2]].copy()
    flipped[..., 0] = image_width_px - flipped[..., 0]
    return flipped


def mapped(target_from_source: ArrayLike, points_source: ArrayLike) -> Array:
    """Points (..., 2) of the source frame in the target frame of an affine map (3, 3)."""
    matrix = checked_points(target_from_source, (3, 3), "target_from_source")
    points = np.asarray(points_source, dtype=np.float64)
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2])


def inverted(target_from_source: ArrayLike) -> Array:
    """`source_from_target`. Raises ValueError when the map is not invertible."""
    matrix = checked_points(target_from_source, (3, 3), "target_from_source")
    if abs(np.linalg.det(matrix)) < np.finfo(np.float64).tiny:
        raise ValueError("target_from_source flattens the plane: it has no inverse")
    return np.asarray(np.linalg.inv(matrix))


def similarity(scale: float, turn_deg: float, shift: ArrayLike = (0.0, 0.0)) -> Array:
    """The map that scales, turns clockwise on the screen by `turn_deg`, then shifts."""
    turn = np.radians(turn_deg)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    dx, dy = checked_points(shift, (2,), "shift")
    return np.array([[cos, -sin, dx], [sin, cos, dy], [0.0, 0.0, 1.0]])


def fitted_similarity(points_source: ArrayLike, points_target: ArrayLike) -> Array:
    """The similarity `target_from_source` (scale, turn, shift; never a mirror) of least squared distance.

    Both (n, 2), n >= 2, in the same order. Umeyama 1991, "Least-squares estimation of transformation
    parameters between two point patterns", eqs. 40-42. Raises ValueError when the source points coincide.
    """
    source = checked_points(points_source, (None, 2), "points_source")
    target = checked_points(points_target, source.shape, "points_target")
    if len(source) < 2:
        raise ValueError("a similarity needs at least two pairs of points")
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    spread = ((source - source_mean) ** 2).sum() / len(source)
    if spread <= np.finfo(np.float64).eps * np.abs(source).max() ** 2:
        raise ValueError("the source points coincide: a similarity needs two different points")
    covariance = (target - target_mean).T @ (source - source_mean) / len(source)
    left, singular, right = np.linalg.svd(covariance)
    keep = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(keep) @ right
    target_from_source = np.eye(3)
    target_from_source[:2, :2] = (singular * keep).sum() / spread * rotation
    target_from_source[:2, 2] = target_mean - target_from_source[:2, :2] @ source_mean
    return target_from_source


def spine_alignment(source_c7_sacrum: ArrayLike, target_c7_sacrum: ArrayLike) -> Array:
    """`target_from_source` that carries C7 and the sacrum of one image exactly onto those of another.

    Both (2, 2): C7 first, then the sacrum, as (x, y). The scale, turn and shift lay a back photograph over
    the radiograph of the same visit. Both images must show the same side: it never mirrors.
    """
    source = checked_points(source_c7_sacrum, (2, 2), "source_c7_sacrum")
    target = checked_points(target_c7_sacrum, (2, 2), "target_c7_sacrum")
    if np.array_equal(target[0], target[1]):
        raise ValueError("C7 and the sacrum of the target coincide")
    return fitted_similarity(source, target)
