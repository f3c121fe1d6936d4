"""The child in a room, and the two cameras that look at it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.phantom.body import Body
from inference.phantom.kinect import FRAMES_IN_BURST, depth_frame, see
from inference.phantom.mesh import Mesh, merged
from inference.phantom.morphometry import Floats
from inference.phantom.photograph import painted, photograph, room
from inference.phantom.surface import Visible

FLOOR_SHARE: Final = 0.57
"""Height of the S1 endplate above the floor, as a share of the stature."""


@dataclass(frozen=True)
class Scene:
    """A body and its room as one mesh in the body frame, the body's vertices first; and their colours."""

    body: Body
    mesh: Mesh
    light: Floats

    def seen(self, sway_mm: tuple[float, float] = (0.0, 0.0)) -> tuple[Visible, Visible]:
        """What the depth and the colour camera see; the child leans from its ankles.

        sway_mm: how far C7's height has moved to the right and forward.
        """
        design = self.body.design
        points = design.stand.camera_from_body(self._leaning(sway_mm))
        calibration = design.calibration
        by_depth = see(calibration.depth, points, self.mesh)
        return by_depth, see(calibration.colour, calibration.colour_from_depth(points), self.mesh)

    def colour(self, seen: Visible, rng: np.random.Generator) -> NDArray[np.uint8]:
        """The colour picture (h, w, 3), BGR."""
        return photograph(seen, self.mesh, self.light, self.body.design.look, rng)

    def depth(
        self, seen: Visible, rng: np.random.Generator, frames: int = FRAMES_IN_BURST
    ) -> NDArray[np.uint16]:
        """The depth map (576, 640), mm; the mean of so many frames."""
        bias_mm = self.body.design.skin_bias_mm
        return depth_frame(seen, self.body.outside, self.mesh, rng, frames=frames, skin_bias_mm=bias_mm)

    def _leaning(self, sway_mm: tuple[float, float]) -> Floats:
        if not any(sway_mm):
            return self.mesh.vertices
        floor = FLOOR_SHARE * self.body.design.stature_mm
        own = len(self.body.outside.material)
        vertices = self.mesh.vertices.copy()
        share = (floor - vertices[:own, 1]) / (floor + self.body.design.spine.column_mm)
        vertices[:own, 0] += sway_mm[0] * share
        vertices[:own, 2] += sway_mm[1] * share
        return vertices


def furnished(body: Body) -> Scene:
    """The body in a random room."""
    rng = body.design.stream("room")
    floor = FLOOR_SHARE * body.design.stature_mm
    mesh = merged([body.outside.whole, room(float(rng.uniform(900, 1600)), floor, rng)])
    light = painted(body.outside, mesh, body.design.look, body.design.stream("paint"))
    return Scene(body, mesh, light)
