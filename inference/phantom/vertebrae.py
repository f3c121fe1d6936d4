"""Vertebrae as closed shells: concave bodies, pedicles, laminae, articular, transverse and spinous processes.

Every bone is a cortical shell around a cancellous core, so that end plates, side walls and the rims of the
pedicles (the "eyes" of a frontal film) come out bright by themselves where a ray runs along them.
"""

from typing import Final

import numpy as np

from inference.phantom.mesh import Mesh, ellipsoid, loft, merged, tube
from inference.phantom.morphometry import (
    LEVELS,
    PEDICLE_HEIGHT_MM,
    PEDICLE_WIDTH_MM,
    SPINOUS_DROP_DEG,
    SPINOUS_MM,
    TRANSVERSE_MM,
    Floats,
)
from inference.phantom.spine import Spine
from inference.phantom.tissue import CORTEX_OVER_SOFT, DISC_OVER_SOFT, MARROW_OVER_CORTEX

AROUND: Final = 30
WAIST: Final = 0.055
"""How far the side walls are drawn in at mid-height, as a share of the half width."""
WALL_MM: Final = 0.45
PLATE_MM: Final = 0.45
RIM_MM: Final = 1.0
RIM_SHARE: Final = 0.5
"""Thickness and density of the rim of an endplate, over those of cortical bone."""
CANAL_MM: Final = 15.0


def vertebra(spine: Spine, i: int) -> Mesh:
    """All of vertebra ``i`` (index of LEVELS) in the body frame."""
    local = merged([_pedicles(spine, i), _arch(spine, i), _transverse(spine, i), _spinous(spine, i)])
    placed = local.moved(spine.centre[i] + local.vertices @ spine.frame[i].T)
    return merged([_body(spine, i), placed])


def discs(spine: Spine) -> Mesh:
    """All discs: a little denser than the soft parts around them, from endplate to endplate."""
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    parts = []
    for i in range(len(LEVELS) - 1):
        rings = []
        for level, plate, bulge in ((i, 1, 0.96), (i, 1, 1.0), (i + 1, 0, 1.0), (i + 1, 0, 0.96)):
            frame, size = spine.plate_frame[level, plate], bulge * spine.plate_size[level, plate]
            rim = np.outer(np.cos(angle) * size[0], frame[:, 0]) + np.outer(
                np.sin(angle) * size[1], frame[:, 2]
            )
            rings.append(spine.plates[level, plate] + rim)
        parts.append(loft(np.array(rings), DISC_OVER_SOFT))
    return merged(parts)


def _body(spine: Spine, i: int) -> Mesh:
    shell = loft(_body_rings(spine, i, 0.0, 0.0), CORTEX_OVER_SOFT)
    wall, plate = WALL_MM * spine.scale, PLATE_MM * spine.scale
    core = loft(_body_rings(spine, i, wall, plate), MARROW_OVER_CORTEX)
    return merged([shell, core, *_rims(spine, i)])


def _rims(spine: Spine, i: int) -> list[Mesh]:
    """The dense rims of both endplates: the ellipses by which a tilted body is known on a film."""
    angle = np.linspace(0, 2 * np.pi, AROUND + 1)
    size = np.full(AROUND + 1, RIM_MM * spine.scale)
    parts = []
    for plate, inward in ((0, 1.0), (1, -1.0)):
        frame = spine.plate_frame[i, plate]
        half = spine.plate_size[i, plate] - RIM_MM * spine.scale
        path = np.outer(half[0] * np.cos(angle), frame[:, 0]) + np.outer(half[1] * np.sin(angle), frame[:, 2])
        path += spine.plates[i, plate] + inward * RIM_MM * spine.scale * frame[:, 1]
        parts.append(tube(path, size, size, frame[:, 1], RIM_SHARE * CORTEX_OVER_SOFT, 6))
    return parts


def _body_rings(spine: Spine, i: int, wall_mm: float, plate_mm: float) -> Floats:
    """Rings (9, AROUND, 3) from the upper to the lower endplate, drawn in by wall and plate thickness."""
    upper, lower = spine.plates[i]
    height = float(np.linalg.norm(lower - upper))
    share = np.linspace(plate_mm / height, 1 - plate_mm / height, 9)
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    # The back of a body is flattened or hollow towards the canal.
    kidney = 1 - 0.16 * np.clip(-np.sin(angle), 0, 1) ** 3
    rings = []
    for s in share:
        waist = 1 - WAIST * (1 - (2 * s - 1) ** 4) - 0.03 * np.abs(2 * s - 1) ** 12
        size = ((1 - s) * spine.plate_size[i, 0] + s * spine.plate_size[i, 1]) * waist - wall_mm
        right = (1 - s) * spine.plate_frame[i, 0, :, 0] + s * spine.plate_frame[i, 1, :, 0]
        ahead = (1 - s) * spine.plate_frame[i, 0, :, 2] + s * spine.plate_frame[i, 1, :, 2]
        centre = (1 - s) * upper + s * lower
        x = size[0] * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.8
        z = size[1] * np.sin(angle) * kidney
        rings.append(centre + x[:, None] * right + z[:, None] * ahead)
    return np.array(rings)


def _height(spine: Spine, i: int) -> float:
    return float(np.linalg.norm(spine.plates[i, 1] - spine.plates[i, 0]))


def pedicle_centre(spine: Spine, i: int) -> Floats:
    """Local (x, y, z) of the right pedicle's middle: above mid-body, at the edge of the canal."""
    half_width, half_depth = spine.plate_size[i].mean(0)
    inside = PEDICLE_WIDTH_MM[i] * spine.scale / 2
    lumbar = LEVELS[i][0] == "L"
    x = half_width * (0.86 if lumbar else 0.80) - inside * (0.75 if lumbar else 0.35)
    return np.array([x, -0.17 * _height(spine, i), -half_depth - 4.0 * spine.scale])


def _pedicles(spine: Spine, i: int) -> Mesh:
    k = spine.scale
    half_depth = spine.plate_size[i, :, 1].mean()
    centre = pedicle_centre(spine, i)
    wide, high = PEDICLE_WIDTH_MM[i] * k / 2, min(PEDICLE_HEIGHT_MM[i] * k / 2, 0.42 * _height(spine, i))
    parts = []
    for side in (1.0, -1.0):
        z = np.linspace(-half_depth - 11.0 * k, -0.55 * half_depth, 5)
        path = np.stack([np.full(5, side * centre[0]), np.full(5, centre[1]), z], -1)
        shape = np.array([1.15, 1.0, 0.97, 1.0, 1.2])
        across = np.array([1.0, 0.0, 0.0])
        parts.append(tube(path, wide * shape, high * shape, across, CORTEX_OVER_SOFT, 18))
        rim = 0.5 * k
        parts.append(tube(path, wide * shape - rim, high * shape - rim, across, MARROW_OVER_CORTEX, 18))
    return merged(parts)


def _shell(centre: Floats, radii: Floats, wall_mm: float) -> list[Mesh]:
    return [
        ellipsoid(centre, radii, CORTEX_OVER_SOFT, 7, 12),
        ellipsoid(centre, radii - wall_mm, MARROW_OVER_CORTEX, 7, 12),
    ]


def _arch(spine: Spine, i: int) -> Mesh:
    """Laminae and the four articular processes: two columns of bone behind the pedicles."""
    k, half_depth, height = spine.scale, spine.plate_size[i, :, 1].mean(), _height(spine, i)
    x = pedicle_centre(spine, i)[0] * (0.86 if LEVELS[i][0] != "L" else 0.80)
    back = -half_depth - CANAL_MM * k
    parts: list[Mesh] = []
    for side in (1.0, -1.0):
        lumbar = LEVELS[i][0] == "L"
        wide, deep = (4.8 if lumbar else 4.0) * k, 3.2 * k
        upper = np.array([side * (x + 2.5 * k), -0.46 * height, back + 3 * k])
        lower = np.array([side * (x - 3.0 * k), 0.50 * height, back - 2 * k])
        parts += _shell(upper, np.array([wide, 0.36 * height, deep]), 0.3 * k)
        parts += _shell(lower, np.array([wide, 0.38 * height, deep]), 0.3 * k)
        path = np.linspace([side * (x - 1.0 * k), 0.02 * height, back], [0.0, 0.30 * height, back - 9 * k], 5)
        size = np.full(5, 1.0)
        up = np.array([0.0, 1.0, 0.0])
        parts.append(tube(path, 0.27 * height * size, 2.9 * k * size, up, CORTEX_OVER_SOFT, 10))
        parts.append(tube(path, (0.27 * height - 0.8 * k) * size, 2.1 * k * size, up, MARROW_OVER_CORTEX, 10))
    return merged(parts)


def _transverse(spine: Spine, i: int) -> Mesh:
    k, half_depth, height = spine.scale, spine.plate_size[i, :, 1].mean(), _height(spine, i)
    tip = TRANSVERSE_MM[i] * k
    root = pedicle_centre(spine, i)[0]
    thoracic = LEVELS[i][0] == "T"
    parts = []
    for side in (1.0, -1.0):
        start = np.array([side * root, -0.05 * height, -half_depth - 10 * k])
        end = np.array(
            [side * tip, (-0.16 if thoracic else -0.05) * height, -half_depth - (19 if thoracic else 10) * k]
        )
        path = np.linspace(start, end, 6)
        high = np.interp(np.linspace(0, 1, 6), [0, 0.5, 1], [4.8, 3.6, 4.2 if thoracic else 1.9]) * k
        deep = np.full(6, 2.5 * k)
        up = np.array([0.0, 1.0, 0.0])
        parts.append(tube(path, high, deep, up, CORTEX_OVER_SOFT, 10))
        parts.append(tube(path, high - 0.7 * k, deep - 0.7 * k, up, MARROW_OVER_CORTEX, 10))
    return merged(parts)


def spinous_path(spine: Spine, i: int) -> Floats:
    """Local points (6, 3) from the laminae to the tip of the spinous process."""
    k, half_depth, height = spine.scale, spine.plate_size[i, :, 1].mean(), _height(spine, i)
    drop = np.radians(SPINOUS_DROP_DEG[i])
    start = np.array([0.0, 0.22 * height, -half_depth - (CANAL_MM + 5) * k])
    reach = 0.62 * SPINOUS_MM[i] * k
    return np.asarray(np.linspace(start, start + reach * np.array([0.0, np.sin(drop), -np.cos(drop)]), 6))


def _spinous(spine: Spine, i: int) -> Mesh:
    k, lumbar = spine.scale, LEVELS[i][0] == "L"
    path = spinous_path(spine, i)
    wide = np.interp(np.linspace(0, 1, 6), [0, 0.5, 1], [3.6, 2.3, 3.0]) * k
    high = np.full(6, (9.5 if lumbar else 5.5) * k)
    across = np.array([1.0, 0.0, 0.0])
    shell = tube(path, wide, high, across, CORTEX_OVER_SOFT, 12)
    return merged([shell, tube(path, wide - 0.6 * k, high - 0.6 * k, across, MARROW_OVER_CORTEX, 12)])
