"""Depth maps of a flat child before a wall, drawn from a silhouette in mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.capture_agent.recordings import CAMERA

RAYS, _ = CAMERA.calibration.depth.pixel_rays()
X, Y = RAYS[..., 0], RAYS[..., 1]
BREADTH_MM = 380.0


@dataclass(frozen=True)
class Scene:
    """shoulders_mm: y of the shoulders' top in the camera's frame (y down). person_mm: x of a second person
    at the same distance, None for nobody. torn: share of the back's pixels without depth."""

    distance_mm: float = 1500.0
    middle_mm: float = 0.0
    shoulders_mm: float = -250.0
    wall_mm: float = 3200.0
    person_mm: float | None = None
    torn: float = 0.0
    nobody: bool = False


def depth_of(scene: Scene) -> NDArray[np.uint16]:
    """The map (576, 640), mm. The shoulders' breadth is BREADTH_MM."""
    depth = np.full(X.shape, scene.wall_mm)
    if not scene.nobody:
        depth[_child(scene, scene.middle_mm)] = scene.distance_mm
    if scene.person_mm is not None:
        depth[_child(scene, scene.person_mm)] = scene.distance_mm
    rng = np.random.default_rng(4)
    depth[rng.random(depth.shape) < scene.torn] = 0
    whole: NDArray[np.uint16] = np.nan_to_num(depth).astype(np.uint16)
    return whole


def _child(scene: Scene, middle_mm: float) -> NDArray[np.bool_]:
    x, y = X * scene.distance_mm - middle_mm, Y * scene.distance_mm - scene.shoulders_mm
    head = np.hypot(x, y + 160) < 85
    neck = (np.abs(x) < 55) & (y > -120) & (y <= 0)
    trunk = (np.abs(x) < BREADTH_MM / 2) & (y > 0) & (y < 700)
    child: NDArray[np.bool_] = head | neck | trunk
    return child
