"""How the body follows its spine: a smooth map from the straight, symmetric body to the bent one.

All soft parts, the rib cage and the skin are drawn for a straight spine and carried along: at each height
they shift, tilt and turn with the column. Turning fades from the back to the front of the chest, because the
sternum stays near the middle; so a rotated thoracic vertebra raises a rib hump on its convex side, by itself.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

from inference.phantom.morphometry import Floats
from inference.phantom.spine import Spine

STEP_MM: Final = 5.0
SMOOTHING_MM: Final = 22.0
BACK_TURN: Final = 0.95
"""Share of the vertebra's axial rotation passed to the back of the trunk. Smoothing along the column and the
sideways shift of the section take part of it back, so that skin turns by about half as much as the vertebra.
The back turns less than the ribs, and these less than the vertebra: Stokes, J Orthop Res 7:702 (1989).
"""
FRONT_TURN: Final = 0.3
SIDEWAYS: Final = 0.25
REACH_MM: Final = 115.0
"""Beyond about this distance from the column a turn lifts the skin no further."""
SHOULDER_TURN: Final = 0.25
"""Share of the turn left at the level of the shoulders, which hang on the arms rather than on the ribs."""
SHIFT_SHARE: Final = (0.8, 0.55)
"""Share of the column's sideways shift that the skin takes over the column and at the flanks."""
FRONT_SHIFT: Final = 0.5
"""What is left of that share in front, where heart and sternum stay near the middle."""
TILT_SHARE: Final = 0.5
TILT_REACH_MM: Final = (150.0, 90.0)
"""So far aside the shoulders, and what is below them, follow a tilt of the column up and down."""
TWIST_MM: Final = (-470.0, -400.0, -270.0, -110.0, 0.0)
"""Heights on the reference body: neck, shoulders, middle, loins, pelvis."""
SHOULDER_MM: Final = (-400.0, -330.0)
_END_FADE_MM: Final = 90.0


@dataclass(frozen=True)
class Posture:
    """How a trunk differs from what its spine alone would make of it.

    turn_factor: share of the usual share of axial rotation that reaches the trunk; twist_deg: its own turn at
    the shoulders, the middle and the loins; shoulder_deg: its own tilt of the shoulders, right side down.
    """

    turn_factor: float
    twist_deg: tuple[float, float, float]
    shoulder_deg: float


@dataclass(frozen=True)
class Warp:
    """Tables over straight height ``y`` (k,): the column's path in both states, its tilt and turn (rad)."""

    y: Floats
    straight_z: Floats
    shift: Floats
    tilt: Floats
    turn: Floats
    scale: float

    def column_z(self, y: Floats) -> Floats:
        """Depth of the vertebral centres of the straight body at height y."""
        return np.asarray(np.interp(y, self.y, self.straight_z))

    def _hold(self, y: Floats) -> Floats:
        """1 below the axillae, SHOULDER_TURN at the shoulders."""
        level = y / self.scale
        return np.asarray(SHOULDER_TURN + (1 - SHOULDER_TURN) / (1 + np.exp(-(level + 350.0) / 24.0)))

    def apply(self, points: Floats) -> Floats:
        """Points (..., 3) of the straight body -> the bent body. Millimetres, body frame."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        forward = z - self.column_z(y)
        blend = 1 / (1 + np.exp(-(forward - 40.0) / 22.0))
        turn = (
            np.interp(y, self.y, self.turn) * self._hold(y) * (BACK_TURN + (FRONT_TURN - BACK_TURN) * blend)
        )
        tilt = np.interp(y, self.y, self.tilt) * TILT_SHARE
        shift = np.stack([np.interp(y, self.y, self.shift[:, k]) for k in range(3)], -1)
        # A turned cage is pushed back on one side more than it wanders sideways: mostly a shear.
        moved_x = x + SIDEWAYS * forward * np.sin(turn)
        moved_z = forward - REACH_MM * np.tanh(x / REACH_MM) * np.tan(turn)
        high = (1 - self._hold(y)) / (1 - SHOULDER_TURN)
        reach = TILT_REACH_MM[1] + (TILT_REACH_MM[0] - TILT_REACH_MM[1]) * high
        near = np.exp(-((moved_x / reach) ** 2))
        side_share = SHIFT_SHARE[1] + (SHIFT_SHARE[0] - SHIFT_SHARE[1]) * np.exp(-((x / 80.0) ** 2))
        out = np.stack([moved_x * np.cos(tilt), y + moved_x * np.sin(tilt) * near, z - forward + moved_z], -1)
        side_share = side_share * (1 + (FRONT_SHIFT - 1) * blend)
        out += shift * np.stack([side_share, np.ones_like(x), np.ones_like(x)], -1)
        return np.asarray(out)


def between(straight: Spine, bent: Spine, posture: Posture) -> Warp:
    """The map that carries ``straight`` to ``bent``; it fades away in the head and in the thighs."""
    y = np.arange(straight.centre[0, 1] - 160.0, 900.0, STEP_MM)
    knots = np.concatenate([straight.centre[:, 1], [0.0, _END_FADE_MM]])
    shift = np.concatenate([bent.centre - straight.centre, np.zeros((2, 3))])
    axis = bent.frame[:, :, 0]
    tilt = np.arctan2(axis[:, 1], axis[:, 0])
    sacral = np.arctan2(bent.sacral_frame[1, 0], bent.sacral_frame[0, 0])
    tilts = np.concatenate([tilt, [sacral, sacral]])
    turns = np.concatenate([np.radians(posture.turn_factor * bent.rotation_deg), [0.0, 0.0]])
    turns += np.radians(np.interp(knots / straight.scale, TWIST_MM, [0.0, *posture.twist_deg, 0.0]))
    tilts += np.radians(np.interp(knots / straight.scale, SHOULDER_MM, [posture.shoulder_deg, 0.0]))
    return Warp(
        y,
        _smooth(y, straight.centre[:, 1], straight.centre[:, 2], 1.0),
        np.stack([_smooth(y, knots, shift[:, k], SMOOTHING_MM) for k in range(3)], -1),
        _smooth(y, knots, tilts, 2.0 * SMOOTHING_MM),
        _smooth(y, knots, turns, SMOOTHING_MM),
        straight.scale,
    )


def _smooth(y: Floats, knots: Floats, values: Floats, sigma_mm: float) -> Floats:
    """A cubic through (knots, values), held constant beyond its ends, blurred over sigma_mm."""
    curve = make_interp_spline(knots, values, k=3)
    inside = np.asarray(curve(np.clip(y, knots[0], knots[-1])))
    return np.asarray(gaussian_filter1d(inside, sigma_mm / STEP_MM, mode="nearest"))
