"""How large a pixel is at the child, so that a training can tell its errors in mm."""

import uuid
from collections.abc import Iterable

import numpy as np

from annotation.imaging.registration import sample_depth
from annotation.models import Image
from inference.rundir import Case, RunDir


def mm_per_px_of(run: RunDir, cases: Iterable[Case]) -> dict[str, float]:
    """By image, where it is known. On a film as its calibration says; on a back the median distance of its
    landmarks over the focal length, which needs the camera and depth that was brought into the run."""
    rows = Image.objects.in_bulk([uuid.UUID(case.image) for case in cases])
    sizes = {}
    for case in cases:
        size = _size(run, case, rows[uuid.UUID(case.image)])
        if size is not None:
            sizes[case.image] = size
    return sizes


def _size(run: RunDir, case: Case, row: Image) -> float | None:
    if row.spacing_mm is not None:
        return float(np.mean(row.spacing_mm))
    placed = [point for point in case.points_px if point is not None]
    if row.camera is None or case.depth is None or not placed:
        return None
    distances_mm = sample_depth(np.load(run.path / case.depth, allow_pickle=False), placed)
    known = distances_mm[np.isfinite(distances_mm)]
    return float(np.median(known)) / float(row.camera["fx"]) if known.size else None
