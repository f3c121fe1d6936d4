"""Raw values to the network's: seed 000's ways to standardise (5.1.3), and one that needs no statistics.

| name | value | over |
|---|---|---|
| `picture` | mean 0, deviation 1 | each picture by itself; depth over its valid readings, holes 0 |
| `zscore`, `zscore-back` | (x - mean) / deviation | the training set: whole pictures, or the backs |
| `minmax`, `minmax-back` | (x - min) / (max - min) | the same two |
| `none` | x | |

The seed speaks once of the mean "of the dataset" and once "of the whole image"; its tables 2 and 3, and that
moving all depths by a metre should change anything, speak for the dataset. There a hole counts as the 0 mm
that the camera writes, as in table 3, whose least value is 0. The back is what lies 1200 to 1800 mm away.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.recipes.landmarks import Standardise

BACK_MM = (1200.0, 1800.0)

Planes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Statistics:
    """(x - shift) / scale, per plane in the order of the network's input, without the plane of validity."""

    shift: tuple[float, ...]
    scale: tuple[float, ...]


def back_of(depth_mm: Planes) -> NDArray[np.bool_]:
    """Where the person is who stands as the protocol says."""
    return np.asarray((depth_mm >= BACK_MM[0]) & (depth_mm <= BACK_MM[1]))


def measured(pictures: Iterable[tuple[Planes, Planes | None]], how: Standardise) -> Statistics | None:
    """The statistics of a training set; None where `how` needs none.

    `pictures`: (planes (n, h, w) of raw values, depth (h, w) in mm or None). Raises ValueError where the back
    is asked for and there is no depth, or nobody at its distance.
    """
    if how in ("picture", "none"):
        return None
    count, low, high = 0, np.float64(np.inf), np.float64(-np.inf)
    total = squares = np.float64(0)
    for planes, depth_mm in pictures:
        if how.endswith("-back") and depth_mm is None:
            raise ValueError("only depth says where the back is: take depth among the channels")
        chosen = back_of(depth_mm) if how.endswith("-back") and depth_mm is not None else ...
        values = planes[:, chosen].reshape(len(planes), -1).astype(np.float64)
        if not values.size:
            continue
        count += values.shape[1]
        total, squares = total + values.sum(axis=1), squares + (values**2).sum(axis=1)
        low, high = np.minimum(low, values.min(axis=1)), np.maximum(high, values.max(axis=1))
    if not count:
        raise ValueError(f"no picture shows anything between {BACK_MM[0]:g} and {BACK_MM[1]:g} mm")
    if how.startswith("zscore"):
        shift = total / count
        scale = np.sqrt(np.maximum(squares / count - shift**2, 0))
    else:
        shift, scale = low, high - low
    scale = np.where(scale > 0, scale, 1)  # a plane of one value
    return Statistics(tuple(np.atleast_1d(shift).tolist()), tuple(np.atleast_1d(scale).tolist()))


def by_statistics(planes: Planes, statistics: Statistics) -> Planes:
    """(n, h, w) raw values, each plane shifted and scaled."""
    shift, scale = (np.array(part)[:, None, None] for part in (statistics.shift, statistics.scale))
    return np.asarray((planes - shift) / scale, dtype=np.float32)


def by_itself(values: Planes, valid: NDArray[np.bool_], least: float) -> Planes:
    """Mean 0 and deviation 1 over the valid values, 0 elsewhere; `least`: deviations below it are noise."""
    inside = values[valid]
    mean, spread = (float(inside.mean()), float(inside.std())) if inside.size else (0.0, 1.0)
    return np.where(valid, (values - mean) / max(spread, least), 0).astype(np.float32)
