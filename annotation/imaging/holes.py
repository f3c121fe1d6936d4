"""Where a depth map has holes: how many, how large. Apart from `depth`, so that reading a picture needs no
SciPy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from annotation.imaging.depth import DepthMap, Mask, valid_mask


@dataclass(frozen=True)
class HoleStatistics:
    """Missing depth within a region. fraction: 0..1 of its pixels; count and largest_px: connected holes."""

    fraction: float
    count: int
    largest_px: int


def hole_statistics(depth_mm: DepthMap, region: Mask | None = None) -> HoleStatistics:
    """How much depth is missing inside `region` ((height, width) bool; None = the whole map)."""
    holes = ~valid_mask(depth_mm)
    inside = np.ones(depth_mm.shape, dtype=bool) if region is None else region
    holes &= inside
    labels, count = ndimage.label(holes)
    largest = int(np.bincount(labels.ravel())[1:].max()) if count else 0
    return HoleStatistics(float(holes.sum() / max(int(inside.sum()), 1)), int(count), largest)
