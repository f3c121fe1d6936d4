"""The Cobb angle: curves found on labelled vertebrae, on chosen levels, and between two free lines.

A curve's angle is the difference of two *signed* endplate tilts, the lower end vertebra's inferior endplate
minus the upper end vertebra's superior one, each from its own left corner to its own right corner. It is
never taken between lines paired by their nearest ends, which turns 20 degrees into 160. Angles over 90
degrees come out as they are.

Frames. `corners_px` is (n, 4, 2): per vertebra, from above downward, TL TR BL BR as (x, y) in pixels of the
stored image; left and right are the *image's*. Whether image right is the patient's right, as in a film
seen from behind, is the caller's knowledge: `patient_right_at_image_right`. A signed angle is positive when
the curve is convex to the patient's right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from annotation.spine.aasce import aasce_angles
from annotation.spine.geometry import Array, checked_points, tilt_deg
from annotation.spine.levels import Level, check_levels, disc_name, height_rank, parse_level
from annotation.spine.reading_error import measurable_change, reading_error_deg

__all__ = [
    "LEAST_CURVE_DEG",
    "Curve",
    "Line",
    "Region",
    "Side",
    "aasce_angles",
    "cobb_between",
    "curve_between",
    "endplate_tilts_deg",
    "find_curves",
    "measurable_change",
    "reading_error_deg",
    "region_of",
]

Line = tuple[tuple[float, float], tuple[float, float]]
Side = Literal["left", "right"]
Region = Literal["PT", "MT", "TL/L"]
_Chain = tuple[float, tuple[tuple[int, int], ...]]
"""A sum of angles in degrees, and the rows of the upper and lower end vertebra of each curve in it."""

LEAST_CURVE_DEG = 10.0
"""Below this there is no curve (Scoliosis Research Society)."""
_TIE_DEG = 1e-4
"""Tilts closer than this are the same: no reader tells them apart, and rounding must not."""

_ROUNDING_DEG = 1e-7
_BODY_REACH = 0.25 + 1e-6
"""An apex within a quarter of a level of a vertebra's centre is that vertebra, else the disc beside it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve of the spine, with what a report prints and what a viewer draws."""

    angle_deg: float
    """Signed Cobb angle: positive when convex to the patient's right. Its size is the clinical angle."""
    upper_level: Level
    lower_level: Level
    apex_level: str
    """A vertebra ("T8") or a disc ("T8/T9")."""
    side: Side
    """The patient's side the curve is convex to."""
    region: Region
    upper_line: Line
    """Superior endplate of the upper end vertebra, image-left corner first, in px."""
    lower_line: Line
    """Inferior endplate of the lower end vertebra, image-left corner first, in px."""


def find_curves(
    corners_px: ArrayLike,
    levels: Sequence[str],
    *,
    patient_right_at_image_right: bool = True,
    least_deg: float = LEAST_CURVE_DEG,
) -> list[Curve]:
    """Every curve of at least `least_deg`, from above downward; consecutive curves alternate in side.

    `corners_px` (n, 4, 2), n >= 2, belongs to `levels`, n neighbouring vertebrae from above downward. The
    end vertebrae are where the tilt turns, by the upper one's superior and the lower one's inferior
    endplate; among equally tilted ones the nearest to the apex (SRS: "the first vertebra ... tilted
    maximally"). Turning, moving or scaling the image changes no angle, level or side.
    Raises ValueError for a wrong shape, a missing number, a collapsed endplate, swapped corners or
    impossible levels.
    """
    if not least_deg > 0:
        raise ValueError(f"least_deg must be positive, not {least_deg}")
    corners, parsed = _checked_column(corners_px, levels)
    return [
        _curve(corners, parsed, upper, lower, patient_right_at_image_right)
        for upper, lower in _end_vertebrae(endplate_tilts_deg(corners), least_deg)
    ]


def curve_between(
    corners_px: ArrayLike,
    levels: Sequence[str],
    upper_level: str,
    lower_level: str,
    *,
    patient_right_at_image_right: bool = True,
) -> Curve:
    """The curve between given end vertebrae, however small: a follow-up re-uses the earlier ones.

    Arguments and errors as in `find_curves`; the upper level must lie above the lower one.
    """
    corners, parsed = _checked_column(corners_px, levels)
    ends = [parse_level(upper_level), parse_level(lower_level)]
    absent = [level for level in ends if level not in parsed]
    if absent:
        raise ValueError(f"{' and '.join(absent)} not among the levels {parsed[0]} to {parsed[-1]}")
    upper, lower = (parsed.index(level) for level in ends)
    if upper >= lower:
        raise ValueError(f"the upper end vertebra {ends[0]} must lie above the lower one {ends[1]}")
    return _curve(corners, parsed, upper, lower, patient_right_at_image_right)


def cobb_between(
    upper_line: ArrayLike, lower_line: ArrayLike, *, patient_right_at_image_right: bool = True
) -> float:
    """Signed Cobb angle, in degrees in (-180, 180), between two lines drawn freely along two endplates.

    Each line is (2, 2), two ends as (x, y) in px, drawn in either direction: it is read from its image-left
    to its image-right end, so its tilt lies between -90 and 90 and the angle may exceed 90. The sign is as
    in `Curve.angle_deg`. Raises ValueError for a point-like line, and for an exactly vertical one, which
    has no left end.
    """
    tilts = [
        float(tilt_deg(_left_to_right(line, name)))
        for line, name in ((upper_line, "upper_line"), (lower_line, "lower_line"))
    ]
    return _signed(tilts[1] - tilts[0], patient_right_at_image_right)


def endplate_tilts_deg(corners_px: ArrayLike) -> Array:
    """Tilt of the superior and of the inferior endplate of each vertebra: (n, 2) in degrees.

    Positive when the image-right corner lies lower. Continuous down the column (neighbours differ by less
    than 180), so that differences are right however the film is turned.
    """
    corners = checked_points(corners_px, (None, 4, 2), "corners_px")
    endplates = corners.reshape(-1, 2, 2)
    collapsed = np.flatnonzero((endplates[:, 0] == endplates[:, 1]).all(axis=1))
    if collapsed.size:
        row, plate = divmod(int(collapsed[0]), 2)
        raise ValueError(
            f"vertebra {row + 1}: the two corners of its {('superior', 'inferior')[plate]} endplate coincide"
        )
    return np.unwrap(tilt_deg(endplates), period=360.0).reshape(-1, 2)


def _checked_column(corners_px: ArrayLike, levels: Sequence[str]) -> tuple[Array, tuple[Level, ...]]:
    parsed = check_levels(levels)
    corners = checked_points(corners_px, (None, 4, 2), "corners_px")
    if len(corners) != len(parsed):
        raise ValueError(f"{len(corners)} vertebrae in corners_px but {len(parsed)} levels")
    if len(corners) < 2:
        raise ValueError("a curve needs at least two vertebrae")
    _check_corner_order(corners, parsed)
    return corners, parsed


def _check_corner_order(corners: Array, levels: tuple[Level, ...]) -> None:
    """One vertebra with swapped corners would read as a curve of 160 degrees: name it instead."""
    across = corners[:, [1, 3]] - corners[:, [0, 2]]
    down = corners[:, 2:].sum(axis=1) - corners[:, :2].sum(axis=1)
    middle = across.sum(axis=1)
    turns = np.sign(middle[:, 0] * down[:, 1] - middle[:, 1] * down[:, 0])
    against_the_others = turns * (1 if turns.sum() >= 0 else -1) <= 0
    endplates_opposed = (across[:, 0] * across[:, 1]).sum(axis=1) < 0
    swapped = np.flatnonzero(against_the_others | endplates_opposed)
    if swapped.size:
        names = ", ".join(levels[row] for row in swapped)
        raise ValueError(f"{names}: corners are not in the order TL TR BL BR of the others; swap them back")


def _end_vertebrae(tilts_deg: Array, least_deg: float) -> tuple[tuple[int, int], ...]:
    """Rows of the upper and lower end vertebra of every curve, from above downward.

    Of all chains of curves that alternate in direction, do not overlap and reach `least_deg` each, the one
    with the greatest sum of angles. On parallel endplates that is the zig-zag over the extremes of tilt;
    unlike a zig-zag it stays well defined where endplates of one vertebra differ. Of equal ones the shorter
    wins, which is what brings the ends nearest to the apex.
    """
    superior, inferior = tilts_deg.T.tolist()
    # Per direction and row, the best chain whose last curve turns that way and ends at that row or above.
    best: dict[int, list[_Chain]] = {1: [(0.0, ())], -1: [(0.0, ())]}
    for lower in range(1, len(superior)):
        for direction in (1, -1):
            chain = best[direction][-1]
            for upper in range(lower):
                angle = direction * (inferior[lower] - superior[upper])
                if angle > least_deg - _TIE_DEG:
                    total, above = best[-direction][upper]
                    gain = angle - _TIE_DEG * (lower - upper)
                    chain = _larger(chain, (total + gain, (*above, (upper, lower))))
            best[direction].append(chain)
    return _larger(best[1][-1], best[-1][-1])[1]


def _larger(first: _Chain, second: _Chain) -> _Chain:
    """The first unless the second is larger by more than rounding can make it."""
    return second if second[0] > first[0] + _ROUNDING_DEG else first


def _curve(
    corners: Array, levels: tuple[Level, ...], upper: int, lower: int, patient_right_at_image_right: bool
) -> Curve:
    tilts = endplate_tilts_deg(corners)
    turn_deg = float(tilts[lower, 1] - tilts[upper, 0])
    angle_deg = _signed(turn_deg, patient_right_at_image_right)
    apex = _apex(corners, levels, upper, lower, 1.0 if turn_deg >= 0 else -1.0)
    return Curve(
        angle_deg=angle_deg,
        upper_level=levels[upper],
        lower_level=levels[lower],
        apex_level=apex,
        side="right" if angle_deg >= 0 else "left",
        region=region_of(apex),
        upper_line=_line(corners[upper, :2]),
        lower_line=_line(corners[lower, 2:]),
    )


def _apex(corners: Array, levels: tuple[Level, ...], upper: int, lower: int, bulge: float) -> str:
    """The vertebra or disc between the end vertebrae at the curve's furthest point to the convex side.

    Furthest from the column's own axis, the line through the centres of its first and last vertebra. In
    an upright balanced patient that is the SRS's "furthest from the vertical", and it also holds on a film
    that is turned. The point is the top of the parabola through the furthest centre and its neighbours:
    comparing bodies with discs outright favours discs, as the column turns in these alone.
    """
    centres = corners.mean(axis=1)
    down = centres[-1] - centres[0]
    length = float(np.hypot(*down))
    if length == 0:
        raise ValueError("the first and the last vertebra lie at the same place")
    deviations = bulge * (centres @ np.array([down[1], -down[0]])) / length**2
    row = upper + int(np.argmax(deviations[upper : lower + 1]))
    if row in (upper, lower):
        above = row if row == upper else row - 1
        return disc_name(levels[above], levels[above + 1])
    before, here, after = deviations[row - 1 : row + 2]
    bend = 2 * here - before - after
    offset = (after - before) / (2 * bend) if bend > 0 else 0.0
    if abs(offset) <= _BODY_REACH:
        return str(levels[row])
    above = row if offset > 0 else row - 1
    return disc_name(levels[above], levels[above + 1])


def region_of(apex_level: str) -> Region:
    """The region a curve is named after: apex above T6 PT, T6 to the T11/T12 disc MT, T12 and below TL/L.

    (Lenke 2001: PT apex T3-T5, MT apex T6 to the T11/12 disc, TL/L apex T12-L4.)
    """
    rank = height_rank(apex_level)
    if rank < Level.T6.ordinal:
        return "PT"
    return "MT" if rank < Level.T12.ordinal else "TL/L"


def _left_to_right(line: ArrayLike, name: str) -> Array:
    ends = checked_points(line, (2, 2), name)
    if ends[0, 0] == ends[1, 0]:
        raise ValueError(
            f"{name} is {'a point' if ends[0, 1] == ends[1, 1] else 'vertical'}: "
            "draw it along the endplate, from one side to the other"
        )
    return ends if ends[0, 0] < ends[1, 0] else ends[::-1]


def _signed(turn_deg: float, patient_right_at_image_right: bool) -> float:
    """A clockwise turn of the endplates on the way down bulges to image right."""
    return turn_deg if patient_right_at_image_right else -turn_deg


def _line(ends: Array) -> Line:
    (x0, y0), (x1, y1) = ends.tolist()
    return (x0, y0), (x1, y1)
