"""How real scoliotic spines bend: statistics of their coronal tilts, and chains of end vertebrae from them.

The coefficients are a principal component analysis of the mid-plane tilts of T1..L5, their mean removed, of
456 films of the AASCE collection (481 less 25 with known label faults), turned to patient coordinates:
positive when the patient's right side is lower. Six modes carry 98.0 % of the variance. The scores on them
are a mixture of three normal distributions, fitted by expectation and maximisation: roughly curves that are
mostly thoracic, curves that are mostly lumbar, and all kinds of large ones.
"""

from itertools import pairwise
from typing import Final

import numpy as np

from inference.phantom.morphometry import Floats

# fmt: off
MEAN_DEG: Final[Floats] = np.array(
    [1.58, -0.27, -3.48, -7.47, -9.56, -8.91, -5.43, -0.68, 4.51,
     9.05, 11.51, 10.71, 7.1, 2.01, -2.82, -4.45, -3.42]
)
MODES: Final[Floats] = np.array([
    [-0.076, -0.129, -0.209, -0.293, -0.346, -0.334, -0.254, -0.12, 0.049,
     0.223, 0.339, 0.378, 0.358, 0.278, 0.143, 0.025, -0.031],
    [0.048, 0.088, 0.099, 0.066, 0.0, -0.087, -0.191, -0.295, -0.354,
     -0.377, -0.306, -0.122, 0.112, 0.331, 0.421, 0.348, 0.221],
    [0.309, 0.38, 0.373, 0.258, 0.069, -0.132, -0.266, -0.293, -0.187,
     -0.039, 0.102, 0.187, 0.154, -0.023, -0.238, -0.342, -0.311],
    [0.245, 0.242, 0.146, -0.047, -0.235, -0.32, -0.274, -0.066, 0.169,
     0.27, 0.096, -0.178, -0.379, -0.319, -0.014, 0.256, 0.409],
    [0.474, 0.288, -0.051, -0.361, -0.305, -0.087, 0.216, 0.29, 0.155,
     -0.076, -0.251, -0.233, 0.022, 0.221, 0.12, -0.092, -0.33],
    [0.262, 0.115, -0.173, -0.314, -0.09, 0.179, 0.203, -0.013, -0.285,
     -0.268, 0.01, 0.255, 0.236, -0.201, -0.377, -0.04, 0.501],
])
SHARES: Final = (0.452, 0.366, 0.182)
CENTRES_DEG: Final[Floats] = np.array([
    [18.4, -3.0, 1.3, -0.2, 0.9, -0.2],
    [-18.8, 0.3, -4.4, 1.6, -0.3, 0.0],
    [-8.1, 7.0, 5.5, -2.7, -1.5, 0.6],
])
FACTORS_DEG: Final[Floats] = np.array([
    [[23.8, 0.0, 0.0, 0.0, 0.0, 0.0], [5.1, 23.8, 0.0, 0.0, 0.0, 0.0], [-5.5, 4.0, 14.0, 0.0, 0.0, 0.0],
     [-1.8, 1.3, 2.2, 6.6, 0.0, 0.0], [-1.0, 0.5, -0.7, 2.3, 5.4, 0.0], [-0.1, -0.9, -0.2, 1.1, 0.9, 3.1]],
    [[14.0, 0.0, 0.0, 0.0, 0.0, 0.0], [-6.5, 20.2, 0.0, 0.0, 0.0, 0.0], [2.4, -1.8, 7.6, 0.0, 0.0, 0.0],
     [-0.2, -3.3, -3.4, 8.0, 0.0, 0.0], [0.2, 0.8, -1.0, 1.0, 4.3, 0.0], [1.3, -0.6, 0.7, -0.2, -0.5, 3.2]],
    [[43.8, 0.0, 0.0, 0.0, 0.0, 0.0], [2.1, 46.4, 0.0, 0.0, 0.0, 0.0], [1.9, -1.9, 23.1, 0.0, 0.0, 0.0],
     [3.8, 1.8, -2.1, 14.8, 0.0, 0.0], [-0.3, -0.6, 1.1, -3.7, 6.6, 0.0], [-0.5, 2.0, -0.2, -0.7, -1.6, 6.0]],
])
"""Lower Cholesky factors of the covariances."""
# fmt: on
LEAST_SWING_DEG: Final = 2.5
LEAST_GAP: Final = 2
CANDIDATES: Final = 12

Chain = tuple[list[int], list[float], list[float]]
"""Node levels counted from T1 = 0, apex between each pair, swing (deg) of each pair."""


def draw_chain(rng: np.random.Generator, major_deg: float) -> Chain:
    """A random bend pattern whose largest swing is ``major_deg``.

    Of a dozen spines drawn from the statistics the one nearest in size is taken and scaled, so that large
    curves have the shapes of large curves.
    """
    kind = rng.choice(len(SHARES), CANDIDATES, p=SHARES)
    scores = CENTRES_DEG[kind] + np.einsum(
        "nij,nj->ni", FACTORS_DEG[kind], rng.standard_normal((CANDIDATES, len(MODES)))
    )
    tilts = MEAN_DEG + scores @ MODES
    chains = [chain_of(row) for row in tilts]
    sizes = np.array([max((abs(s) for s in swings), default=0.0) for _, _, swings in chains])
    best = int(np.argmin(np.abs(np.log(np.maximum(sizes, 1.0) / max(major_deg, 4.0)))))
    nodes, apices, swings = chains[best]
    return nodes, apices, [swing * major_deg / sizes[best] for swing in swings]


def chain_of(tilts_deg: Floats) -> Chain:
    """The turning points of a tilt profile (17,) from T1 to L5, with the ends as first and last node.

    Swings under LEAST_SWING_DEG and nodes nearer than LEAST_GAP levels are merged away. The apex is where
    the tilt is half-way between its two end vertebrae (Cobb 1948: the least tilted vertebra).
    """
    nodes = _turning_points(tilts_deg)
    swings = [float(tilts_deg[b] - tilts_deg[a]) for a, b in pairwise(nodes)]
    apices = [_half_way(tilts_deg, a, b) for a, b in pairwise(nodes)]
    return nodes, apices, swings


def _turning_points(tilts: Floats) -> list[int]:
    slope = np.sign(np.diff(tilts))
    nodes = [0, *(int(k) for k in np.flatnonzero(slope[1:] * slope[:-1] < 0) + 1), len(tilts) - 1]
    while len(nodes) > 2:
        gaps, swings = np.diff(nodes), np.abs(np.diff(tilts[nodes]))
        weak = np.where((swings < LEAST_SWING_DEG) | (gaps < LEAST_GAP), swings, np.inf)
        k = int(np.argmin(weak))
        if np.isinf(weak[k]):
            break
        # Drop the inner ends of the weak bend; at either end of the column one node has to stay.
        del nodes[max(k, 1) : min(k + 2, len(nodes) - 1)]
    return nodes


def _half_way(tilts: Floats, start: int, stop: int) -> float:
    run = (tilts[start : stop + 1] - tilts[start]) / (tilts[stop] - tilts[start])
    place = float(np.interp(0.5, np.maximum.accumulate(run), np.arange(stop - start + 1)))
    length = stop - start
    return start + float(np.clip(place, 0.25 * length, 0.75 * length))
