"""Writes cobb.json: spines of known tilts, so that every right answer is known before any is computed.

    python -m tests.golden.make_cobb

pytest and vitest read the file; a test holds it to this program. Imports nothing of the product.
"""

import json
from pathlib import Path
from typing import Any

from tests.golden.spine_design import (
    TYPICAL,
    Case,
    along,
    column,
    mirrored,
    rounded,
    scaled,
    spine,
    tilts_through,
    turned,
)

FILE = Path(__file__).with_name("cobb.json")


def single_curves() -> list[Case]:
    """Symmetrical curves of one kind each, with the compensation above and below that the knots make."""
    cases = []
    for angle in (24.0, 37.5, 52.0, 71.0, 88.0):
        half = angle / 2
        knots = {"T1": 0.0, "T5": -half, "T11": half, "L5": 0.0}
        tags = ("single", "right")
        cases.append(spine(f"main thoracic {angle:g} right", knots, tags=tags))
    for angle in (96.0, 118.0, 140.0):
        half = angle / 2
        knots = {"T4": -half, "T12": half}
        cases.append(
            spine(
                f"one arc of {angle:g}", knots, tags=("single", "over 90"), shape="C", image_height_px=1500.0
            )
        )
    for angle in (14.0, 33.0, 60.0):
        knots = {"T1": angle / 2, "L5": -angle / 2}
        cases.append(
            spine(
                f"long C of {angle:g} left", knots, tags=("single", "left"), shape="C", image_height_px=1500.0
            )
        )
    cases += [
        spine(
            "lumbar 40 left",
            {"T11": 20.0, "L4": -20.0},
            tags=("single", "left"),
            shape="C",
            image_height_px=1500.0,
        ),
        # At this height an S-shaped column would get another third angle: only "C" is right.
        spine(
            "C-shaped though its tilts turn back",
            {"T1": -3.0, "T5": -30.0, "L1": 30.0, "L5": 4.0},
            tags=("triple",),
            shape="C",
            image_height_px=800.0,
        ),
        spine("thoracolumbar 30 right", {"T9": -15.0, "L3": 15.0}, tags=("single", "right")),
        spine("proximal 26 left", {"T1": 13.0, "T7": -13.0, "L5": 12.0}, tags=("double",)),
        spine("straight", {"T1": 0.0}, [], tags=("none",)),
        spine("straight and leaning 14", {"T1": 14.0}, [], tags=("none",)),
    ]
    return cases


def several_curves() -> list[Case]:
    low, high = 800.0, 4000.0
    # End vertebrae T5 and T11 of this column: superior midpoints sum to 1274 px, inferior ones to 1377 px.
    triple = {"T1": 8.0, "T5": -22.0, "T11": 38.0, "L4": -10.0}
    return [
        spine("left 19 above right 50 above left 48", {"T2": -6.0, "T5": -25.0, "T11": 25.0, "L4": -23.0},
              tags=("triple",), shape="S, upper half", image_height_px=high),
        spine("double, right 48 above left 28", {"T1": -20.0, "T8": 28.0, "L5": 0.0}, tags=("double",)),
        spine("double, left 36 above right 36", {"T3": 18.0, "T10": -18.0, "L5": 18.0}, tags=("double",)),
        spine("triple 30, 60, 48", triple, tags=("triple",), shape="S, lower half", image_height_px=low),
        spine("the inferior endplates decide on the half", triple, tags=("triple",), shape="S, lower half",
              image_height_px=1330.0),
        spine("triple 24, 54, 30", {"T1": 0.0, "T6": -24.0, "T12": 30.0, "L5": 0.0}, tags=("triple",),
              shape="S, upper half", image_height_px=high),
        spine("four curves", {"T1": 10.0, "T4": -12.0, "T9": 14.0, "L1": -13.0, "L5": 12.0}, tags=("four",)),
        spine("double beyond 90, left 104 above right 98", {"T2": 50.0, "T9": -54.0, "L4": 44.0},
              tags=("double", "over 90")),
    ]  # fmt: skip


def at_the_threshold() -> list[Case]:
    return [
        spine("9.9 is no curve", {"T5": -4.95, "T11": 4.95}, [], tags=("threshold", "none")),
        spine("10.1 is a curve", {"T5": -5.05, "T11": 5.05}, tags=("threshold",)),
        spine("10.1 left is a curve", {"T8": 5.05, "L3": -5.05}, tags=("threshold",)),
        spine("a swing of 9 back inside a curve of 50 does not split it",
              {"T4": -25.0, "T7": -6.0, "T8": -15.0, "L1": 25.0}, [("T4", "L1")], tags=("threshold",)),
        spine("a swing of 12 back inside a curve splits it",
              {"T3": -12.0, "T6": 10.0, "T9": -2.0, "L1": 20.0}, tags=("threshold", "triple")),
        spine("a last swing of 9 is no curve", {"T4": -15.0, "T10": 15.0, "L4": 6.0}, [("T4", "T10")],
              tags=("threshold",)),
        spine("equal tilts: the end vertebra nearest the apex",
              {"T2": -16.0, "T5": -16.0, "T10": 16.0, "L2": 16.0}, [("T5", "T10")], tags=("plateau",)),
    ]  # fmt: skip


def other_levels() -> list[Case]:
    eleven = [f"T{n}" for n in range(1, 12)] + [f"L{n}" for n in range(1, 6)]
    thirteen = [f"T{n}" for n in range(1, 14)] + [f"L{n}" for n in range(1, 6)]
    return [
        spine("11 thoracic", {"T4": -22.0, "T10": 22.0, "L4": -14.0}, levels=eleven, tags=("atypical",)),
        spine("11 thoracic, apex at T11/L1", {"T9": -14.0, "L3": 14.0}, levels=eleven, tags=("atypical",)),
        spine("13 thoracic", {"T5": -18.0, "T13": 16.0, "L5": -18.0}, levels=thirteen, tags=("atypical",)),
        spine("4 lumbar", {"T5": 17.0, "T12": -17.0, "L4": 17.0}, levels=TYPICAL[:-1], tags=("atypical",)),
        spine("6 lumbar", {"T10": 21.0, "L6": -21.0}, levels=[*TYPICAL, "L6"], tags=("atypical",)),
        spine("11 thoracic, 6 lumbar", {"T3": 15.0, "T9": -15.0, "L5": 15.0}, levels=[*eleven, "L6"],
              tags=("atypical",)),
        spine("C7 to S1", {"C7": 6.0, "T5": -18.0, "T12": 24.0, "S1": 0.0}, levels=["C7", *TYPICAL, "S1"],
              tags=("partial",)),
        spine("only T5 to L2", {"T6": -17.0, "T12": 17.0}, levels=TYPICAL[4:14], tags=("partial",)),
        spine("two vertebrae", {"T8": -9.0, "T9": 9.0}, levels=["T8", "T9"], tags=("partial",)),
    ]  # fmt: skip


def wedged() -> list[Case]:
    """Endplates of one body differ: the upper end counts by its superior, the lower by its inferior."""
    knots = {"T5": -20.0, "T11": 20.0}
    return [
        spine("end vertebrae wedged outward", knots,
              wedges={"T5": (-24.0, -18.0), "T11": (18.0, 25.0)}, tags=("wedge",)),
        spine("end vertebrae wedged inward, others more tilted", knots, [("T4", "T12")],
              wedges={"T5": (-16.0, -24.0), "T11": (24.0, 16.0), "T1": (-16.0, -20.0), "T2": (-16.0, -20.0),
                      "T3": (-16.0, -20.0), "L1": (20.0, 16.0), "L2": (20.0, 16.0), "L3": (20.0, 16.0),
                      "L4": (20.0, 16.0), "L5": (20.0, 16.0)}, tags=("wedge",)),
        spine("9 by mid-planes, 11 by endplates", {"T5": -4.5, "T11": 4.5},
              wedges={"T5": (-5.5, -4.5), "T11": (4.5, 5.5)}, tags=("wedge", "threshold")),
    ]  # fmt: skip


def on_other_films(cases: dict[str, Case]) -> list[Case]:
    single, double = cases["main thoracic 52 right"], cases["left 19 above right 50 above left 48"]
    severe = cases["one arc of 140"]
    return [
        *(turned(single, degrees) for degrees in (-7.0, 12.0, 90.0, 180.0)),
        *(turned(double, degrees) for degrees in (33.0, 171.0)),
        *(turned(severe, degrees) for degrees in (25.0, -120.0)),
        scaled(double, 0.1),
        scaled(single, 40.0),
        *(mirrored(case, told=told) for case in (single, double, severe) for told in (True, False)),
    ]


def spines() -> list[Case]:
    built = [*single_curves(), *several_curves(), *at_the_threshold(), *other_levels(), *wedged()]
    cases = [*built, *on_other_films({case["name"]: case for case in built})]
    for case in cases:
        case["corners_px"] = rounded(case["corners_px"])
    return cases


def free_lines() -> list[Case]:
    """Two lines of known tilt; drawn backwards, side by side, of any length: only the tilts count."""
    designs = [
        ("20, the lower line 20 px to the side", (-8.0, (300.0, 200.0), 80.0), (12.0, (320.0, 600.0), 80.0)),
        ("20, the lines side by side", (-8.0, (300.0, 400.0), 80.0), (12.0, (420.0, 405.0), 80.0)),
        (
            "left 44 from lines of unequal length",
            (19.0, (310.0, 100.0), 300.0),
            (-25.0, (280.0, 900.0), 12.0),
        ),
        ("116, beyond 90", (-60.0, (300.0, 200.0), 90.0), (56.0, (340.0, 700.0), 90.0)),
        ("170, nearly upright lines", (-85.0, (300.0, 200.0), 90.0), (85.0, (340.0, 700.0), 90.0)),
        ("0, parallel", (7.0, (300.0, 200.0), 90.0), (7.0, (290.0, 700.0), 60.0)),
    ]
    cases = []
    for name, upper, lower in designs:
        for backwards in ((False, False), (True, False), (False, True), (True, True)):
            lines = []
            for (tilt, middle, length), swap in zip((upper, lower), backwards, strict=True):
                ends = [along(middle, tilt, side * length / 2, 0.0) for side in (-1, 1)]
                lines.append([[round(x, 6), round(y, 6)] for x, y in (ends[::-1] if swap else ends)])
            cases.append(
                {
                    "name": name,
                    "upper_line": lines[0],
                    "lower_line": lines[1],
                    "angle_deg": lower[0] - upper[0],
                }
            )
    return cases


def fixed_levels() -> list[Case]:
    """A follow-up on the earlier end vertebrae, however small the curve is there now."""
    tilts = {"T1": 0.0, "T5": -15.0, "T11": 21.0, "L5": 0.0}
    profile = dict(zip(TYPICAL, tilts_through(TYPICAL, tilts), strict=True))
    corners = rounded(column([(tilt, tilt) for tilt in profile.values()]))
    return [
        {
            "levels": TYPICAL,
            "corners_px": corners,
            "upper_level": upper,
            "lower_level": lower,
            "angle_deg": profile[lower] - profile[upper],
            "side": "right" if profile[lower] > profile[upper] else "left",
        }
        for upper, lower in (("T5", "T11"), ("T6", "T10"), ("T5", "T6"), ("T12", "L3"), ("T1", "L4"))
    ]


def refused() -> list[Case]:
    """What find_curves must not answer; null is a point not yet placed."""
    good = rounded(column([(0.0, 0.0)] * 3))
    levels = ["T7", "T8", "T9"]

    def vertebra(row: int, corners: list[Any]) -> list[Any]:
        return [corners if each == row else good[each] for each in range(3)]

    tl, tr, bl, br = good[1]
    column_faults: dict[str, list[Any]] = {
        "a point not placed": vertebra(1, [tl, [None, tr[1]], bl, br]),
        "three corners": [v[:3] for v in good],
        "three coordinates": [[[*p, 1.0] for p in v] for v in good],
        "an endplate without length": vertebra(1, [tl, tl, bl, br]),
        "left and right swapped in one vertebra": vertebra(1, [tr, tl, br, bl]),
        "one inferior endplate backwards": vertebra(1, [tl, tr, br, bl]),
    }
    level_faults: dict[str, list[str]] = {
        "more vertebrae than levels": ["T7", "T8"],
        "a level left out": ["T7", "T8", "T10"],
        "levels upward": levels[::-1],
        "a level twice": ["T7", "T8", "T8"],
        "an unknown level": ["T7", "T8", "T14"],
    }
    return [
        *({"name": n, "levels": levels, "corners_px": corners} for n, corners in column_faults.items()),
        *({"name": n, "levels": wrong, "corners_px": good} for n, wrong in level_faults.items()),
        {"name": "one vertebra", "levels": levels[:1], "corners_px": good[:1]},
        {"name": "none", "levels": [], "corners_px": []},
    ]


def level_names() -> Case:
    return {
        "parsed": {"T4": "T4", " t04 ": "T4", "Th4": "T4", "D4": "T4", "th12": "T12", "l5": "L5", "C7": "C7",
                   "S1": "S1", "T13": "T13", "L6": "L6"},
        "unknown": ["", "T0", "T14", "L7", "C6", "S2", "4", "T", "T4x", "TT4", "T 4"],
        "spines": [
            {"thoracic": 12, "lumbar": 5, "levels": TYPICAL},
            {"thoracic": 11, "lumbar": 4, "levels": [v for v in TYPICAL if v not in ("T12", "L5")]},
            {"thoracic": 13, "lumbar": 6, "levels": [*TYPICAL[:12], "T13", *TYPICAL[12:], "L6"]},
        ],
        "ranks": {"C7": 0, "T1": 1, "T5/T6": 5.5, "T11/T12": 11.5, "T11/L1": 12.5, "T12/L1": 13, "L1": 14,
                  "L5/S1": 19, "S1": 20},
        "not_neighbours": [["T10", "L1"], ["T3", "T5"], ["L5", "L4"], ["L3", "S1"], ["T8", "T8"]],
    }  # fmt: skip


def reading() -> Case:
    """Morrissy 1990, typed from the paper's abstract; changes worked by hand."""
    own = {"readers": "same", "levels": "own"}
    fixed = {"readers": "same", "levels": "fixed"}
    others = {"readers": "different", "levels": "own"}
    return {
        "errors": [
            {"readers": "same", "levels": "own", "error_deg": 4.9},
            {"readers": "same", "levels": "fixed", "error_deg": 3.8},
            {"readers": "different", "levels": "own", "error_deg": 7.2},
            {"readers": "different", "levels": "fixed", "error_deg": 6.3},
        ],
        "changes": [
            {**pair, "earlier_deg": earlier, "later_deg": later, "change_deg": change, "measurable": clear}
            for pair, earlier, later, change, clear in (
                (own, 30, 34, 4, False),
                (own, 20.0, 24.9, 4.9, True),
                (own, 20.0, 24.8, 4.8, False),
                (fixed, 30, 34, 4, True),
                (others, -30, -38, 8, True),
                (others, -30, -23, -7, False),
                (own, 12, -3, -15, True),
                (own, 0, -11, 11, True),
            )
        ],
    }  # fmt: skip


def balance() -> Case:
    tilted = {tilt: rounded([column([(tilt, tilt)])[0]])[0] for tilt in (6.0, -11.5)}
    return {
        "coronal": [
            {
                "c7": [c7_x, 100],
                "sacrum": [500, 900],
                "mm_per_px": mm_per_px,
                "patient_right_at_image_right": told,
                "value": value,
                "unit": "px" if mm_per_px is None else "mm",
            }
            for c7_x, mm_per_px, told, value in (
                (540, 0.5, True, 20),
                (540, 0.5, False, -20),
                (488, None, True, -12),
            )
        ],
        "t1_tilt": [
            {"corners_px": corners, "patient_right_at_image_right": told, "value": tilt if told else -tilt}
            for tilt, corners in tilted.items()
            for told in (True, False)
        ],
    }  # fmt: skip


def golden() -> Case:
    return {
        "about": "Written by make_cobb.py from designed tilts. Pixels x right, y down; corners TL TR BL BR.",
        "tolerance_deg": 0.001,
        "spines": spines(),
        "fixed_levels": fixed_levels(),
        "free_lines": free_lines(),
        "refused": refused(),
        "levels": level_names(),
        "reading": reading(),
        "balance": balance(),
    }


def text() -> str:
    """The file: one case a line, so that a change of one case is a change of one line."""
    parts = []
    for key, value in golden().items():
        if isinstance(value, list):
            lines = ",\n".join("    " + json.dumps(item) for item in value)
            parts.append(f"  {json.dumps(key)}: [\n{lines}\n  ]")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
