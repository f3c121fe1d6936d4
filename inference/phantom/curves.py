"""Coronal curves as a design: end vertebrae, apices, Cobb angles, and the tilt profile that has them.

A spine is drawn as a chain of end vertebrae whose tilts alternate; between two of them the tilt runs
monotonically, fastest at the apex. An end vertebra carries the same tilt on both endplates, so the Cobb
angle between two of them is the difference of their tilts whichever endplate a reader takes.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from inference.phantom.morphometry import L5, LEVELS, T1, Floats

LEAST_CURVE_DEG: Final = 10.0
"""Below this a bend is no curve (SRS definition)."""

SEVERITIES: Final = {
    "none": (0.0, 9.0),
    "mild": (10.0, 24.5),
    "moderate": (25.0, 44.5),
    "severe": (45.0, 70.0),
}
MIX: Final = {"none": 0.15, "mild": 0.35, "moderate": 0.33, "severe": 0.17}

TYPES: Final = ("single_thoracic", "double_thoracic", "thoracolumbar", "lumbar", "double_major")
TYPE_SHARE: Final = (0.38, 0.12, 0.15, 0.13, 0.22)


@dataclass(frozen=True)
class Curve:
    """One designed curve. ``cobb_deg`` is positive for a convexity to the patient's right."""

    upper_end: str
    apex: str
    lower_end: str
    cobb_deg: float

    def as_dict(self) -> dict[str, str | float]:
        """For truth.json, with the side and the region in words."""
        side = "right" if self.cobb_deg > 0 else "left"
        return {
            **asdict(self),
            "cobb_deg": round(self.cobb_deg, 3),
            "side": side,
            "region": region(self.apex),
        }


@dataclass(frozen=True)
class CurvePlan:
    """The chain: node levels (index into LEVELS), apex level between each pair, signed swing of each pair."""

    kind: str
    nodes: tuple[int, ...]
    apices: tuple[float, ...]
    swings_deg: tuple[float, ...]


def region(apex: str) -> str:
    """PT (apex T1-T5), MT (T6-T11) or TL/L (T12-L5)."""
    place = LEVELS.index(apex)
    if place <= LEVELS.index("T5"):
        return "PT"
    return "MT" if place <= LEVELS.index("T11") else "TL/L"


def draw_severity(rng: np.random.Generator) -> str:
    """One of the four severities in the share of MIX."""
    return str(rng.choice(list(MIX), p=list(MIX.values())))


def draw_plan(rng: np.random.Generator, severity: str) -> CurvePlan:
    """A random curve pattern whose largest Cobb angle lies in the severity's range.

    Patterns and typical end levels after Ponseti & Friedman (1950) and Lenke et al. (2001); the share of
    right-convex main thoracic curves is 88 %.
    """
    low, high = SEVERITIES[severity]
    major = float(low + (high - low) * rng.beta(1.3, 1.6))
    kind = str(rng.choice(TYPES, p=TYPE_SHARE))
    levels, shares = _PATTERNS[kind]
    jitter = rng.integers(-1, 2, len(levels))
    inner = (min(T1 + a + int(j), L5 - 1) for a, j in zip(levels, jitter, strict=True))
    nodes = [T1, *inner, L5]
    swings = np.array([float(rng.uniform(*share)) for share in shares])
    swings *= major / swings.max()
    side = 1.0 if rng.random() < 0.88 else -1.0
    signs = side * _FIRST_SIGN[kind] * (-1.0) ** np.arange(len(swings))
    apices = [
        a + 1 + (b - a - 2) * float(rng.uniform(0.4, 0.6)) if b - a > 2 else (a + b) / 2
        for a, b in pairwise(nodes)
    ]
    return CurvePlan(kind, tuple(nodes), tuple(apices), tuple(float(s) for s in swings * signs))


# Inner end vertebrae counted from T1 = 0, and for each bend of the chain its range of relative size.
_PATTERNS: Final[dict[str, tuple[tuple[int, ...], tuple[tuple[float, float], ...]]]] = {
    "single_thoracic": ((5, 11, 15), ((0.25, 0.5), (1.0, 1.0), (0.35, 0.65), (0.05, 0.2))),
    "double_thoracic": ((5, 11, 15), ((0.7, 0.95), (1.0, 1.0), (0.3, 0.6), (0.05, 0.2))),
    "thoracolumbar": ((4, 9, 14), ((0.05, 0.2), (0.3, 0.55), (1.0, 1.0), (0.15, 0.35))),
    "lumbar": ((5, 10, 15), ((0.05, 0.2), (0.35, 0.6), (1.0, 1.0), (0.1, 0.3))),
    "double_major": ((4, 10, 15), ((0.2, 0.4), (0.85, 1.0), (0.85, 1.0), (0.1, 0.25))),
}
# The main thoracic bend (second of each chain) is to the right for side = +1, so the first is to the left;
# where the lower curve leads, it is the one on the left.
_FIRST_SIGN: Final = dict.fromkeys(TYPES, -1.0)


def tilt_profile(plan: CurvePlan, position: Floats) -> tuple[Floats, Floats]:
    """Tilt (deg) and its rate, shaped by the plan, at ``position`` (n,) counted in levels (index of LEVELS).

    Each pair of nodes is joined by a smooth step that is steepest at the apex and flat at the nodes; above
    T1 and below L5 the tilt fades towards nothing. Returns tilt (n,) up to a constant, and swing per level.
    """
    nodes = np.array(plan.nodes, dtype=np.float64)
    at_node = np.concatenate([[0.0], np.cumsum(plan.swings_deg)])
    tilt = np.full_like(position, at_node[0])
    rate = np.zeros_like(position)
    for k, swing in enumerate(plan.swings_deg):
        start, stop = nodes[k], nodes[k + 1]
        if stop <= start:
            tilt += np.where(position >= start, swing, 0.0)
            continue
        warped = np.interp(position, [start, plan.apices[k], stop], [0.0, 0.5, 1.0])
        tilt += swing * warped**2 * (3 - 2 * warped)
        rate += swing * 6 * warped * (1 - warped) / (stop - start)
    return tilt, rate


def designed_curves(plan: CurvePlan) -> list[Curve]:
    """The curves of at least ten degrees that the plan holds, top to bottom.

    Neighbouring bends that a swing of less than ten degrees interrupts count as one curve (zig-zag rule).
    """
    tilts = np.concatenate([[0.0], np.cumsum(plan.swings_deg)])
    turns = _turning_nodes(tilts)
    curves = []
    for i, j in pairwise(turns):
        if abs(tilts[j] - tilts[i]) < LEAST_CURVE_DEG:
            continue
        largest = i + int(np.argmax(np.abs(np.diff(tilts[i : j + 1]))))
        apex = LEVELS[round(plan.apices[largest])]
        curves.append(Curve(LEVELS[plan.nodes[i]], apex, LEVELS[plan.nodes[j]], float(tilts[j] - tilts[i])))
    return curves


def _turning_nodes(tilts: Floats) -> list[int]:
    """Indices of the extrema of a zig-zag whose reversals are at least ten degrees."""
    lowest, highest, found, direction = 0, 0, [], 0
    for k in range(1, len(tilts)):
        lowest = k if tilts[k] < tilts[lowest] else lowest
        highest = k if tilts[k] > tilts[highest] else highest
        if direction >= 0 and tilts[highest] - tilts[k] >= LEAST_CURVE_DEG:
            found.append(highest)
            direction, lowest, highest = -1, k, k
        elif direction <= 0 and tilts[k] - tilts[lowest] >= LEAST_CURVE_DEG:
            found.append(lowest)
            direction, lowest, highest = 1, k, k
    if direction == 0:
        return []
    found.append(highest if direction > 0 else lowest)
    return found
