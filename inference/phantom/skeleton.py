"""The bones beside the vertebrae: ribs that turn with theirs, sacrum, pelvis, shoulder girdle, skull base."""

from typing import Final

import numpy as np

from inference.phantom.mesh import Mesh, ellipsoid, merged, tube
from inference.phantom.morphometry import T1, TRANSVERSE_MM, Floats
from inference.phantom.spine import Spine
from inference.phantom.tissue import CORTEX_OVER_SOFT, MARROW_OVER_CORTEX
from inference.phantom.trunk import Build, cage_section
from inference.phantom.warp import Warp

RIB_SWEEP_DEG: Final = (150, 152, 152, 150, 147, 143, 138, 132, 126, 118, 96, 70)
"""How far round from the back midline the bone of each rib reaches (cartilage casts no shadow)."""
RIB_DROP_MM: Final = (50, 62, 80, 94, 104, 112, 116, 118, 118, 112, 88, 58)
RIB_HALF_HEIGHT_MM: Final = (4.6, 5.0, 5.4, 5.8, 6.0, 6.2, 6.2, 6.2, 6.0, 5.6, 5.0, 4.2)
RIB_POINTS: Final = 40


def ribs(straight: Spine, bent: Spine, build: Build, warp: Warp) -> Mesh:
    """Twelve pairs; the neck of each rib moves with its vertebra, the rest with the trunk."""
    parts = []
    for number in range(12):
        for side in (1.0, -1.0):
            path = rib_path(straight, build, number, side)
            path = _carried(path, straight, bent, T1 + number, warp)
            parts.append(_rib_tube(path, number, straight.scale, bent.centre[T1 + number]))
    return merged(parts)


def rib_path(straight: Spine, build: Build, number: int, side: float) -> Floats:
    """Centre line (RIB_POINTS, 3) of one rib of the straight body, from head to cartilage."""
    i, k = T1 + number, straight.scale
    centre = straight.centre[i]
    sweep = np.radians(RIB_SWEEP_DEG[number])
    t = np.linspace(0, 1, RIB_POINTS - 5)
    transverse = TRANSVERSE_MM[i] * k
    start = np.arctan2(transverse + 6 * k, 46 * k) * 0.85
    angle = start + (sweep - start) * t
    fall = RIB_DROP_MM[number] * k * (angle / sweep) ** 1.35 * sweep / np.radians(150)
    y = straight.plates[i, 0, 1] + 1.0 * k + fall
    x, forward = cage_section(build, y, angle)
    depth = centre[2] + forward
    round_part = np.stack([side * x, y, depth], -1)
    half_width, half_depth = straight.plate_size[i, 0]
    head = np.array(
        [side * half_width * 0.95, straight.plates[i, 0, 1] - 0.5 * k, centre[2] - half_depth * 0.75]
    )
    joint = np.array([side * transverse, y[0] - 3 * k, centre[2] - half_depth - 17 * k])
    neck = np.array(
        [head, 0.6 * head + 0.4 * joint, 0.3 * head + 0.7 * joint, joint, 0.5 * (joint + round_part[0])]
    )
    path = np.concatenate([neck, round_part])
    smooth = path.copy()
    for _ in range(3):
        smooth[1:-1] = 0.25 * smooth[:-2] + 0.5 * smooth[1:-1] + 0.25 * smooth[2:]
    return smooth


def _carried(path: Floats, straight: Spine, bent: Spine, i: int, warp: Warp) -> Floats:
    rigid = bent.centre[i] + (path - straight.centre[i]) @ straight.frame[i] @ bent.frame[i].T
    along = np.linspace(0, 1, len(path))
    hold = np.exp(-((along / 0.22) ** 2))[:, None]
    return np.asarray(hold * rigid + (1 - hold) * warp.apply(path))


def _rib_tube(path: Floats, number: int, k: float, column: Floats) -> Mesh:
    """Flat side of the rib against the lung: its short axis points away from the middle of the chest."""
    outward = path - (column + np.array([0.0, 0.0, 45.0 * k]))
    outward[:, 1] = 0.0
    taper = np.interp(np.linspace(0, 1, len(path)), [0, 0.08, 0.2, 0.9, 1], [0.75, 0.7, 1.0, 1.05, 0.95])
    thick, high = 3.7 * k * np.ones(len(path)), RIB_HALF_HEIGHT_MM[number] * k * taper
    wall = 1.5 * k
    shell = tube(path, thick, high, outward, CORTEX_OVER_SOFT, 12)
    return merged([shell, tube(path, thick - wall, high - wall, outward, MARROW_OVER_CORTEX, 12)])


def sacrum_and_pelvis(bent: Spine, build: Build) -> Mesh:
    """Sacrum with its foramina, iliac wings, acetabular roofs and femoral heads, tilted with the pelvis."""
    k, b = build.scale, build.breadth
    tilt = np.arctan2(bent.sacral_frame[1, 0], bent.sacral_frame[0, 0])
    parts = [_sacrum(k)]
    for side in (1.0, -1.0):
        parts += _wing(side, k, b) + _hip(side, k, b)
    whole = merged(parts)
    roll = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1.0]])
    return whole.moved(whole.vertices @ roll.T)


def _bone(
    path: Floats, wide: Floats, high: Floats, normal: Floats, wall: float, around: int = 16
) -> list[Mesh]:
    """A shell of cortex and its cancellous core along a path."""
    return [
        tube(path, wide, high, normal, CORTEX_OVER_SOFT, around),
        tube(
            path,
            np.maximum(wide - wall, 0.2),
            np.maximum(high - wall, 0.2),
            normal,
            MARROW_OVER_CORTEX,
            around,
        ),
    ]


def _sacrum(k: float) -> Mesh:
    drop = np.linspace(0, 1, 9)
    bow = np.stack([np.zeros(9), 2 + 96 * drop, -4 - 52 * drop + 34 * drop**2.2], -1) * k
    half = np.interp(drop, [0, 0.12, 0.35, 0.6, 0.85, 1], [40, 52, 48, 31, 17, 8]) * k
    deep = np.interp(drop, [0, 0.4, 1], [15, 12, 5]) * k
    across = np.array([1.0, 0.0, 0.0])
    parts = _bone(bow, half, deep, across, 0.6 * k, 24)
    for row in range(4):
        for side in (1.0, -1.0):
            at = np.array([side * (21 - 2.5 * row), 24 + 17.0 * row, -18 - 5.0 * row]) * k
            parts.append(ellipsoid(at, np.array([4.4, 3.4, 9.0]) * k, -0.28 * CORTEX_OVER_SOFT, 7, 10))
        crest = np.array([0.0, 14 + 19.0 * row, -30 - 6.0 * row]) * k
        parts.append(ellipsoid(crest, np.array([2.6, 8.0, 5.0]) * k, CORTEX_OVER_SOFT * 0.35, 7, 10))
    return merged(parts)


def _wing(side: float, k: float, b: float) -> list[Mesh]:
    """Iliac wing: a thin blade whose rim is the crest."""
    low = np.array([[50, 14, -42], [62, 42, -30], [76, 66, -12], [88, 88, 8], [96, 96, 22]], dtype=np.float64)
    crest = np.array(
        [[46, 6, -56], [66, -30, -42], [92, -44, -8], [118, -30, 34], [124, 4, 62]], dtype=np.float64
    )
    scale = np.array([side * b * k, k, k])
    t = np.linspace(0, 1, 5)
    fine = np.linspace(0, 1, 15)
    low_f, crest_f = (
        np.stack([_curve(fine, t, p[:, a]) for a in range(3)], -1) * scale for p in (low, crest)
    )
    middle = 0.5 * (low_f + crest_f)
    half = 0.5 * np.linalg.norm(crest_f - low_f, axis=1)
    parts = _bone(middle, half, np.full(15, 4.2 * k), crest_f - low_f, 0.9 * k, 24)
    return parts + _bone(
        crest_f, np.full(15, 5.0 * k), np.full(15, 5.0 * k), np.array([0.0, 0.0, 1.0]), 0.9 * k, 12
    )


def _curve(at: Floats, knots: Floats, values: Floats) -> Floats:
    return np.asarray(np.polyval(np.polyfit(knots, values, 3), at))


def _hip(side: float, k: float, b: float) -> list[Mesh]:
    at = np.array([side * 90 * b, 104, 12]) * k
    ramus = np.linspace([side * 84 * b * k, 128 * k, 30 * k], [side * 8 * b * k, 120 * k, 62 * k], 6)
    forward = np.array([0.0, 0.0, 1.0])
    parts = [
        ellipsoid(at, np.full(3, 23.0 * k), CORTEX_OVER_SOFT, 13, 22),
        ellipsoid(at, np.full(3, 21.8 * k), MARROW_OVER_CORTEX, 13, 22),
        ellipsoid(
            at - np.array([side * 4.0, 5.0, 0.0]) * k, np.full(3, 27.0 * k), 0.4 * CORTEX_OVER_SOFT, 13, 22
        ),
        ellipsoid(
            at - np.array([side * 3.0, 3.5, 0.0]) * k, np.full(3, 24.5 * k), -0.4 * CORTEX_OVER_SOFT, 13, 22
        ),
    ]
    return parts + _bone(ramus, np.full(6, 7.0 * k), np.full(6, 7.0 * k), forward, 1.2 * k)


def shoulder_girdle(build: Build, warp: Warp, column_z: float) -> Mesh:
    """Clavicles, scapulae and humeral heads of the straight body, carried by the warp."""
    k, b = build.scale, build.breadth
    parts: list[Mesh] = []
    for side in (1.0, -1.0):
        s = np.array([side * b * k, k, k])
        base = np.array([0.0, 0.0, column_z])
        t = np.linspace(0, 1, 12)
        clavicle = np.stack(
            [
                14 + 134 * t,
                -372 - 46 * t + 10 * np.sin(np.pi * t),
                92 - 66 * t**2 + 8 * np.sin(2 * np.pi * t),
            ],
            -1,
        )
        parts += _bone(
            base + clavicle * s,
            np.full(12, 5.2 * k),
            np.full(12, 5.2 * k),
            np.array([0.0, 0.0, 1.0]),
            1.3 * k,
        )
        parts += _scapula(base, s, k)
        head = np.array([168, -396, 18]) * s + base
        parts += [
            ellipsoid(head, np.full(3, 22.0 * k), CORTEX_OVER_SOFT, 11, 18),
            ellipsoid(head, np.full(3, 20.8 * k), MARROW_OVER_CORTEX, 11, 18),
        ]
        shaft = np.linspace([176, -385, 18], [198, -200, 14], 6) * s + base
        parts += _bone(shaft, np.full(6, 10.0 * k), np.full(6, 10.0 * k), np.array([0.0, 0.0, 1.0]), 3.2 * k)
    whole = merged(parts)
    return whole.moved(warp.apply(whole.vertices))


def _scapula(base: Floats, s: Floats, k: float) -> list[Mesh]:
    """Thin blade between medial and lateral border, both thickened, and the spine up to the acromion."""
    t = np.linspace(0, 1, 12)
    medial = np.stack([70 + 16 * t, -398 + 128 * t, -46 - 4 * np.sin(np.pi * t)], -1) * s + base
    lateral = np.stack([146 - 58 * t, -380 + 112 * t, -6 - 42 * t], -1) * s + base
    middle, half = 0.5 * (medial + lateral), 0.5 * np.linalg.norm(lateral - medial, axis=1) + 1.0
    forward = np.array([0.0, 0.0, 1.0])
    parts = [tube(middle, half, np.full(12, 0.9 * k), lateral - medial, CORTEX_OVER_SOFT * 0.7, 16)]
    parts += _bone(medial, np.full(12, 2.0 * k), np.full(12, 2.0 * k), forward, 1.0 * k, 10)
    parts += _bone(lateral, np.full(12, 3.6 * k), np.full(12, 3.6 * k), forward, 1.1 * k, 10)
    ridge = np.stack([74 + 92 * t, -378 - 36 * t, -52 + 40 * t**2], -1) * s + base
    return parts + _bone(ridge, np.full(12, 4.4 * k), np.full(12, 4.4 * k), forward, 1.3 * k, 10)


def skull_base(bent: Spine) -> Mesh:
    """Occiput and jaw above C3: what a long film shows at its upper edge."""
    k, top, frame = bent.scale, bent.plates[0, 0], bent.frame[0]
    occiput = ellipsoid(
        np.array([0.0, -78.0, -8.0]) * k, np.array([62.0, 62.0, 78.0]) * k, CORTEX_OVER_SOFT, 13, 24
    )
    brain = ellipsoid(
        np.array([0.0, -79.0, -8.0]) * k, np.array([57.0, 56.5, 73.0]) * k, -CORTEX_OVER_SOFT, 13, 24
    )
    t = np.linspace(-1, 1, 15)
    jaw = np.stack([46 * t, -30 + 34 * (1 - np.abs(t) ** 1.6), 12 + 62 * (1 - t**2)], -1) * k
    parts = [
        occiput,
        brain,
        *_bone(jaw, np.full(15, 10.0 * k), np.full(15, 5.0 * k), np.array([0.0, 1.0, 0.0]), 1.6 * k),
    ]
    whole = merged(parts)
    return whole.moved(top + whole.vertices @ frame.T)
