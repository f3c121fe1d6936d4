"""How much the back moved within a burst, and how much the depth of each pixel flickered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotation.imaging.depth import BurstMean, DepthMap, Mask

NOISE_FULL_MM = 10.0
"""The noise that is white in `noise_picture`."""

BODY_DEPTH_MM = 350.0
MIDDLE = 0.5
LEAST_PIXELS = 200


def body_mask(mean_mm: NDArray[np.float32]) -> Mask:
    """(height, width) bool: what stands in the middle, no farther than 35 cm behind its nearest part.

    Only columns and rows of the middle half of the picture; the wall behind would hide a movement.
    """
    height, width = mean_mm.shape
    rows, columns = (
        slice(int(side * (1 - MIDDLE) / 2), int(side * (1 + MIDDLE) / 2)) for side in (height, width)
    )
    mask = np.zeros(mean_mm.shape, dtype=bool)
    middle = mean_mm[rows, columns]
    seen = middle[np.isfinite(middle)]
    if seen.size >= LEAST_PIXELS:
        mask[rows, columns] = middle <= np.percentile(seen, 5) + BODY_DEPTH_MM
    return mask


def sway_mm(frames: Sequence[DepthMap], mean: BurstMean) -> float | None:
    """The largest minus the smallest distance of the body within a burst, mm; None where nobody is seen.

    A frame's distance is the median, over the body, of its depth minus the burst's mean: the median of the
    signed differences is free of the noise of single pixels, of which each frame has much.
    """
    body = body_mask(mean.mean_mm)
    moved = []
    for frame in frames:
        measured = body & (frame > 0)
        if measured.sum() >= LEAST_PIXELS:
            moved.append(float(np.median(frame[measured] - mean.mean_mm[measured])))
    return max(moved) - min(moved) if len(moved) > 1 else None


def noise_picture(mean: BurstMean) -> NDArray[np.uint8]:
    """(height, width) uint8: the standard deviation of one frame, 0 for none to 254 for 10 mm and more.

    255 where it is not known: a hole, or measured only once.
    """
    known = np.isfinite(mean.noise_mm)
    share = np.clip(np.where(known, mean.noise_mm, 0) / NOISE_FULL_MM, 0, 1)
    return np.where(known, np.rint(share * 254), 255).astype(np.uint8)
