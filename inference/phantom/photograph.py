"""The colour picture: skin, hair and cloth under room light, before a wall."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.phantom.mesh import Mesh, merged
from inference.phantom.morphometry import Floats
from inference.phantom.skin import CLOTH, HAIR, SKIN, Outside
from inference.phantom.surface import Visible, vertex_normals

# Skin tones (sRGB 0..1), from the Monk scale's lighter to darker half.
SKIN_TONES: Final = (
    (0.93, 0.78, 0.69),
    (0.90, 0.73, 0.60),
    (0.83, 0.64, 0.50),
    (0.72, 0.53, 0.40),
    (0.55, 0.38, 0.28),
    (0.40, 0.27, 0.20),
)
HAIR_TONES: Final = ((0.10, 0.08, 0.07), (0.16, 0.11, 0.08), (0.28, 0.19, 0.12), (0.45, 0.33, 0.2))
CLOTHS: Final = (
    (0.16, 0.20, 0.32),
    (0.12, 0.12, 0.13),
    (0.35, 0.36, 0.38),
    (0.25, 0.34, 0.42),
    (0.55, 0.57, 0.6),
)
WALLS: Final = (
    (0.78, 0.78, 0.75),
    (0.70, 0.74, 0.76),
    (0.80, 0.76, 0.70),
    (0.62, 0.68, 0.66),
    (0.55, 0.56, 0.58),
)
Tones = tuple[tuple[float, float, float], ...]
SHEET_POINTS: Final = 24
WALL_VERTICES: Final = 2 * SHEET_POINTS**2


@dataclass(frozen=True)
class Look:
    """Colours (sRGB 0..1), light direction (towards the lamp, body frame) and strengths."""

    skin: Floats
    hair: Floats
    cloth: Floats
    wall: Floats
    lamp: Floats
    ambient: float
    exposure: float
    grain: float


def draw_look(rng: np.random.Generator) -> Look:
    """A random child in a random room."""
    lamp = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-1.3, -0.5), -1.0])
    return Look(
        skin=_pick(SKIN_TONES[: 5 if rng.random() < 0.9 else 6], rng),
        hair=_pick(HAIR_TONES, rng),
        cloth=_pick(CLOTHS, rng),
        wall=_pick(WALLS, rng),
        lamp=lamp / np.linalg.norm(lamp),
        ambient=float(rng.uniform(0.25, 0.42)),
        exposure=float(rng.uniform(0.88, 1.08)),
        grain=float(rng.uniform(1.2, 3.0)),
    )


def _pick(tones: Tones, rng: np.random.Generator) -> Floats:
    """One of the tones, a little off."""
    return np.array(tones[int(rng.integers(len(tones)))]) + rng.normal(0, 0.015, 3)


def room(wall_z_mm: float, floor_y_mm: float, rng: np.random.Generator) -> Mesh:
    """Wall, floor and sometimes a cupboard, as meshes of modest triangles."""
    parts = [
        _sheet(
            np.array([-3600.0, -2900.0, wall_z_mm]),
            np.array([7200.0, 0, 0]),
            np.array([0, floor_y_mm + 2900.0, 0]),
        ),
        _sheet(
            np.array([-3600.0, floor_y_mm, wall_z_mm]), np.array([7200.0, 0, 0]), np.array([0, 0, -2300.0])
        ),
    ]
    if rng.random() < 0.6:
        side = rng.choice([-1.0, 1.0])
        width, height, deep = rng.uniform(350, 700), rng.uniform(700, 1900), rng.uniform(200, 420)
        left = side * rng.uniform(520, 800) - (width if side < 0 else 0.0)
        parts += _box(
            np.array([left, floor_y_mm - height, wall_z_mm - deep]), np.array([width, height, deep])
        )
    return merged(parts)


def _sheet(origin: Floats, across: Floats, along: Floats, count: int = SHEET_POINTS) -> Mesh:
    u, v = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    points = origin + u[..., None] * across + v[..., None] * along
    number = np.arange(count * count).reshape(count, count)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, d), (a, d, c))])
    return Mesh(points.reshape(-1, 3), faces[:, ::-1], np.zeros(len(faces)))


def _box(origin: Floats, size: Floats) -> list[Mesh]:
    x, y, z = np.diag(size)
    return [
        _sheet(origin, x, y, 8),
        _sheet(origin + z, -z, y, 8),
        _sheet(origin + x, z, y, 8),
        _sheet(origin, z, x, 8),
    ]


def painted(body: Outside, scene: Mesh, look: Look, rng: np.random.Generator) -> Floats:
    """Linear light (V, 3), RGB, from each vertex of the scene, which starts with those of ``body.whole``."""
    normals = vertex_normals(scene.vertices, scene.triangles)
    own = len(body.material)
    lit = _light(normals, look)
    lit[:own] *= np.clip(1 + 0.03 * np.minimum(body.relief_mm, 0.0), 0.55, 1.0)
    albedo = np.tile(look.wall, (len(scene.vertices), 1))
    albedo[own + WALL_VERTICES :] = look.wall * [0.75, 0.66, 0.55]
    albedo[:own] = look.skin
    albedo[:own][body.material == HAIR] = look.hair
    albedo[:own][body.material == CLOTH] = look.cloth
    linear = (albedo**2.2) * lit[:, None]
    linear[:own] *= _texture(body, rng)[:, None]
    return np.asarray(linear * look.exposure)


def photograph(
    seen: Visible, scene: Mesh, light: Floats, look: Look, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The BGR picture (h, w, 3) of a scene whose vertices send out ``light`` (see `painted`)."""
    picture = seen.blend(scene.triangles, light)
    picture *= _shadow(seen)[..., None]
    shown = np.clip(picture, 0, 1) ** np.float32(1 / 2.2) * np.float32(255)
    picture = np.asarray(cv2.GaussianBlur(shown, (0, 0), 0.65), dtype=np.float32)
    picture += _outline(seen)[..., None] * (cv2.GaussianBlur(shown, (0, 0), 1.1) - picture)
    picture += np.float32(look.grain) * rng.standard_normal(picture.shape, dtype=np.float32)
    seen_by_file = np.clip(picture[..., ::-1] + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(seen_by_file)


def _light(normals: Floats, look: Look) -> Floats:
    """Wrapped diffuse light of one lamp, ambient light from above, and a little from the camera's side."""
    key = np.clip((normals @ look.lamp + 0.15) / 1.15, 0, 1)
    sky = 0.5 * (1 - normals[:, 1])
    front = np.clip(-normals[:, 2], 0, 1)
    return np.asarray((1 - look.ambient) * key * 1.05 + look.ambient * (0.45 * sky + 0.5 * front + 0.15))


def _texture(body: Outside, rng: np.random.Generator) -> Floats:
    """Blotches of skin, strands of hair, weave of cloth: a factor for each vertex."""
    vertices = body.whole.vertices
    waves = rng.normal(0, 1, (6, 3)) / np.array([[18.0], [25.0], [35.0], [50.0], [70.0], [110.0]])
    phase = rng.uniform(0, 2 * np.pi, 6)
    blotch = np.sin(vertices @ waves.T + phase).mean(1)
    factor = 1 + 0.035 * blotch + 0.012 * rng.standard_normal(len(vertices))
    strand = np.sin(vertices[:, 0] * 0.9 + 6 * np.sin(vertices[:, 1] * 0.02)) * 0.25
    hair = 1 + strand + 0.2 * rng.standard_normal(len(vertices))
    bare = np.flatnonzero(body.material == SKIN)
    moles = rng.choice(bare, int(rng.integers(4, 40)), replace=False)
    factor[moles] *= rng.uniform(0.45, 0.85, len(moles))
    return np.asarray(np.where(body.material == HAIR, hair, factor))


def _outline(seen: Visible) -> NDArray[np.float32]:
    """0..1 near jumps of depth, where pixels of a real picture mix two surfaces."""
    depth = np.where(np.isfinite(seen.depth), seen.depth, 6000.0).astype(np.float32)
    jump = cv2.dilate(depth, np.ones((3, 3))) - cv2.erode(depth, np.ones((3, 3))) > 25.0
    return np.asarray(cv2.GaussianBlur(cv2.dilate(jump.astype(np.float32), np.ones((3, 3))), (0, 0), 0.8))


def _shadow(seen: Visible) -> NDArray[np.float32]:
    """Soft contact shadow of the child on what stands behind it."""
    depth = np.where(np.isfinite(seen.depth), seen.depth, 6000.0)
    shallow = np.minimum(depth, 4500.0).astype(np.float32)
    small = cv2.resize(shallow, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    near = cv2.resize(cv2.GaussianBlur(small, (0, 0), 7), shallow.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(1 - 0.28 * np.clip((shallow - near) / 900.0, 0, 1))
