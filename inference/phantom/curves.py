"""Coronal curves as a design: end vertebrae, apices, Cobb angles, and the tilt profile that has them.

A spine is drawn as a chain of end vertebrae whose tilts alternate; between two of them the tilt runs
monotonically, fastest at the apex. An end vertebra carries the same tilt on both endplates, so the Cobb
angle between two of them is the difference of their tilts whichever endplate a reader takes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from inference.phantom.coronal import draw_chain
from inference.phantom.morphometry import LEVELS, T1, Floats

LEAST_CURVE_DEG: Final = 10.0
"""Below this a bend is no curve (SRS definition)."""

SEVERITIES: Final = {
    "none": (0.0, 9.0),
    "mild": (10.0, 24.5),
    "moderate": (25.0, 44.5),
    "severe": (45.0, 70.0),
}
MIX: Final = {"none": 0.03, "mild": 0.22, "moderate": 0.44, "severe": 0.31}
"""Near the shares among the 456 real films, with a few more straight spines."""


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
    """A random curve pattern, after real spines, whose largest Cobb angle lies in the severity's range."""
    low, high = SEVERITIES[severity]
    while True:
        major = float(low + (high - low) * rng.beta(1.3, 1.6))
        levels, apices, swings = draw_chain(rng, major)
        nodes = tuple(T1 + level for level in levels)
        plan = CurvePlan(_kind(apices, swings), nodes, tuple(T1 + a for a in apices), tuple(swings))
        # Bends that run on over a small counter-swing read as one larger curve.
        if low <= _largest_deg(plan) <= high:
            return plan


def _largest_deg(plan: CurvePlan) -> float:
    """The largest angle a reader finds, or the whole range of tilts where there is no curve."""
    found = [abs(curve.cobb_deg) for curve in designed_curves(plan)]
    return max(found) if found else float(np.ptp(np.cumsum([0.0, *plan.swings_deg])))


def _kind(apices: Sequence[float], swings: Sequence[float]) -> str:
    """Name of the pattern (Ponseti & Friedman 1950) by the regions of its two largest bends."""
    order = sorted(range(len(swings)), key=lambda k: -abs(swings[k]))
    places = [region(LEVELS[round(T1 + apices[k])]) for k in order[:2]]
    double = len(order) > 1 and abs(swings[order[1]]) > 0.75 * abs(swings[order[0]])
    if double:
        return "double_major" if "TL/L" in places else "double_thoracic"
    if places[0] != "TL/L":
        return "single_thoracic"
    return "thoracolumbar" if apices[order[0]] < LEVELS.index("L2") - T1 else "lumbar"


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
