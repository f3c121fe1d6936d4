"""Soft parts that a film shows: lungs, heart, diaphragm, airway, psoas, gas in stomach and bowel."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.phantom.mesh import Mesh, ellipsoid, loft, merged, tube
from inference.phantom.morphometry import Floats
from inference.phantom.spine import Spine
from inference.phantom.tissue import FAT, GAS_OVER_SOFT, LIVER_OVER_SOFT, LUNG_OVER_SOFT, MUSCLE, SOFT
from inference.phantom.trunk import Build, cage_section
from inference.phantom.warp import Warp

APEX_MM: Final = -438.0
DOME_MM: Final = {1.0: -236.0, -1.0: -224.0}
"""Height of the dome of the diaphragm by side (+1 right: the liver lifts it)."""
CORNER_MM: Final = -140.0
BASE_RINGS: Final = 10


def lungs(build: Build, warp: Warp, only: float = 0.0) -> Mesh:
    """Both lungs of the straight body, carried by the warp; or `only` the one of that side (+1 right)."""
    whole = merged([_lung(build, side, warp) for side in ([only] if only else (1.0, -1.0))])
    return whole.moved(warp.apply(whole.vertices))


def _lung(build: Build, side: float, warp: Warp) -> Mesh:
    """Rings of the cage, cut by the mediastinum (which bulges left for the heart) and by the diaphragm."""
    k = build.scale
    level = APEX_MM + (CORNER_MM - APEX_MM) * np.linspace(0, 1, 34) ** 0.9
    angle = np.linspace(0.02, np.pi - 0.02, 26)
    y, a = (level * k)[:, None], angle[None, :]
    x, forward = cage_section(build, y, a)
    inner = 0.93 * np.clip((level - APEX_MM + 5) / 45.0, 0.05, 1.0)[:, None] ** 0.45
    middle = forward.mean(1, keepdims=True)
    x, forward = x * inner, middle + (forward - middle) * inner
    wall_angle = np.linspace(np.pi - 0.02, 0.02, 14)[None, 1:-1]
    wx, wf = cage_section(build, y, wall_angle)
    wf = middle + (wf - middle) * inner
    wx = np.minimum(
        _mediastinum(level[:, None], wf / k, side) * k * build.breadth, 0.9 * np.abs(wx) * inner + 1.0
    )
    x = np.maximum(np.abs(x), 0.0)
    medial = _mediastinum(level[:, None], forward / k, side) * k * build.breadth
    x = np.maximum(x, np.minimum(medial, 0.9 * x + 1.0))
    ring_x, ring_f = np.concatenate([x, wx], 1), np.concatenate([forward, wf], 1)
    ring_y = np.broadcast_to(y, ring_x.shape)
    ring_y = np.minimum(ring_y, _dome(ring_x / k / build.breadth, ring_f / k, side) * k)
    # The base: rings that close in over the dome of the diaphragm.
    inward = np.linspace(0.92, 0.03, BASE_RINGS)[:, None]
    base_x, base_f = (last.mean() + inward * (last - last.mean()) for last in (ring_x[-1], ring_f[-1]))
    base_y = np.minimum(y[-1], _dome(base_x / k / build.breadth, base_f / k, side) * k)
    ring_x, ring_f = np.concatenate([ring_x, base_x]), np.concatenate([ring_f, base_f])
    ring_y = np.concatenate([ring_y, base_y])
    points = np.stack([side * ring_x, ring_y, warp.column_z(ring_y) + ring_f], -1)
    return loft(points, LUNG_OVER_SOFT)


def _mediastinum(level: Floats, forward: Floats, side: float) -> Floats:
    """Half width of the shadow between the lungs at a height and a depth before the column."""
    # Round from front to back, so that its edge on the film is soft.
    deep = np.sqrt(np.clip(1 - ((forward - 64.0) / 52.0) ** 2, 0.0, 1.0))
    heart = np.sin(0.5 * np.pi * np.clip((level + 345.0) / 122.0, 0.0, 1.0)) ** 1.4 * deep
    # The lungs nearly meet in front of the column: only the bodies themselves are wide.
    behind = np.interp(forward, [-35.0, -15.0, 0.0, 20.0, 60.0, 90.0], [27.0, 23.0, 20.0, 17.0, 12.0, 5.0])
    root = np.exp(-(((forward - 26.0) / 26.0) ** 2))
    vessels = 15.0 * np.exp(-(((level + 318.0) / 34.0) ** 2)) * root
    if side > 0:
        upper = 9.0 * np.exp(-(((level + 375.0) / 40.0) ** 2)) * root
        return np.asarray(behind + vessels + upper + 22.0 * heart)
    knob = 13.0 * np.exp(-(((level + 368.0) / 15.0) ** 2)) * root
    trunk = 10.0 * np.exp(-(((level + 312.0) / 20.0) ** 2)) * deep
    aorta = np.interp(level, [-365.0, -345.0, -200.0, -150.0], [0.0, 8.0, 5.0, 1.0])
    aorta = aorta * np.exp(-(((forward - 8.0) / 14.0) ** 2))
    return np.asarray(behind + vessels + knob + trunk + aorta + 58.0 * heart)


def _dome(x: Floats, forward: Floats, side: float) -> Floats:
    """Height of the diaphragm: high in the middle of each half, low at the ribs and at the back."""
    top = DOME_MM[side]
    aside = np.abs(np.clip((x - 60.0) / 62.0, -1.1, 1.15)) ** 3
    along = np.abs(np.clip((forward - 42.0) / 76.0, -1.2, 1.2)) ** 3
    return np.asarray(top + np.where(x > 60.0, 64.0, 14.0) * aside + 58.0 * along)


def vessels(build: Build, warp: Warp, rng: np.random.Generator, only: float = 0.0) -> Mesh:
    """Branches of the pulmonary vessels from each hilum outward, thinner and fainter towards the ribs."""
    k, parts = build.scale, []
    for side in [only] if only else (1.0, -1.0):
        hilum = np.array([side * 30.0, -300.0, 18.0])
        for _ in range(34):
            reach, turn = rng.uniform(45, 95), rng.uniform(-1.15, 1.35)
            t = np.linspace(0, 1, 8)[:, None]
            way = np.array([side * np.cos(turn), np.sin(turn), 0.0]) * reach
            bend = np.array([0.0, 1.0, 0.0]) * rng.normal(0, 9) + np.array([0.0, 0.0, rng.uniform(-45, 60)])
            path = (hilum + rng.normal(0, 7, 3) + t * way + t**2 * bend) * np.array([build.breadth, 1, 1]) * k
            path[:, 2] += warp.column_z(path[:, 1]) + 18.0 * k
            size = np.linspace(rng.uniform(1.4, 2.6), 0.5, 8) * k
            parts.append(tube(path, size, size, np.array([0.0, 0.0, 1.0]), -0.8 * LUNG_OVER_SOFT, 7))
    whole = merged(parts)
    return whole.moved(warp.apply(whole.vertices))


def breasts(build: Build, warp: Warp, size: float) -> Mesh:
    """Soft half-rounds before the lower lung fields; ``size`` 0..1."""
    k, parts = build.scale, []
    for side in (1.0, -1.0):
        centre = np.array([side * 66.0 * build.breadth, -262.0, 118.0]) * k
        radii = np.array([50.0, 46.0, 12.0 + 30.0 * size]) * k
        parts.append(ellipsoid(centre, radii, 0.4 * FAT * size, 15, 28))
    whole = merged(parts)
    return whole.moved(warp.apply(whole.vertices))


def airway(bent: Spine) -> Mesh:
    """Trachea from the neck to its fork, before the column."""
    k = bent.scale
    from_level, to_level = 2, 9
    path = bent.centre[from_level:to_level] * np.array([0.6, 1.0, 1.0])
    front = np.array([0.0, 0.0, 1.0]) * bent.plate_size[from_level:to_level, 0, 1:] + np.array(
        [0.0, 0.0, 16.0 * k]
    )
    size = np.full(to_level - from_level, 7.5 * k)
    return tube(path + front, size, size * 0.9, np.array([1.0, 0.0, 0.0]), GAS_OVER_SOFT, 16)


def liver(build: Build, warp: Warp) -> Mesh:
    """A little denser than what lies around it, below the right dome."""
    k = build.scale
    centre, radii = np.array([52.0 * build.breadth, -178.0, 46.0]), np.array([66.0, 58.0, 62.0])
    whole = ellipsoid(centre * k, radii * k, LIVER_OVER_SOFT, 15, 28)
    return whole.moved(warp.apply(whole.vertices))


def psoas(bent: Spine) -> Mesh:
    """The muscle beside the lumbar column; the fat around it makes its edge visible."""
    k = bent.scale
    t = np.linspace(0, 1, 10)
    start, parts = len(bent.centre) - 5, []
    for side in (1.0, -1.0):
        centre = np.stack(
            [np.interp(t, np.linspace(0, 0.62, 5), bent.centre[start:, a]) for a in range(3)], -1
        )
        centre[:, 1] = bent.centre[start, 1] + t * (95.0 * k - bent.centre[start, 1])
        aside = side * np.interp(t, [0, 0.5, 1], [22, 40, 72]) * k
        path = centre + np.stack([aside, np.zeros(10), np.interp(t, [0, 1], [-2, 30]) * k], -1)
        size = np.interp(t, [0, 0.5, 1], [6, 19, 15]) * k
        parts.append(tube(path, size, size * 1.1, np.array([1.0, 0.0, 0.0]), 1.5 * (MUSCLE - SOFT), 14))
    return merged(parts)


def gas(build: Build, warp: Warp, rng: np.random.Generator) -> Sequence[Mesh]:
    """Stomach bubble under the left dome and pockets along the colon; different in every child."""
    k, b = build.scale, build.breadth
    parts = []
    if rng.random() < 0.85:
        at = np.array([-rng.uniform(48, 72) * b, rng.uniform(-196, -182), 62.0]) * k
        parts.append(
            ellipsoid(
                at, np.array([rng.uniform(16, 36), rng.uniform(8, 22), 24.0]) * k, GAS_OVER_SOFT, 11, 18
            )
        )
    for _ in range(int(rng.integers(0, 6))):
        x, y = _colon_place(float(rng.random()))
        for _ in range(int(rng.integers(2, 6))):
            at = np.array([(x + rng.normal(0, 16)) * b, y + rng.normal(0, 14), rng.uniform(40, 80)]) * k
            size = rng.uniform(9, 20, 3) * np.array([1.1, 0.9, 1.0]) * k
            parts.append(ellipsoid(at, size, GAS_OVER_SOFT * rng.uniform(0.2, 0.6), 9, 16))
    for _ in range(int(rng.integers(6, 16))):
        x, y = _colon_place(float(rng.random()))
        for _ in range(int(rng.integers(4, 14))):
            at = np.array([(x + rng.normal(0, 13)) * b, y + rng.normal(0, 11), rng.uniform(40, 80)]) * k
            size = rng.uniform(2.5, 8.5, 3) * np.array([1.2, 0.9, 1.0]) * k
            parts.append(ellipsoid(at, size, GAS_OVER_SOFT * rng.uniform(0.3, 0.8), 7, 12))
    return [part.moved(warp.apply(part.vertices)) for part in parts]


def _colon_place(t: float) -> tuple[float, float]:
    """A point along ascending, transverse, descending and sigmoid colon and the rectum."""
    knots = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0]
    x = np.interp(t, knots, [82.0, 84.0, 0.0, -86.0, -70.0, -5.0])
    y = np.interp(t, knots, [20.0, -92.0, -78.0, -110.0, 30.0, 75.0])
    return float(x), float(y)
