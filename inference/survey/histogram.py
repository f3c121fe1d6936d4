"""Counts of whole-number pixel values, from which every statistic follows exactly, however many pixels."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_DRAWN_BINS = 32


class Histogram:
    """How often each value 0 .. levels - 1 occurred."""

    def __init__(self, levels: int, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(levels, dtype=np.int64) if counts is None else counts

    def add(self, values: NDArray[Any]) -> None:
        """Count an array of whole numbers of any shape. Raises ValueError where one is too large."""
        counted = np.bincount(values.ravel(), minlength=len(self.counts))
        if len(counted) > len(self.counts):
            raise ValueError(f"a value lies above {len(self.counts) - 1}")
        self.counts += counted

    def __add__(self, other: Self) -> "Histogram":
        return Histogram(len(self.counts), self.counts + other.counts)

    def summary(self, low: int = 0, high: int | None = None) -> dict[str, Any] | None:
        """Statistics of the values from `low` to `high`, both included; None where there are none.

        `sd` is that of the values themselves (divided by n). `bins`: shares of 32 equal parts from
        `min` to `max`.
        """
        high = len(self.counts) - 1 if high is None else high
        counts = self.counts[low : high + 1]
        pixels = int(counts.sum())
        if pixels == 0:
            return None
        values = np.arange(low, high + 1, dtype=np.float64)
        mean = float(values @ counts) / pixels
        variance = float(((values - mean) ** 2) @ counts) / pixels
        present = np.flatnonzero(counts)
        reached = counts[present[0] : present[-1] + 1]
        parts = np.array_split(reached, min(_DRAWN_BINS, len(reached)))
        return {
            "pixels": pixels,
            "min": int(present[0]) + low,
            "max": int(present[-1]) + low,
            "mean": mean,
            "sd": variance**0.5,
            "bins": [round(float(part.sum()) / pixels, 6) for part in parts],
        }

    def share(self, low: int, high: int) -> float:
        """The share of values from `low` to `high`, both included; 0 where nothing was counted."""
        total = int(self.counts.sum())
        return float(self.counts[low : high + 1].sum()) / total if total else 0.0
