"""Where in a depth map the child stands: the square that a network looks at."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# A child stands within this of the camera; what is farther is the room.
_FARTHEST_MM = 2000
_NEAREST_MM = 400
# Neighbours on one surface differ by less, from one cell to the next.
_STEP_MM = 40
# Cells along the width: enough for a body, and a map has them in a millisecond.
_CELLS = 320
# How far what stands leans away from the camera, mm in depth for each mm of height; a floor leans more.
_LEAN = 0.7
# What is smaller than this, mm2, is no child.
_LEAST_AREA = 120_000
# All modes of the Azure Kinect's colour camera see 90 degrees across. Good enough to frame, not to measure.
_FOCAL_LENGTHS_PER_WIDTH = 0.475
# Head, back and pelvis of a tall child, and some room above.
_SIDE_MM, _ABOVE_MM = 1100.0, 100.0


def body_square(depth_mm: NDArray[Any]) -> tuple[float, float, float] | None:
    """(left, top, side) in pixels of a square of 1.1 m around head, back and pelvis of whoever stands
    in a registered depth map (h, w) in mm, 0 where there is no reading; None where nobody does."""
    width = depth_mm.shape[1]
    cell = max(1, width // _CELLS)
    depth = np.ascontiguousarray(depth_mm[cell // 2 :: cell, cell // 2 :: cell], dtype=np.float32)
    mask = _body(depth)
    if mask is None:
        return None
    rows, _ = np.nonzero(mask)
    distance_mm = float(np.median(depth[mask]))
    px_per_mm = _FOCAL_LENGTHS_PER_WIDTH * width / distance_mm
    top = float(rows.min()) * cell
    # Centred on the trunk: further down hang hands, and a floor may go on from the feet.
    trunk = mask[int(top / cell) : int((top + 0.6 * _SIDE_MM * px_per_mm) / cell) + 1]
    middle = (float(np.median(np.nonzero(trunk)[1])) + 0.5) * cell
    side = _SIDE_MM * px_per_mm
    return middle - side / 2, top - _ABOVE_MM * px_per_mm, side


def _body(depth: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The cells of the nearest thing that stands there and is large enough for a child."""
    near = (depth > _NEAREST_MM) & (depth < _FARTHEST_MM)
    highest = cv2.dilate(np.where(near, depth, 0).astype(np.float32), np.ones((3, 3)))
    lowest = cv2.erode(np.where(near, depth, np.inf).astype(np.float32), np.ones((3, 3)))
    smooth = near & (np.asarray(highest) - np.asarray(lowest) < _STEP_MM)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8), connectivity=8)
    rise = np.diff(depth, axis=0, append=depth[-1:])
    found = []
    for label in range(1, count):
        here = labels == label
        distance = float(np.median(depth[here]))
        cell_mm = distance / (_FOCAL_LENGTHS_PER_WIDTH * depth.shape[1])
        large = int(stats[label, cv2.CC_STAT_AREA]) * cell_mm**2 >= _LEAST_AREA
        if large and abs(float(np.median(rise[here]))) < _LEAN * cell_mm:
            found.append((distance, label))
    return np.asarray(labels == min(found)[1]) if found else None
