"""The golden cases: designed spines, read here and by `frontend/src/core/spine/golden.test.ts`."""

import json
from pathlib import Path
from typing import Any

import pytest

from annotation.spine import levels, posture
from annotation.spine.cobb import (
    aasce_angles,
    cobb_between,
    curve_between,
    endplate_tilts_deg,
    find_curves,
    measurable_change,
    reading_error_deg,
)
from tests.golden import make_cobb

GOLDEN: dict[str, Any] = json.loads(make_cobb.FILE.read_text(encoding="utf-8"))
DEG = GOLDEN["tolerance_deg"]
TWIN = Path(__file__).parents[3] / "frontend/src/core/spine/golden.test.ts"


def each(*path: str) -> pytest.MarkDecorator:
    cases: Any = GOLDEN
    for key in path:
        cases = cases[key]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.get("name", ""))


@each("spines")
def test_curves_come_out_as_designed(case: dict[str, Any]) -> None:
    found = find_curves(
        case["corners_px"],
        case["levels"],
        patient_right_at_image_right=case["patient_right_at_image_right"],
    )
    names = ("upper_level", "lower_level", "apex_level", "side", "region")
    assert [[getattr(curve, name) for name in names] for curve in found] == [
        [curve[name] for name in names] for curve in case["curves"]
    ]
    for curve, expected in zip(found, case["curves"], strict=True):
        assert curve.angle_deg == pytest.approx(expected["angle_deg"], abs=DEG)
        upper = case["corners_px"][case["levels"].index(curve.upper_level)]
        lower = case["corners_px"][case["levels"].index(curve.lower_level)]
        assert [list(end) for end in curve.upper_line] == upper[:2]
        assert [list(end) for end in curve.lower_line] == lower[2:]


@pytest.mark.parametrize("case", [c for c in GOLDEN["spines"] if "tilts_deg" in c], ids=lambda c: c["name"])
def test_tilts_are_those_drawn(case: dict[str, Any]) -> None:
    tilts = endplate_tilts_deg(case["corners_px"])
    assert tilts.tolist() == [pytest.approx(pair, abs=DEG) for pair in case["tilts_deg"]]


@pytest.mark.parametrize("case", [c for c in GOLDEN["spines"] if "aasce" in c], ids=lambda c: c["name"])
def test_challenge_angles_follow_from_the_design(case: dict[str, Any]) -> None:
    angles = aasce_angles(case["corners_px"], case["aasce"]["image_height_px"])
    assert angles == pytest.approx(case["aasce"]["angles_deg"], abs=DEG)


@each("fixed_levels")
def test_fixed_levels_are_measured_however_small_the_curve(case: dict[str, Any]) -> None:
    curve = curve_between(case["corners_px"], case["levels"], case["upper_level"], case["lower_level"])
    assert curve.angle_deg == pytest.approx(case["angle_deg"], abs=DEG)
    assert curve.side == case["side"]


@each("free_lines")
def test_free_lines_give_the_designed_angle(case: dict[str, Any]) -> None:
    angle = cobb_between(case["upper_line"], case["lower_line"])
    assert angle == pytest.approx(case["angle_deg"], abs=DEG)


@each("refused")
def test_what_cannot_be_measured_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        find_curves(case["corners_px"], case["levels"])


def test_levels() -> None:
    named = GOLDEN["levels"]
    assert {text: levels.parse_level(text) for text in named["parsed"]} == named["parsed"]
    for text in named["unknown"]:
        with pytest.raises(ValueError, match="not a vertebral level"):
            levels.parse_level(text)
    for counts in named["spines"]:
        assert list(levels.spine_levels(counts["thoracic"], counts["lumbar"])) == counts["levels"]
    assert {place: levels.height_rank(place) for place in named["ranks"]} == named["ranks"]
    for pair in named["not_neighbours"]:
        with pytest.raises(ValueError, match="cannot come directly below"):
            levels.disc_name(*pair)


@each("reading", "errors")
def test_reading_errors(case: dict[str, Any]) -> None:
    error = reading_error_deg(readers=case["readers"], levels=case["levels"])
    assert error == case["error_deg"]


@each("reading", "changes")
def test_changes(case: dict[str, Any]) -> None:
    change = measurable_change(
        case["earlier_deg"], case["later_deg"], readers=case["readers"], levels=case["levels"]
    )
    assert change.change_deg == pytest.approx(case["change_deg"])
    assert change.measurable is case["measurable"]


@each("balance", "coronal")
def test_coronal_balance(case: dict[str, Any]) -> None:
    balance = posture.coronal_balance(
        case["c7"],
        case["sacrum"],
        mm_per_px=case["mm_per_px"],
        patient_right_at_image_right=case["patient_right_at_image_right"],
    )
    assert (balance.value, balance.unit) == (case["value"], case["unit"])


@each("balance", "t1_tilt")
def test_t1_tilt(case: dict[str, Any]) -> None:
    tilt = posture.t1_tilt(
        case["corners_px"], patient_right_at_image_right=case["patient_right_at_image_right"]
    )
    assert tilt.value == pytest.approx(case["value"], abs=DEG)


def test_the_file_is_what_its_program_writes() -> None:
    assert make_cobb.FILE.read_text(encoding="utf-8") == make_cobb.text(), (
        "run python -m tests.golden.make_cobb"
    )


def test_golden_spans_the_kinds_of_spine() -> None:
    tags = {tag for case in GOLDEN["spines"] for tag in case["tags"]}
    assert tags >= {
        "none", "single", "double", "triple", "four", "left", "right", "over 90", "threshold", "plateau",
        "atypical", "partial", "wedge", "mirrored", "rotated", "scaled",
    }  # fmt: skip
    curves = [curve for case in GOLDEN["spines"] for curve in case["curves"]]
    assert {curve["region"] for curve in curves} == {"PT", "MT", "TL/L"}
    assert {curve["side"] for curve in curves} == {"left", "right"}
    assert {"/" in curve["apex_level"] for curve in curves} == {True, False}
    assert len(GOLDEN["spines"]) >= 40
    assert sum("aasce" in case for case in GOLDEN["spines"]) >= 6


def test_both_languages_read_every_part() -> None:
    here, twin = Path(__file__).read_text(encoding="utf-8"), TWIN.read_text(encoding="utf-8")
    parts = GOLDEN.keys() - {"about", "tolerance_deg"}
    parts |= {key for part in ("levels", "reading", "balance") for key in GOLDEN[part]}
    parts |= {"tilts_deg", "aasce", "apex_level", "side", "region"}
    for part in parts:
        assert f'"{part}"' in here, f"{part} is not read by pytest"
        assert f"golden.{part}" in twin or f".{part}" in twin, f"{part} is not read by vitest"
