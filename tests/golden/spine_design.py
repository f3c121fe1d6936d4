"""Draws spines from chosen tilts, with the answers that follow from the design.

Imports nothing of the product. A spine is drawn from the tilt of each vertebra, a piecewise linear profile
through `knots`; its Cobb angles are differences of those tilts.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

Point = tuple[float, float]
Corners = list[list[Point]]
Case = dict[str, Any]

TYPICAL = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)]
PROXIMAL = {"T1", "T2", "T3", "T4", "T5", "T1/T2", "T2/T3", "T3/T4", "T4/T5", "T5/T6", "C7/T1"}
THORACOLUMBAR = {
    "T12", "T13", "T12/T13", "T12/L1", "T13/L1", "T11/L1", "L1", "L2", "L3", "L4", "L5", "L1/L2", "L2/L3",
    "L3/L4", "L4/L5", "L5/L6", "L5/S1", "L6/S1",
}  # fmt: skip
WIDTH, HEIGHT, DISC = 92.0, 60.0, 16.0


def tilts_through(levels: list[str], knots: dict[str, float]) -> list[float]:
    """The tilt of each vertebra: straight lines between the knots, level outside them."""
    places = [(levels.index(level), tilt) for level, tilt in knots.items()]
    tilts = []
    for row in range(len(levels)):
        before = [place for place in places if place[0] <= row] or places[:1]
        after = [place for place in places if place[0] >= row] or places[-1:]
        (r0, t0), (r1, t1) = before[-1], after[0]
        tilts.append(t0 if r0 == r1 else t0 + (t1 - t0) * (row - r0) / (r1 - r0))
    return tilts


def along(start: Point, tilt: float, across: float, down: float) -> Point:
    """From `start`, so far along an endplate of that tilt and so far down at right angles to it."""
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    return start[0] + across * cos - down * sin, start[1] + across * sin + down * cos


def column(plates: list[tuple[float, float]]) -> Corners:
    """Corners TL TR BL BR of a column whose superior and inferior endplates have these tilts."""
    here, corners = (500.0, 120.0), []
    for row, (superior, inferior) in enumerate(plates):
        if row:
            here = along(here, (plates[row - 1][1] + superior) / 2, 0.0, DISC)
        foot = along(here, (superior + inferior) / 2, 0.0, HEIGHT)
        ends = [(here, superior), (foot, inferior)]
        corners.append([along(mid, tilt, side * WIDTH / 2, 0.0) for mid, tilt in ends for side in (-1, 1)])
        here = foot
    return corners


def rounded(corners: Corners) -> list[list[list[float]]]:
    return [[[round(x, 6) + 0.0, round(y, 6) + 0.0] for x, y in vertebra] for vertebra in corners]


def centre(vertebra: list[Point]) -> Point:
    return sum(x for x, _ in vertebra) / 4, sum(y for _, y in vertebra) / 4


def apex_between(levels: list[str], tilts: list[float], corners: Corners, upper: int, lower: int) -> str:
    """The body or disc nearest to where the tilt profile crosses the tilt of the column's axis.

    Where it crosses outside the curve, the disc beside the end vertebra that is nearer to crossing.
    """
    (x0, y0), (x1, y1) = centre(corners[0]), centre(corners[-1])
    axis = math.degrees(math.atan2(x0 - x1, y1 - y0))
    off = [round(tilt - axis, 9) for tilt in tilts]
    crossings = [
        row + off[row] / (off[row] - off[row + 1])
        for row in range(upper, lower)
        if min(off[row : row + 2]) < 0 <= max(off[row : row + 2])
    ]
    crossing = crossings[0] if crossings else min((upper, lower), key=lambda row: abs(off[row]))
    half = min(max(round(2 * crossing), 2 * upper + 1), 2 * lower - 1)
    if crossings and 0.4 < abs(2 * crossing - half) < 0.6:
        raise ValueError(f"apex at {crossing:.2f} rows is too near the border of two places")
    return levels[half // 2] if half % 2 == 0 else f"{levels[half // 2]}/{levels[half // 2 + 1]}"


def region(apex: str) -> str:
    return "PT" if apex in PROXIMAL else "TL/L" if apex in THORACOLUMBAR else "MT"


def spine(
    name: str,
    knots: dict[str, float],
    curves: list[tuple[str, str]] | None = None,
    *,
    levels: list[str] | None = None,
    wedges: dict[str, tuple[float, float]] | None = None,
    shape: str | None = None,
    image_height_px: float = 0.0,
    tags: tuple[str, ...] = (),
) -> Case:
    """A case for find_curves. `curves` names end vertebrae; left out, each pair of neighbouring knots is one.

    `wedges` gives single vertebrae other (superior, inferior) tilts than the profile. `shape` ("C", or "S"
    with its end vertebrae in the upper or lower half of the image) adds the challenge's three angles.
    """
    levels = levels or TYPICAL
    tilts = tilts_through(levels, knots)
    plates = [(wedges or {}).get(level, (tilt, tilt)) for level, tilt in zip(levels, tilts, strict=True)]
    corners = column(plates)
    names = list(knots)
    expected = []
    for upper_level, lower_level in pairwise(names) if curves is None else curves:
        upper, lower = levels.index(upper_level), levels.index(lower_level)
        angle = plates[lower][1] - plates[upper][0]
        apex = apex_between(levels, tilts, corners, upper, lower)
        expected.append(curve(angle, upper_level, lower_level, apex))
    case: Case = {
        "name": name,
        "tags": list(tags),
        "levels": levels,
        "patient_right_at_image_right": True,
        "corners_px": corners,
        "tilts_deg": [list(pair) for pair in plates],
        "curves": expected,
    }
    if shape:
        case["aasce"] = {
            "image_height_px": image_height_px,
            "angles_deg": challenge_angles(tilts, shape),
        }
    return case


def curve(angle: float, upper: str, lower: str, apex: str) -> Case:
    return {
        "angle_deg": round(angle, 9) + 0.0,
        "upper_level": upper,
        "lower_level": lower,
        "apex_level": apex,
        "side": "right" if angle > 0 else "left",
        "region": region(apex),
    }


def challenge_angles(tilts: list[float], shape: str) -> list[float]:
    """The challenge's rule on the designed tilts; the shape of the column is the designer's word."""
    between = [[abs(a - b) for b in tilts] for a in tilts]
    largest = max(max(row) for row in between)
    i, j = next((i, j) for i, row in enumerate(between) for j, angle in enumerate(row) if angle == largest)
    if shape == "C":
        return [largest, between[0][i], between[-1][j]]
    second = max(between[i][: i + 1])
    if shape == "S, upper half":
        return [largest, second, max(between[j][j:])]
    k = between[i].index(second)
    return [largest, second, max(between[k][: k + 1])]


def changed(case: Case, suffix: str, move: Callable[[Point], Point], **fields: object) -> Case:
    """The same spine on a film that was turned, scaled or shifted: the same curves."""
    corners = [[move(point) for point in vertebra] for vertebra in case["corners_px"]]
    kept = {key: value for key, value in case.items() if key not in ("aasce", "tilts_deg")}
    return {**kept, "name": f"{case['name']}, {suffix}", "corners_px": corners, **fields}


def turned(case: Case, degrees: float) -> Case:
    def move(point: Point) -> Point:
        return along((900.0, 700.0), degrees, point[0] - 900.0, point[1] - 700.0)

    return changed(case, f"film turned {degrees:g} deg", move, tags=["rotated"])


def scaled(case: Case, factor: float) -> Case:
    return changed(case, f"scaled by {factor:g}", lambda p: (factor * p[0], factor * p[1]), tags=["scaled"])


def mirrored(case: Case, *, told: bool) -> Case:
    """Left and right of the image exchanged, corners named anew. `told` that image right is patient's left
    the answer stays; untold, every side is the wrong one."""
    flipped = [[v[1], v[0], v[3], v[2]] for v in case["corners_px"]]
    curves = case["curves"]
    if not told:
        other = {"left": "right", "right": "left"}
        curves = [{**c, "angle_deg": -c["angle_deg"], "side": other[c["side"]]} for c in curves]
    return changed(
        {**case, "corners_px": flipped},
        "mirrored and told so" if told else "mirrored",
        lambda p: (1000.0 - p[0], p[1]),
        patient_right_at_image_right=not told,
        curves=curves,
        tags=["mirrored"],
    )
