"""Landmark heatmaps: drawn from points, and read back to sub-cell points.

Points are in pixels of the network's input square, x right, y down, (0, 0) the outer corner; the centre of
heatmap cell (row i, column j) lies at ((j + 0.5) * stride, (i + 0.5) * stride).
"""

import math

import numpy as np
from numpy.typing import NDArray

# exp(-r^2 / 2 sigma^2) is below 1e-4 from here on, and drawn as 0.
_REACH_SIGMAS = 4.3


def draw(points_px: NDArray[np.float64], cells: int, stride: int, sigma: float) -> NDArray[np.float32]:
    """One Gaussian of height 1 and width `sigma` (cells) per point: (n, 2) px -> (n, cells, cells).

    A point that is not there (NaN) gives an empty map.
    """
    maps = np.zeros((len(points_px), cells, cells), dtype=np.float32)
    centres = np.arange(cells, dtype=np.float64) + 0.5
    for index, (x, y) in enumerate(points_px / stride):
        if math.isnan(x) or math.isnan(y):
            continue
        across = np.exp(-((centres - x) ** 2) / (2 * sigma**2))
        along = np.exp(-((centres - y) ** 2) / (2 * sigma**2))
        across[np.abs(centres - x) > _REACH_SIGMAS * sigma] = 0
        along[np.abs(centres - y) > _REACH_SIGMAS * sigma] = 0
        maps[index] = along[:, None] * across[None, :]
    return maps


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
