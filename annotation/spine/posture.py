"""Posture from single points: balance, tilts, and left-right differences of the back.

Points are (x, y) in pixels. Names end in `_L` and `_R` for the *patient's* left and right, so heights and
angles between them need no display convention; a sideways offset does, and asks which side image right is.
Every quantity carries its unit and a note on how it was defined, and on what stands in for what.

Surface quantities correlate weakly with the Cobb angle: show them with their error, never as a diagnosis.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from annotation.spine.geometry import checked_points, tilt_deg

Unit = Literal["mm", "px", "deg", "%"]
Point = Sequence[float]

NEUTRAL_BALANCE_MM = 20.0
"""Coronal balance within this of the CSVL is neutral."""

_LEFT_HIGHER = "Positive: the patient's left is higher."
_PAIRS = {"shoulder": "Shoulders", "scapula": "Scapulae", "waist": "Waist", "PSIS": "PSIS"}
_INDEX_NEEDS = (
    "C7", "natal_cleft", "shoulder_L", "shoulder_R", "scapula_L", "scapula_R", "waist_L", "waist_R",
)  # fmt: skip
_SCAPULA_NOTE = "The inferior angles of the scapulae stand in for the axillae of POTSI."


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number with all that belongs beside it on a page."""

    name: str
    title: str
    value: float
    unit: Unit
    note: str


def coronal_balance(
    c7: Point,
    sacrum: Point,
    *,
    mm_per_px: float | None = None,
    patient_right_at_image_right: bool = True,
) -> Quantity:
    """Distance from the CSVL to the C7 plumb line, positive to the patient's right.

    Both are verticals of the image: through `c7`, and through `sacrum` (the CSVL by its middle as placed).
    In mm where `mm_per_px` is known, else in px, which cannot be held against the neutral 20 mm.
    """
    points = checked_points([c7, sacrum], (2, 2), "c7 and sacrum")
    offset_px = float(points[0, 0] - points[1, 0]) * (1 if patient_right_at_image_right else -1)
    length, unit = _length(offset_px, mm_per_px)
    neutral = (
        f"Neutral within {NEUTRAL_BALANCE_MM:g} mm."
        if unit == "mm"
        else f"Not calibrated: cannot be held against the neutral {NEUTRAL_BALANCE_MM:g} mm."
    )
    return Quantity(
        name="coronal_balance",
        title="Coronal balance",
        value=length,
        unit=unit,
        note="C7 plumb line to CSVL (the vertical through the sacral point as placed). "
        f"Positive: C7 lies to the patient's right. {neutral}",
    )


def t1_tilt(t1_corners_px: ArrayLike, *, patient_right_at_image_right: bool = True) -> Quantity:
    """Tilt of T1's superior endplate against the image's horizontal; `t1_corners_px` (4, 2) TL TR BL BR."""
    corners = checked_points(t1_corners_px, (4, 2), "t1_corners_px")
    if (corners[0] == corners[1]).all():
        raise ValueError("t1_corners_px: the two corners of the superior endplate coincide")
    tilt = float(tilt_deg(corners[:2]))
    return Quantity(
        name="t1_tilt",
        title="T1 tilt",
        value=tilt if patient_right_at_image_right else -tilt,
        unit="deg",
        note=f"Superior endplate of T1 against the horizontal. {_LEFT_HIGHER}",
    )


def tilt_of_pair(name: str, title: str, left: Point, right: Point) -> Quantity:
    """Angle in the frontal plane of the line through a left and a right point of the patient.

    With the clavicles' outer ends it is the clavicle angle, with the iliac crests pelvic obliquity.
    Raises ValueError when one point lies straight above the other: then the line has no left end.
    """
    points = checked_points([left, right], (2, 2), title)
    across, drop = abs(float(points[1, 0] - points[0, 0])), float(points[1, 1] - points[0, 1])
    if across == 0:
        raise ValueError(f"{title}: the left and the right point lie straight above one another")
    note = f"Line through the left and the right point against the horizontal. {_LEFT_HIGHER}"
    return Quantity(name, title, math.degrees(math.atan2(drop, across)), "deg", note)


def height_of_pair(
    name: str, title: str, left: Point, right: Point, *, mm_per_px: float | None = None
) -> Quantity:
    """Height of a left point of the patient above its right partner; on clavicles, shoulder height."""
    points = checked_points([left, right], (2, 2), title)
    value, unit = _length(float(points[1, 1] - points[0, 1]), mm_per_px)
    return Quantity(name, title, value, unit, f"Difference of heights. {_LEFT_HIGHER}")


def pelvic_obliquity(psis_left: Point, psis_right: Point) -> Quantity:
    """Angle of the line through the posterior superior iliac spines, standing in for the iliac crests."""
    tilt = tilt_of_pair("pelvic_obliquity", "Pelvic obliquity", psis_left, psis_right)
    note = f"{tilt.note} The PSIS stand in for the iliac crests."
    return Quantity(tilt.name, tilt.title, tilt.value, tilt.unit, note)


def surface_quantities(
    points: Mapping[str, Point],
    *,
    mm_per_px: float | None = None,
    patient_right_at_image_right: bool = True,
) -> list[Quantity]:
    """All that the placed points of a `back6` or `back10` set allow, in the order of a report.

    A quantity that needs a point not in `points` is left out; the asymmetry index needs those of `back10`.
    """
    found = []
    sacral = next((name for name in ("sacrum", "natal_cleft") if name in points), None)
    if "C7" in points and sacral:
        balance = coronal_balance(
            points["C7"],
            points[sacral],
            mm_per_px=mm_per_px,
            patient_right_at_image_right=patient_right_at_image_right,
        )
        note = f"{balance.note} On the skin: {sacral.replace('_', ' ')} stands in for the middle of S1."
        found.append(Quantity(balance.name, balance.title, balance.value, balance.unit, note))
    for pair, title in _PAIRS.items():
        left, right = points.get(f"{pair}_L"), points.get(f"{pair}_R")
        if left is not None and right is not None:
            found.append(
                height_of_pair(f"{pair}_height", f"{title}, height", left, right, mm_per_px=mm_per_px)
            )
            found.append(tilt_of_pair(f"{pair}_angle", f"{title}, angle", left, right))
    if "PSIS_L" in points and "PSIS_R" in points:
        found.append(pelvic_obliquity(points["PSIS_L"], points["PSIS_R"]))
    if all(name in points for name in _INDEX_NEEDS):
        found.extend(landmark_asymmetry(points))
    return found


def landmark_asymmetry(points: Mapping[str, Point]) -> list[Quantity]:
    """The landmark asymmetry index of `back10` and its six parts, each in percent; 0 is symmetrical.

    Built like the posterior trunk symmetry index POTSI (Suzuki 1999; Minguez 2007, PMC2198893): three
    frontal parts about the vertical through the natal cleft, three differences of height over the height
    from natal cleft to C7. It is *not* POTSI: ten points hold no axilla, so the scapulae stand in, and
    points on bone for the outline of the trunk. POTSI's threshold of 28.1 does not carry over.
    Raises ValueError naming a missing point, or when a width or the height is zero.
    """
    missing = [name for name in _INDEX_NEEDS if name not in points]
    if missing:
        raise ValueError(f"the landmark asymmetry index needs {', '.join(missing)}")
    xy = dict(
        zip(_INDEX_NEEDS, checked_points([points[n] for n in _INDEX_NEEDS], (None, 2), "points"), strict=True)
    )
    middle = float(xy["natal_cleft"][0])
    height = abs(float(xy["C7"][1]) - float(xy["natal_cleft"][1]))

    def width(pair: str) -> float:
        return abs(float(xy[f"{pair}_R"][0] - xy[f"{pair}_L"][0]))

    def offset(pair: str) -> float:
        return abs(float(xy[f"{pair}_R"][0] + xy[f"{pair}_L"][0]) - 2 * middle)

    def drop(pair: str) -> float:
        return abs(float(xy[f"{pair}_R"][1] - xy[f"{pair}_L"][1]))

    if not (height and width("scapula") and width("waist")):
        raise ValueError("the landmark asymmetry index needs C7 above the natal cleft, and left beside right")
    parts = [
        _percent(
            "frontal_C7", abs(float(xy["C7"][0]) - middle) / width("waist"), "C7, over the waist's width."
        ),
        _percent("frontal_scapula", offset("scapula") / width("scapula"), _SCAPULA_NOTE),
        _percent("frontal_waist", offset("waist") / width("waist"), "Half widths of the waist."),
        _percent("height_shoulder", drop("shoulder") / height, "Heights of the shoulders."),
        _percent("height_scapula", drop("scapula") / height, _SCAPULA_NOTE),
        _percent("height_waist", drop("waist") / height, "Heights of the waist points."),
    ]
    total = sum(part.value for part in parts)
    note = f"Sum of six parts, built like POTSI but not POTSI. {_SCAPULA_NOTE}"
    return [Quantity("landmark_asymmetry", "Landmark asymmetry index", total, "%", note), *parts]


def _percent(name: str, ratio: float, note: str) -> Quantity:
    words = name.replace("_", " ")
    return Quantity(name, words[0].upper() + words[1:], 100 * ratio, "%", note)


def _length(length_px: float, mm_per_px: float | None) -> tuple[float, Unit]:
    if mm_per_px is None:
        return length_px, "px"
    if not (math.isfinite(mm_per_px) and mm_per_px > 0):
        raise ValueError(f"mm_per_px must be a positive number, not {mm_per_px}")
    return length_px * mm_per_px, "mm"
