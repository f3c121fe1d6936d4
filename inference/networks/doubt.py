"""How far a landmark may lie from its place: seen several ways, and put right by cases with a known answer.

A network is asked four times, of the picture as it is, mirrored, and each of these slightly turned and scaled
(test-time augmentation). A point is the peak of the mean of its four maps, which is no place between two that
views disagree on; its covariance is how far the four peaks lie from it plus how far the heat spreads. That is
the network's own word; `scale_for` then measures on cases that were not trained on how much too small or
large it is, as split conformal prediction does (Vovk et al., 2005), so that an ellipse that says 90 % holds
90 % of the points of such cases. It says nothing of cases of another kind: `unlike` is for those.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.networks import heatmaps
from inference.networks.pictures import Affine, Picture, apply, inverse, moved, similarity, warp
from inference.networks.planes import tensor
from inference.networks.standardise import Statistics
from inference.recipes.landmarks import LandmarkRecipe

Floats = NDArray[np.float64]
LEVEL = 0.9  # what calibration makes true
LEVELS = (0.5, 0.9)  # what coverage is reported for
_TURN_DEG, _SCALE = 4.0, 1.04


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one picture: `points` (n, 2) px of its square, `heights` (n,) of the peaks,
    `covariances` (n, 2, 2) px^2, NaN where no map had a peak."""

    points: Floats
    heights: Floats
    covariances: Floats


def variants(side: int) -> list[tuple[Affine, bool]]:
    """The moves of the square that a picture is seen through, and whether they mirror."""
    turn, still = math.radians(_TURN_DEG), np.zeros(2)
    return [
        (similarity(side, side, angle, scale, still, mirrored=mirrored), mirrored)
        for angle, scale, mirrored in (
            (0.0, 1.0, False),
            (0.0, 1.0, True),
            (turn, _SCALE, False),
            (-turn, 1 / _SCALE, True),
        )
    ]


@torch.inference_mode()
def look(
    network: nn.Module,
    picture: Picture,
    recipe: LandmarkRecipe,
    statistics: Statistics | None,
    mirrored_order: Sequence[int],
) -> Seen:
    """The landmarks of one picture with their covariances, before calibration."""
    moves = variants(recipe.image_px)
    views = [moved(picture, move, recipe.image_px) for move, _ in moves]
    inputs = torch.from_numpy(np.stack([tensor(view, recipe, statistics) for view in views]))
    device = next(network.parameters()).device
    maps = network(inputs.to(device)).float().cpu().numpy()
    stride, order = recipe.heatmap_stride, list(mirrored_order)
    returned, peaks = [], []
    for one, (move, mirrored) in zip(maps, moves, strict=True):
        back = inverse(move)
        named = order if mirrored else list(range(len(one)))
        returned.append(_returned(one, back, stride)[named])
        peaks.append(apply(back, heatmaps.read(one, stride)[0])[named])
    mean = np.asarray(np.mean(returned, axis=0), dtype=np.float32)
    points, heights = heatmaps.read(mean, stride)
    off = np.stack(peaks) - points
    between = np.einsum("kni,knj->nij", off, off) / (len(peaks) - 1)
    return Seen(points, heights, between + heatmaps.spread(mean, points, stride, recipe.heatmap_sigma))


def _returned(maps: NDArray[np.float32], square_from_moved: Affine, stride: int) -> NDArray[np.float32]:
    """Maps (n, cells, cells) of a moved picture, where they belong in the unmoved one."""
    move = square_from_moved.copy()
    move[:, 2] /= stride
    return np.stack([warp(one, move, one.shape[0]) for one in maps])


def distances2(errors: Floats, covariances: Floats) -> Floats:
    """How far (n, 2) errors are, in the covariances' own measure, squared: (n,), NaN where unknown."""
    usable = np.isfinite(errors).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2))
    found = np.full(len(errors), np.nan)
    e, c = errors[usable], covariances[usable]
    found[usable] = np.einsum("ni,ni->n", e, np.linalg.solve(c, e[:, :, None])[:, :, 0])
    return found


def scale_for(errors: Floats, covariances: Floats) -> float:
    """The factor on covariances with which an ellipse of `LEVEL` holds that share of new points.

    The (n + 1) LEVEL-th smallest of n distances, over what a normal distribution's would be; with too few
    points for that the largest. 1 where nothing is known.
    """
    squared = np.sort(distances2(errors, covariances))
    squared = squared[np.isfinite(squared)]
    if not squared.size:
        return 1.0
    rank = min(math.ceil((squared.size + 1) * LEVEL), squared.size)
    return max(float(squared[rank - 1]) / _normal_distance2(LEVEL), 1e-6)


def coverage(errors: Floats, covariances: Floats) -> dict[str, float]:
    """The share of points within the ellipse of each level; what it should be is the level."""
    squared = distances2(errors, covariances)
    squared = squared[np.isfinite(squared)]
    if not squared.size:
        return {}
    return {f"{level:g}": float((squared <= _normal_distance2(level)).mean()) for level in LEVELS}


def _normal_distance2(level: float) -> float:
    """The squared distance within which a share of a normal distribution in the plane lies."""
    return -2 * math.log(1 - level)
