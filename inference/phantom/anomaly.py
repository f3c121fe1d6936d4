"""What a film may show beside the child: a brace, implanted rods, and a child with one lung.

Made for work on anomalies; the truth names which of them a study has. Only the radiograph shows them.
"""

from typing import Final

import numpy as np

from inference.phantom.curves import CurvePlan, designed_curves
from inference.phantom.mesh import Mesh, ellipsoid, loft, merged, tube
from inference.phantom.morphometry import L5, LEVELS, PEDICLE_WIDTH_MM, T1, Floats
from inference.phantom.spine import Spine
from inference.phantom.tissue import METAL_OVER_SOFT, POLYMER
from inference.phantom.trunk import Build, angles, skin_section
from inference.phantom.vertebrae import pedicle_centre
from inference.phantom.warp import Warp

BRACE_MM: Final = (-318.0, 96.0)
BRACE_WALL_MM: Final = 4.5
BRACE_GAP_MM: Final = 5.0
BRACE_AROUND: Final = 120
ROD_RADIUS_MM: Final = 2.75
"""Rods of 5.5 mm are the usual ones in adolescents."""
SCREW_RADIUS_MM: Final = 2.75


def brace(build: Build, warp: Warp, rng: np.random.Generator) -> Mesh:
    """A shell of polyethylene from the axillae to the hips, thicker over its pads, with metal buckles."""
    k = build.scale
    y = np.linspace(*BRACE_MM, 46)[:, None] * k
    angle = angles(BRACE_AROUND)[None, :]
    lean, pads = rng.uniform(-18, 18), [(rng.uniform(-250, -60), rng.uniform(0.9, 1.8)) for _ in range(2)]
    # The trim line runs higher below one arm.
    y = y + lean * k * np.sin(angle) * (BRACE_MM[1] * k - y) / ((BRACE_MM[1] - BRACE_MM[0]) * k)
    x, forward = skin_section(build, y, angle)
    out = np.stack([np.sin(angle) * np.ones_like(x), np.zeros_like(x), -np.cos(angle) * np.ones_like(x)], -1)
    points = np.stack([x, y, warp.column_z(y) + forward], -1)
    wall = np.full_like(x, BRACE_WALL_MM)
    for side, (level, turn) in zip((1.0, -1.0), pads, strict=True):
        place = ((y / k - level) / 45.0) ** 2 + ((angle - side * turn) / 0.35) ** 2
        wall += 9.0 * np.exp(-place)
    outer = warp.apply(points + (BRACE_GAP_MM + wall)[..., None] * out)
    inner = warp.apply(points + BRACE_GAP_MM * out)
    # One skin outside, round the lower edge and back inside; the two caps fall together and cancel.
    rings = np.concatenate([outer, inner[::-1], outer[:1]])
    shell = loft(rings, POLYMER)
    buckles = []
    for level in (-230.0, -110.0, 10.0):
        bx, bf = skin_section(build, np.array([[level * k]]), np.array([[np.pi - 0.25]]))
        place = np.array([bx[0, 0], level * k, float(warp.column_z(np.array(level * k))) + bf[0, 0] + 12.0])
        radii = np.array([11.0, 7.0, 1.6]) * k
        buckles.append(ellipsoid(warp.apply(place), radii, 0.25 * METAL_OVER_SOFT, 7, 12))
    return merged([shell, *buckles])


def rods(spine: Spine, plan: CurvePlan, rng: np.random.Generator) -> Mesh:
    """Two rods behind the laminae over the major curve, screwed into most of its pedicles."""
    first, last = instrumented(plan)
    k, parts = spine.scale, []
    for side in (1.0, -1.0):
        heads = []
        for i in range(first, last + 1):
            entry = pedicle_centre(spine, i) * np.array([side, 1.0, 1.0])
            start = entry + np.array([side * 3.0, 0.0, -24.0]) * k
            heads.append(spine.centre[i] + spine.frame[i] @ start)
            if i in (first, last) or rng.random() < 0.75:
                tip = entry + np.array([-side * 4.0, 0.0, 26.0]) * k
                parts.append(_screw(spine, i, start, tip))
        path = np.array(heads)
        ends = np.array([1.5 * path[0] - 0.5 * path[1], 1.5 * path[-1] - 0.5 * path[-2]])
        path = _smooth(np.concatenate([ends[:1], path, ends[1:]]))
        size = np.full(len(path), ROD_RADIUS_MM)
        parts.append(tube(path, size, size, np.array([1.0, 0.0, 0.0]), METAL_OVER_SOFT, 16))
    return merged(parts)


def instrumented(plan: CurvePlan) -> tuple[int, int]:
    """First and last level of the rods: one beyond the end vertebrae of the largest curve."""
    curves = designed_curves(plan)
    if not curves:
        return LEVELS.index("T4"), LEVELS.index("L1")
    major = max(curves, key=lambda curve: abs(curve.cobb_deg))
    first, last = LEVELS.index(major.upper_end), LEVELS.index(major.lower_end)
    return max(first - 1, T1 + 1), min(max(last + 1, first + 4), L5)


def _screw(spine: Spine, i: int, start: Floats, tip: Floats) -> Mesh:
    """A threaded shank as a cylinder, and the head that holds the rod."""
    local = np.linspace(start, tip, 5)
    path = spine.centre[i] + local @ spine.frame[i].T
    radius = np.full(5, min(SCREW_RADIUS_MM, 0.42 * PEDICLE_WIDTH_MM[i] * spine.scale))
    shank = tube(path, radius, radius, spine.frame[i, :, 0], METAL_OVER_SOFT, 10)
    head = ellipsoid(path[0], np.array([6.0, 6.5, 6.5]), METAL_OVER_SOFT, 7, 12)
    return merged([shank, head])


def _smooth(path: Floats) -> Floats:
    """A rod is bent by hand: no sharper than this."""
    for _ in range(4):
        path[1:-1] = 0.25 * path[:-2] + 0.5 * path[1:-1] + 0.25 * path[2:]
    return path


def only_lung(anomaly: str, rng: np.random.Generator) -> float:
    """The side of the one lung that there is (+1 right), or 0 where there are both."""
    if anomaly != "missing-lung":
        return 0.0
    return 1.0 if rng.random() < 0.5 else -1.0
