"""Landmark heatmaps: drawn from points, and read back to sub-cell points.

Points are in pixels of the network's input square, x right, y down, (0, 0) the outer corner; the centre of
heatmap cell (row i, column j) lies at ((j + 0.5) * stride, (i + 0.5) * stride).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# exp(-r^2 / 2 sigma^2) is below 1e-4 from here on, and drawn as 0.
_REACH_SIGMAS = 4.3
# The spread is taken over the part of the blob above this share of its height over the background.
_FOOT = 0.1
# The variance of a point that may lie anywhere in one cell: no map tells more.
_LEAST_CELLS2 = 1 / 12


def draw(
    points_px: NDArray[np.float64], cells: int | tuple[int, int], stride: int, sigma: float
) -> NDArray[np.float32]:
    """One Gaussian of height 1 and width `sigma` (cells) per point: (n, 2) px -> (n, height, width).

    `cells`: (height, width) of a map, or the side of a square one. A point that is not there (NaN) gives an
    empty map.
    """
    height, width = (cells, cells) if isinstance(cells, int) else cells
    maps = np.zeros((len(points_px), height, width), dtype=np.float32)
    for index, (x, y) in enumerate(points_px / stride):
        if not (math.isnan(x) or math.isnan(y)):
            maps[index] = _bell(height, y, sigma)[:, None] * _bell(width, x, sigma)[None, :]
    return maps


def _bell(cells: int, centre: float, sigma: float) -> NDArray[np.float64]:
    distance = np.abs(np.arange(cells, dtype=np.float64) + 0.5 - centre)
    return np.where(distance > _REACH_SIGMAS * sigma, 0, np.exp(-(distance**2) / (2 * sigma**2)))


def read(maps: NDArray[np.float32], stride: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The peaks of (n, h, w) maps: points (n, 2) in px and their heights (n,).

    Sub-cell by the vertex of the parabola through the logarithms of the peak and its two neighbours on each
    axis, which is exact for a Gaussian (Zhang et al., DARK, CVPR 2020, section 3.2, with a separable peak).
    """
    n, _, width = maps.shape
    flat = maps.reshape(n, -1)
    rows, columns = np.divmod(flat.argmax(axis=1), width)
    points = np.empty((n, 2))
    for index, (row, column) in enumerate(zip(rows, columns, strict=True)):
        heat = maps[index].astype(np.float64)
        points[index, 0] = column + 0.5 + _vertex(heat[row], int(column))
        points[index, 1] = row + 0.5 + _vertex(heat[:, column], int(row))
    return points * stride, flat.max(axis=1).astype(np.float64)


def spread(
    maps: NDArray[np.float32], points_px: NDArray[np.float64], stride: int, sigma: float
) -> NDArray[np.float64]:
    """How far the heat of (n, h, w) maps spreads about their peaks: covariances (n, 2, 2) in px^2, x first.

    `points_px` (n, 2) are the peaks that `read` found; `sigma` (cells) is the width that targets were drawn
    with. The second moments of the blob about its peak, over what is joined to the peak and higher than a
    tenth of it above the background (the map's median), put right for the foot that this cuts off; exact for
    a Gaussian. A network trained by squared error gives the target's Gaussian blurred by its doubt about the
    place, so the target's own variance is taken off; what is left is never below the width of a cell. A map
    without a peak gives NaN.

    It is the network's own doubt, not measured against errors: neither calibrated nor a confidence limit, and
    blind to a second candidate elsewhere on the map and to what the network never learnt to doubt.
    """
    covariances = np.full((len(maps), 2, 2), np.nan)
    for index, (heat, point) in enumerate(zip(maps.astype(np.float64), points_px / stride, strict=True)):
        background = float(np.median(heat))
        height = float(heat.max()) - background
        if height <= 0:
            continue
        above = _joined_to_peak(heat - background - _FOOT * height)
        rows, columns = np.nonzero(above)
        weights, offsets = above[rows, columns], np.stack([columns, rows]) + 0.5 - point[:, None]
        moments = (weights * offsets) @ offsets.T / weights.sum() / _share_above(_FOOT)
        variances, axes = np.linalg.eigh(moments)
        variances = np.maximum(variances - sigma**2, _LEAST_CELLS2)
        covariances[index] = (axes * variances) @ axes.T
    return covariances * stride**2


def _joined_to_peak(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """The heat above zero that is joined to its highest cell; zero elsewhere."""
    _, parts = cv2.connectedComponents((heat > 0).astype(np.uint8), connectivity=4)
    return np.where(parts == parts.flat[heat.argmax()], heat, 0.0)


def _share_above(foot: float) -> float:
    """What is left of a Gaussian's variance, of whatever widths, when `foot` of its height is taken off it.

    With s = r^2 / 2 sigma^2 the variance along an axis is sigma^2 times the mean of s, weighted by
    exp(-s) - foot from 0 to where that ends, at s = -ln(foot).
    """
    end = -math.log(foot)
    return (1 - foot * (1 + end + end**2 / 2)) / (1 - foot * (1 + end))


def _vertex(profile: NDArray[np.float64], peak: int) -> float:
    """The offset of the true peak from cell `peak`, in cells, within +-0.5.

    At the border the parabola goes through the three cells nearest to it.
    """
    if len(profile) < 3:
        return 0.0
    middle = min(max(peak, 1), len(profile) - 2)
    before, at, after = np.log(np.maximum(profile[middle - 1 : middle + 2], 1e-10))
    bend = before - 2 * at + after
    offset = middle - peak + 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(np.clip(offset, -0.5, 0.5))
