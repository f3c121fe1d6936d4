"""The skin of the trunk, arms and head, formed by what lies below it, and the landmarks of the back on it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import map_coordinates

from inference.phantom.mesh import Mesh, closed, ellipsoid, loft_triangles, merged, tube
from inference.phantom.morphometry import FIRST_LABELLED, Floats
from inference.phantom.spine import Spine
from inference.phantom.surface import visible
from inference.phantom.tissue import SOFT
from inference.phantom.trunk import Build, angles, skin_section
from inference.phantom.vertebrae import spinous_path
from inference.phantom.warp import Warp

AROUND: Final = 200
ROW_MM: Final = 4.0
TOP_MM: Final = -600.0
BOTTOM_MM: Final = 760.0
CLEFT_TOP_MM: Final = 74.0
PSIS_MM: Final = (42.0, 28.0)
SCAPULA_MM: Final = (84.0, -274.0)
ACROMION_MM: Final = (140.0, -404.0)

WAIST_INSIDE_MM: Final = 18.0
"""So far inside the outline a reader clicks the waist, to be on skin that the camera measures."""
STRAP_HALF_MM: Final = 11.0
SKIN, HAIR, CLOTH = 0, 1, 2


@dataclass(frozen=True)
class Relief:
    """How strongly what lies below shows (mm of furrow, scapulae, cleft), and how the child stands.

    Pairs are left, right. waistband_mm, strap_mm: heights of the waistband and of a strap across the back (0:
    none) on the straight reference body; arms_out_mm: how far the hands are held away from the hips.
    """

    furrow_mm: float
    muscle_mm: float
    scapula_mm: tuple[float, float]
    cleft_mm: float
    waistband_mm: float
    hair: str
    arms_out_mm: tuple[float, float]
    strap_mm: float


@dataclass(frozen=True)
class Outside:
    """The visible body: one mesh, and for each vertex its material (SKIN, HAIR, CLOTH) and relief in mm."""

    trunk: Mesh
    whole: Mesh
    material: Floats
    relief_mm: Floats


def outside(build: Build, warp: Warp, bent: Spine, relief: Relief) -> Outside:
    """All that the cameras see of the child."""
    trunk, bump, band = _trunk(build, warp, bent, relief)
    limbs = arms(build, warp, relief)
    head, hair = _head(bent, relief)
    parts = [trunk, *limbs, head, *hair]
    kinds = [band, *(np.full(len(limb.vertices), SKIN) for limb in limbs), _hairy(head, bent)]
    kinds += [np.full(len(h.vertices), HAIR) for h in hair]
    rest = np.zeros(sum(len(p.vertices) for p in parts) - len(bump))
    return Outside(
        trunk, merged(parts), np.concatenate(kinds).astype(np.float64), np.concatenate([bump, rest])
    )


def coarse_trunk(build: Build, warp: Warp, bent: Spine, relief: Relief) -> Mesh:
    """The same trunk with a fifth of the triangles, for the film."""
    return _trunk(build, warp, bent, relief, 2.2)[0]


def _trunk(
    build: Build, warp: Warp, bent: Spine, relief: Relief, coarser: float = 1.0
) -> tuple[Mesh, Floats, Floats]:
    k = build.scale
    rows = [np.arange(TOP_MM, 160.0, ROW_MM * coarser), np.arange(160.0, BOTTOM_MM, 4 * ROW_MM)]
    y = np.concatenate(rows)[:, None] * k
    angle = angles(int(AROUND / coarser))[None, :]
    x, forward = skin_section(build, y, angle)
    y = np.broadcast_to(y, x.shape)
    straight = np.stack([x, y, warp.column_z(y) + forward], -1)
    moved = warp.apply(straight)
    facing = np.clip(1.35 * np.cos(angle), 0.0, 1.0)
    cloth = y / k > relief.waistband_mm
    strap = (np.abs(y / k - relief.strap_mm) < STRAP_HALF_MM) & bool(relief.strap_mm)
    bump = facing * (_bumps(x / k, y / k, relief, np.where(cloth, 0.3, 1.0)) + _midline(moved, bent, relief))
    moved[..., 2] -= bump * k
    outward = np.stack(
        [np.sin(angle) * np.ones_like(x), np.zeros_like(x), -np.cos(angle) * np.ones_like(x)], -1
    )
    moved += 3.5 * cloth[..., None] * outward
    vertices = np.concatenate([moved.reshape(-1, 3), moved[[0, -1]].mean(1)])
    mesh = closed(vertices, loft_triangles(*x.shape), SOFT)
    pad = np.zeros(2)
    return (
        mesh,
        np.concatenate([bump.ravel(), pad]),
        np.concatenate([np.where(cloth | strap, CLOTH, SKIN).ravel(), pad]),
    )


def _bumps(x: Floats, y: Floats, relief: Relief, depth: Floats) -> Floats:
    """Paired relief in reference mm of the straight body: shoulder blades, buttocks, dimples, cleft."""
    side = np.abs(x)
    blade = np.where(x > 0, relief.scapula_mm[1], relief.scapula_mm[0]) * _blade(side, y)
    seat = 13.0 * np.exp(-(((side - 72.0) / 42.0) ** 2) - ((y - 128.0) / 46.0) ** 2)
    dimple = -3.2 * np.exp(-(((side - PSIS_MM[0]) / 8.0) ** 2) - ((y - PSIS_MM[1]) / 9.0) ** 2)
    begin = np.clip((y - CLEFT_TOP_MM + 6.0) / 45.0, 0.0, 1.0)
    cleft = -relief.cleft_mm * depth * begin * np.exp(-(np.abs(side / (6.0 + 10.0 * (1 - begin))) ** 1.5))
    triceps = 2.0 * np.exp(-(((side - 120.0) / 22.0) ** 2) - ((y + 330.0) / 60.0) ** 2)
    legs = -55.0 * np.clip((y - 190.0) / 60.0, 0.0, 1.0) * np.exp(-((side / 12.0) ** 2))
    return np.asarray(blade + seat + dimple + cleft + triceps + legs)


def _blade(side: Floats, y: Floats) -> Floats:
    """0..1: how far the shoulder blade lifts the skin; strongest along the inner border and the tip."""
    medial = (side - (70.0 + 14.0 * (y + 398.0) / 128.0)) / 7.0
    lateral = ((146.0 - 60.0 * (y + 384.0) / 112.0) - side) / 16.0
    upper = (y + 412.0 + 0.25 * (side - 70.0)) / 14.0
    lower = (SCAPULA_MM[1] + 2.0 - y) / 6.0
    inside = np.ones_like(y)
    for edge in (medial, lateral, upper, lower):
        inside = inside / (1 + np.exp(-np.clip(edge, -40, 40)))
    tip = np.exp(-(((side - SCAPULA_MM[0]) / 26.0) ** 2) - ((y - SCAPULA_MM[1] + 18.0) / 34.0) ** 2)
    ridge = np.exp(-(((y + 384.0 + 0.30 * (side - 74.0)) / 9.0) ** 2)) / (1 + np.exp(-(side - 76.0) / 6.0))
    fade = 1 / (1 + np.exp((side - 150.0) / 9.0))
    return np.asarray(inside * (0.55 + 0.75 * tip) + 0.35 * ridge * fade)


def _midline(moved: Floats, bent: Spine, relief: Relief) -> Floats:
    """Furrow over the spinous processes, muscle columns beside it, and the knob of C7: on the bent spine."""
    tips = np.array(
        [bent.centre[i] + bent.frame[i] @ spinous_path(bent, i)[-1] for i in range(len(bent.centre))]
    )
    y, k = moved[..., 1], bent.scale
    aside = (moved[..., 0] - np.interp(y, [*tips[:, 1], 60.0 * k], [*tips[:, 0], 0.0])) / k
    level = y / k
    strength = np.interp(
        level, [-470, -420, -330, -180, -60, 0, 45, 80], [0, 0.45, 0.6, 0.85, 1.0, 0.8, 0.35, 0.0]
    )
    furrow = -relief.furrow_mm * strength * np.exp(-((aside / 10.0) ** 2))
    column = np.interp(level, [-430, -330, -200, -60, 20, 60], [0.2, 0.4, 0.8, 1.0, 0.6, 0.0])
    muscle = relief.muscle_mm * column * np.exp(-(((np.abs(aside) - 30.0) / 17.0) ** 2))
    c7 = tips[FIRST_LABELLED]
    knob = 4.5 * np.exp(-(((moved[..., 0] - c7[0]) / (13 * k)) ** 2) - ((y - c7[1]) / (12 * k)) ** 2)
    return np.asarray(furrow + muscle + knob)


def arms(build: Build, warp: Warp, relief: Relief) -> list[Mesh]:
    """Right and left arm, hanging from their shoulders."""
    left, right = relief.arms_out_mm
    return [_arm(build, warp, 1.0, right), _arm(build, warp, -1.0, left)]


def _arm(build: Build, warp: Warp, side: float, out_mm: float) -> Mesh:
    k, b = build.scale, build.breadth
    t = np.linspace(0, 1, 60)
    keys = [0, 0.03, 0.07, 0.16, 0.26, 0.44, 0.52, 0.62, 0.79, 0.84, 0.92, 0.98, 1]
    x = PchipInterpolator([0, 0.12, 0.3, 0.6, 1], [143, 163, 178, 197, 212])(t) * side * b
    x += side * out_mm * np.clip((t - 0.08) / 0.92, 0.0, 1.0)
    y = -398 + 545 * t
    z = PchipInterpolator([0, 0.3, 0.6, 1], [14, 10, 20, 52])(t)
    size = (
        PchipInterpolator(keys, [8, 27, 37, 42, 39, 33, 31, 32, 22, 23, 27, 20, 6])(t)
        + 0.4 * build.padding_mm
    )
    path = np.stack([x, y, z], -1) * k
    path[:, 2] += warp.column_z(np.array(-400.0 * k))
    shoulder = path[6:7].copy()
    path += warp.apply(shoulder) - shoulder
    return tube(path, size * k, size * k * 1.08, np.array([1.0, 0.0, 0.0]), SOFT, 40)


def _hairy(head: Mesh, bent: Spine) -> Floats:
    """Hair above the hairline of the nape, skin below."""
    local = (head.vertices - bent.plates[0, 0]) @ bent.frame[0] / bent.scale
    scalp = (local[:, 1] < 2.0) & (np.abs(local[:, 0]) < 76.5)
    return np.where(scalp, HAIR, SKIN).astype(np.float64)


def _head(bent: Spine, relief: Relief) -> tuple[Mesh, list[Mesh]]:
    k, top, frame = bent.scale, bent.plates[0, 0], bent.frame[0]
    head = ellipsoid(np.array([0.0, -78.0, 0.0]) * k, np.array([76.0, 112.0, 95.0]) * k, SOFT, 40, 60)
    ears = [
        ellipsoid(np.array([s * 75.0, -58.0, 6.0]) * k, np.array([7.0, 19.0, 11.0]) * k, SOFT)
        for s in (1, -1)
    ]
    head = merged([head, *ears])
    hair: list[Mesh] = []
    if relief.hair == "bun":
        hair.append(
            ellipsoid(np.array([0.0, -122.0, -98.0]) * k, np.array([36.0, 34.0, 30.0]) * k, SOFT, 20, 30)
        )
    elif relief.hair == "long":
        t = np.linspace(0, 1, 30)
        path = np.stack([5 * np.sin(3 * t), -120 + 215 * t, -88 - 4 * t], -1) * k
        wide = np.interp(t, [0, 0.2, 0.8, 1], [40, 52, 48, 16]) * k
        hair.append(tube(path, wide, np.full(30, 16.0 * k), np.array([1.0, 0.0, 0.0]), SOFT, 30))
    return head.moved(top + head.vertices @ frame.T), [h.moved(top + h.vertices @ frame.T) for h in hair]


@dataclass(frozen=True)
class BackHeight:
    """Depth z of the trunk's skin over a grid of 1.5 mm, seen straight from behind; inf beside the body."""

    z: Floats
    left_mm: float
    top_mm: float
    step_mm: float

    def at(self, x: Floats, y: Floats) -> Floats:
        """z (mm) of the skin at (x, y) mm, linear between grid points."""
        rows = (np.asarray(y) - self.top_mm) / self.step_mm - 0.5
        columns = (np.asarray(x) - self.left_mm) / self.step_mm - 0.5
        return np.asarray(
            map_coordinates(self.z, [np.atleast_1d(rows), np.atleast_1d(columns)], order=1, mode="nearest")
        )

    def outline(self, y: float) -> tuple[float, float]:
        """x of the left and the right edge of the trunk at height y."""
        row = int((y - self.top_mm) / self.step_mm)
        seen = np.flatnonzero(np.isfinite(self.z[row]))
        return self.left_mm + seen[0] * self.step_mm, self.left_mm + (seen[-1] + 1) * self.step_mm


def back_height(trunk: Mesh) -> BackHeight:
    """The skin as a height field (orthographic view from behind)."""
    step, (left, top), (right, bottom) = 1.5, trunk.vertices[:, :2].min(0), trunk.vertices[:, :2].max(0)
    pixels = (trunk.vertices[:, :2] - [left, top]) / step
    shape = int((right - left) / step) + 1, int((bottom - top) / step) + 1
    seen = visible(pixels, trunk.vertices[:, 2], trunk.triangles, *shape)
    return BackHeight(seen.depth, float(left), float(top), step)


def back_landmarks(build: Build, warp: Warp, bent: Spine, height: BackHeight) -> dict[str, Floats]:
    """The points of the schemas back6 and back10 on the skin: name -> (x, y, z) mm in the body frame."""
    k, b = build.scale, build.breadth
    c7 = bent.centre[FIRST_LABELLED] + bent.frame[FIRST_LABELLED] @ spinous_path(bent, FIRST_LABELLED)[-1]
    places = {"C7": (c7[0], c7[1])}
    for letter, side in (("L", -1.0), ("R", 1.0)):
        for name, (x, y) in (("scapula", SCAPULA_MM), ("PSIS", PSIS_MM), ("shoulder", ACROMION_MM)):
            places[f"{name}_{letter}"] = _carried(
                side * x * k * (b if name == "shoulder" else 1.0), y * k, build, warp
            )
        places[f"waist_{letter}"] = _waist(height, side, k)
    places["natal_cleft"] = places["sacrum"] = _carried(0.0, CLEFT_TOP_MM * k, build, warp)
    return {
        n: np.array([x, y, float(height.at(np.array(x), np.array(y))[0])]) for n, (x, y) in places.items()
    }


def _carried(x: float, y: float, build: Build, warp: Warp) -> tuple[float, float]:
    angle = np.linspace(-1.5, 1.5, 301)[None, :]
    across, forward = skin_section(build, np.array([[y]]), angle)
    depth = warp.column_z(np.array([y])) + np.interp(x, across[0], forward[0])
    moved = warp.apply(np.array([[x, y, depth[0]]]))[0]
    return float(moved[0]), float(moved[1])


def _waist(height: BackHeight, side: float, k: float) -> tuple[float, float]:
    """Deepest point of the waist line, moved inside the outline as a reader's click is."""
    levels = np.arange(-150.0, -5.0, 2.0) * k
    edge = np.array([height.outline(y)[int(side > 0)] for y in levels])
    lean = np.polyval(np.polyfit(levels[[0, -1]], edge[[0, -1]], 1), levels)
    deepest = int(np.argmax((lean - edge) * side))
    return float(edge[deepest] - side * WAIST_INSIDE_MM * k), float(levels[deepest])
