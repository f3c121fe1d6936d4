"""Where the landmarks of many pictures lie, in shares of the picture, and how large the pictures are."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from inference.rundir import Points

# So many dots are drawn at most for one landmark; more would be one blot.
MOST_DOTS = 300


def places_of(names: Sequence[str], pictures: Sequence[tuple[Points, int, int]]) -> dict[str, Any]:
    """The scatter of each point over (points in the order of `names`, width, height) of each picture.

    `points`: per name in how many pictures it was placed, its mean and its covariance [xx, xy, yy] (divided
    by n), all in shares of width and height. `dots`: [index of the name, x, y], evenly thinned out.
    `aspect`: the median of width over height.
    """
    points, dots = [], []
    for index, name in enumerate(names):
        placed = [
            (spot[0] / width, spot[1] / height)
            for found, width, height in pictures
            if (spot := found[index]) is not None
        ]
        points.append({"name": name, **_spread(placed)})
        step = max(1, -(-len(placed) // MOST_DOTS))
        dots += [[index, round(x, 4), round(y, 4)] for x, y in placed[::step]]
    aspect = median(width / height for _, width, height in pictures) if pictures else 1.0
    return {"points": points, "dots": dots, "aspect": aspect}


def _spread(placed: list[tuple[float, float]]) -> dict[str, Any]:
    if not placed:
        return {"images": 0, "mean": None, "covariance": None}
    table = np.array(placed)
    off = table - table.mean(axis=0)
    (xx, xy), (_, yy) = (off.T @ off / len(table)).tolist()
    return {"images": len(placed), "mean": table.mean(axis=0).tolist(), "covariance": [xx, xy, yy]}


def sizes_of(sizes: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    """How many pictures have which (width, height), the commonest first."""
    return [
        {"width": width, "height": height, "images": images}
        for (width, height), images in Counter(sizes).most_common()
    ]
