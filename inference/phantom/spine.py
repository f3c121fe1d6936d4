"""The vertebral column in three dimensions: from designed tilts on the film to frames, endplates and corners.

A Cobb angle is by definition a reading from a film, so the design fixes the tilts of the endplates *as the
film shows them*: rotation, kyphosis and the cone beam change what a tilt looks like, and a few fixed-point
steps find the three-dimensional tilt that projects to the designed one.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.phantom.curves import CurvePlan, tilt_profile
from inference.phantom.film import Film
from inference.phantom.morphometry import (
    DEPTH_MM,
    DISC_BELOW,
    FIRST_LABELLED,
    HEIGHT,
    LEVELS,
    LOWER_WIDTH,
    REFERENCE_COLUMN_MM,
    SACRAL_SLOPE_REFERENCE_DEG,
    SAGITTAL_REFERENCE_DEG,
    T1,
    UPPER_WIDTH,
    Floats,
)

ROTATION_PER_COBB: Final = 0.42
"""Apical axial rotation per degree of Cobb, for a child in the middle. Children differ widely: rotation and
Cobb angle correlate by 0.68 only (Morrison et al., Eur Spine J 24:306, 2015), hence `rotation_factor`."""
WEDGE_SHARE: Final = 0.6
"""How much of the bend across one body its own endplates show; the discs take the rest."""
PASSES: Final = 8


@dataclass(frozen=True)
class SpineDesign:
    """What is drawn at random about one spine. Angles in deg, lengths in mm."""

    plan: CurvePlan
    column_mm: float
    width_factor: float
    kyphosis_factor: float
    lordosis_factor: float
    sacral_tilt_deg: float
    c7_offset_mm: float
    rotation_factor: float


@dataclass(frozen=True)
class Spine:
    """A built column; the first axis of each array follows LEVELS.

    centre (n, 3), frame (n, 3, 3) with columns right, down, forward; plates (n, 2, 3) centres of the upper
    and lower endplate, plate_frame (n, 2, 3, 3), plate_size (n, 2, 2) half width and half depth; rotation_deg
    (n,) axial; sacral_frame (3, 3) at the origin. Millimetres, body frame.
    """

    centre: Floats
    frame: Floats
    plates: Floats
    plate_frame: Floats
    plate_size: Floats
    rotation_deg: Floats
    pitch_deg: Floats
    sacral_frame: Floats
    scale: float

    @property
    def corners(self) -> Floats:
        """(n, 4, 3): TL TR BL BR as seen from behind: the sideways extremes of each endplate's rim."""
        return _corners(self.plates, self.plate_frame, self.plate_size)


def frames(tilt_deg: Floats, pitch_deg: Floats, rotation_deg: Floats) -> Floats:
    """Rotations (..., 3, 3) = roll(tilt) pitch(up) turn(axial), each a column basis right, down, forward."""
    t, p, r = (np.radians(a) for a in (tilt_deg, pitch_deg, rotation_deg))
    one, nil = np.ones_like(t), np.zeros_like(t)
    roll = _matrix([[np.cos(t), -np.sin(t), nil], [np.sin(t), np.cos(t), nil], [nil, nil, one]])
    up = _matrix([[one, nil, nil], [nil, np.cos(p), -np.sin(p)], [nil, np.sin(p), np.cos(p)]])
    turn = _matrix([[np.cos(r), nil, np.sin(r)], [nil, one, nil], [-np.sin(r), nil, np.cos(r)]])
    return np.asarray(roll @ up @ turn)


def build(design: SpineDesign, film: Film) -> Spine:
    """The column whose endplates have the designed tilts on the film and whose C7 lies where designed."""
    wanted = _designed_tilts(design.plan)
    wanted -= wanted[FIRST_LABELLED:].mean()
    tilt = wanted.copy()
    for _ in range(PASSES):
        spine = _assemble(design, tilt)
        error = wanted - film_tilts_deg(film.project_from_behind(spine.corners))
        tilt += error
        lean = np.degrees((spine.centre[FIRST_LABELLED, 0] - design.c7_offset_mm) / -spine.centre[T1, 1])
        wanted -= lean
        tilt -= lean
        tilt[:FIRST_LABELLED] = _neck_tilts(float(tilt[FIRST_LABELLED, 0]))
    return _assemble(design, tilt)


def straight(design: SpineDesign) -> Spine:
    """The same column before it bent: no tilt and no axial rotation, the same sagittal profile."""
    return _assemble(replace(design, rotation_factor=0.0), np.zeros((len(LEVELS), 2)))


def film_tilts_deg(corners_px: Floats) -> Floats:
    """(n, 2): signed tilt of the upper and lower endplate from corners (n, 4, 2), seen from behind."""
    across = corners_px[:, [1, 3]] - corners_px[:, [0, 2]]
    return np.asarray(np.degrees(np.arctan2(across[..., 1], across[..., 0])))


def _designed_tilts(plan: CurvePlan) -> Floats:
    """(n, 2) endplate tilts of the plan, up to one constant; both plates of an end vertebra are equal."""
    levels = np.arange(len(LEVELS), dtype=np.float64)
    middle, _ = tilt_profile(plan, levels)
    half = 0.5 * WEDGE_SHARE
    edges = np.stack([levels - half * 0.75, levels + half * 0.75], -1)
    tilts, _ = tilt_profile(plan, edges)
    nodes = np.array(plan.nodes)
    tilts[nodes] = middle[nodes, None]
    return np.asarray(tilts)


def _neck_tilts(c7_tilt_deg: float) -> Floats:
    fade = np.linspace(0.2, 0.8, FIRST_LABELLED)
    return np.asarray(np.repeat((fade * c7_tilt_deg)[:, None], 2, axis=1))


def _axial_rotation_deg(design: SpineDesign) -> Floats:
    """(n,) rotation of each body; towards the convexity, largest at each apex."""
    levels = np.arange(len(LEVELS), dtype=np.float64)
    total = np.zeros_like(levels)
    plan = design.plan
    for k, swing in enumerate(plan.swings_deg):
        start, stop = plan.nodes[k], plan.nodes[k + 1]
        if stop <= start:
            continue
        place = np.interp(levels, [start - 0.5, plan.apices[k], stop + 0.5], [-1.0, 0.0, 1.0])
        total += swing * np.cos(place * np.pi / 2) ** 2
    return ROTATION_PER_COBB * design.rotation_factor * total


def _assemble(design: SpineDesign, tilt_deg: Floats) -> Spine:
    """Stack the bodies upward from the sacrum for given three-dimensional endplate tilts (n, 2)."""
    scale = design.column_mm / REFERENCE_COLUMN_MM
    pitch = _pitches_deg(design)
    rotation = _axial_rotation_deg(design)
    plate_frame = frames(tilt_deg, pitch, np.repeat(rotation[:, None], 2, axis=1))
    frame = frames(tilt_deg.mean(1), pitch.mean(1), rotation)
    sacral = frames(
        np.array(design.sacral_tilt_deg),
        np.array(SACRAL_SLOPE_REFERENCE_DEG * design.lordosis_factor),
        np.array(0.0),
    )
    # The tables are what frontal films show: a body that leans forward or back is longer than its shadow.
    lean = np.cos(np.radians(SAGITTAL_REFERENCE_DEG))
    height, disc = HEIGHT / lean * design.column_mm, DISC_BELOW / lean * design.column_mm
    plates = np.empty((len(LEVELS), 2, 3))
    below, down_below = np.zeros(3), sacral[:, 1]
    for i in reversed(range(len(LEVELS))):
        down = plate_frame[i, 1, :, 1] + down_below
        plates[i, 1] = below - disc[i] * down / np.linalg.norm(down)
        plates[i, 0] = plates[i, 1] - height[i] * frame[i, :, 1]
        below, down_below = plates[i, 0], plate_frame[i, 0, :, 1]
    half_width = np.stack([UPPER_WIDTH, LOWER_WIDTH], -1) * design.column_mm * design.width_factor / 2
    half_depth = np.repeat(DEPTH_MM[:, None], 2, axis=1) * scale * design.width_factor / 2
    size = np.stack([half_width, half_depth], -1)
    return Spine(plates.mean(1), frame, plates, plate_frame, size, rotation, pitch.mean(1), sacral, scale)


def _pitches_deg(design: SpineDesign) -> Floats:
    """(n, 2) sagittal pitch of both endplates: the reference curve, its two bows scaled apart."""
    middle = SAGITTAL_REFERENCE_DEG.copy()
    turn = LEVELS.index("T12")
    middle[: turn + 1] = middle[turn] + (middle[: turn + 1] - middle[turn]) * design.kyphosis_factor
    middle[turn:] = middle[turn] + (middle[turn:] - middle[turn]) * design.lordosis_factor
    wedge = np.gradient(middle) * 0.3
    return np.asarray(np.stack([middle - wedge, middle + wedge], -1))


def _corners(plates: Floats, plate_frame: Floats, size: Floats) -> Floats:
    """Extremes of the rim ellipse along the body's right-left direction: (n, 4, 3), TL TR BL BR."""
    right = plate_frame[..., 0] * size[..., :1]
    forward = plate_frame[..., 2] * size[..., 1:]
    along = plate_frame[..., :2, 0]
    dots = (np.einsum("...k,...k", axis[..., :2], along) for axis in (forward, right))
    angle = np.arctan2(*dots)[..., None]
    reach = right * np.cos(angle) + forward * np.sin(angle)
    return np.asarray(np.stack([plates - reach, plates + reach], 2).reshape(-1, 4, 3))


def _matrix(rows: list[list[Floats]]) -> Floats:
    return np.stack([np.stack(row, -1) for row in rows], -2)
