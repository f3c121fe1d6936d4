"""How many images have how large a Cobb angle."""

from collections.abc import Sequence
from typing import Any

import numpy as np

STEP_DEG = 5
# The steps of the Scoliosis Research Society's severity: no curve, mild, moderate, severe.
SEVERITY_DEG = (10, 25, 45)


def angles_of(angles_deg: Sequence[float], images: int) -> dict[str, Any]:
    """The distribution of the largest angle of each image that has one, of `images` in all.

    `bins[i]` counts angles from i * STEP_DEG up to, not including, the next; `severity` those below 10, from
    10, from 25 and from 45 degrees.
    """
    found = np.asarray(angles_deg, dtype=np.float64)
    if not found.size:
        return {"images": 0, "without": images, "bins": [], "severity": [0, 0, 0, 0]}
    bins = np.bincount((found // STEP_DEG).astype(np.intp))
    edges = [0, *SEVERITY_DEG, np.inf]
    severity, _ = np.histogram(found, edges)
    return {
        "images": int(found.size),
        "without": images - int(found.size),
        "mean": float(found.mean()),
        "median": float(np.median(found)),
        "max": float(found.max()),
        "bins": bins.tolist(),
        "severity": severity.tolist(),
    }
