"""What the Cobb functions refuse, and in which words; the angles themselves are golden cases."""

import numpy as np
import pytest

from annotation.spine.cobb import (
    cobb_between,
    curve_between,
    endplate_tilts_deg,
    find_curves,
    measurable_change,
    reading_error_deg,
    region_of,
)
from annotation.spine.levels import spine_levels
from tests.golden.spine_design import column

LEVELS = spine_levels()
ARC = np.array(column([(t, t) for t in np.linspace(-20, 20, 17).tolist()]))
FLAT = [[0.0, 0.0], [10.0, 0.0]]


def changed(row: int, corner: int, to: tuple[float, float]) -> np.ndarray:
    corners = ARC.copy()
    corners[row, corner] = to
    return corners


@pytest.mark.parametrize(
    ("corners", "levels", "message"),
    [
        (ARC[..., :1], LEVELS, r"shape \(n, 4, 2\), not \(17, 4, 1\)"),
        (ARC.reshape(-1, 2), LEVELS, r"not \(68, 2\)"),
        ([[1], [1, 2]], LEVELS, "regular array"),
        (changed(3, 1, (np.nan, 0)), LEVELS, r"index \[3, 1, 0\] is not: place that point first"),
        (changed(3, 1, (np.inf, 0)), LEVELS, "must be finite"),
        (changed(3, 1, tuple(ARC[3, 0])), LEVELS, "vertebra 4: .* superior endplate coincide"),
        (changed(3, 3, tuple(ARC[3, 2])), LEVELS, "vertebra 4: .* inferior endplate coincide"),
        (ARC[:, [0, 1, 2, 3]], LEVELS[:-1], "17 vertebrae in corners_px but 16 levels"),
        (ARC[:1], LEVELS[:1], "at least two vertebrae"),
        (ARC, LEVELS[::-1], "L4 cannot come directly below L5"),
        (np.concatenate([ARC[:5], ARC[5:6, [1, 0, 3, 2]], ARC[6:]]), LEVELS,
         "T6: corners are not in the order"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_measured(corners: object, levels: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_curves(corners, levels)  # type: ignore[arg-type]


@pytest.mark.parametrize("least_deg", [0.0, -1.0, float("nan")])
def test_least_angle_must_be_positive(least_deg: float) -> None:
    with pytest.raises(ValueError, match="least_deg must be positive"):
        find_curves(ARC, LEVELS, least_deg=least_deg)


def test_a_naive_mirror_that_leaves_the_corner_names_still_gets_the_side_right() -> None:
    [curve] = find_curves(ARC, LEVELS)
    [mirrored] = find_curves(ARC * [-1, 1], LEVELS)
    assert (curve.side, mirrored.side) == ("right", "left")
    assert mirrored.angle_deg == pytest.approx(-curve.angle_deg)


@pytest.mark.parametrize(
    ("upper", "lower", "message"),
    [
        ("L1", "T5", "upper end vertebra L1 must lie above the lower one T5"),
        ("T5", "T5", "must lie above"),
        ("C7", "S1", "C7 and S1 not among the levels T1 to L5"),
    ],
)
def test_end_vertebrae_must_be_there_and_in_order(upper: str, lower: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        curve_between(ARC, LEVELS, upper, lower)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([[5.0, 0.0], [5.0, 9.0]], "lower_line is vertical"),
        ([[5.0, 1.0], [5.0, 1.0]], "lower_line is a point"),
        ([[5.0, 1.0]], r"lower_line must have shape \(2, 2\)"),
        ([[5.0, 1.0], [None, 1.0]], "lower_line must be finite numbers"),
    ],
)
def test_a_line_without_a_tilt(line: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cobb_between(FLAT, line)


def test_free_lines_know_the_side() -> None:
    rising = [[0.0, 0.0], [10.0, 10.0]]
    assert cobb_between(FLAT, rising) == pytest.approx(45)
    assert cobb_between(FLAT, rising, patient_right_at_image_right=False) == pytest.approx(-45)


def test_tilts_run_on_beyond_180() -> None:
    tilts = [150.0, 170.0, 190.0, 210.0]
    found = endplate_tilts_deg(column([(t, t) for t in tilts]))
    assert np.diff(found[:, 0]) == pytest.approx([20, 20, 20])


@pytest.mark.parametrize(
    ("apex", "region"),
    [("T2", "PT"), ("T5", "PT"), ("T5/T6", "PT"), ("T6", "MT"), ("T11/T12", "MT"), ("T12", "TL/L"),
     ("L4", "TL/L"), ("T11/L1", "TL/L"), ("T11", "MT"), ("T13", "TL/L")],
)  # fmt: skip
def test_regions(apex: str, region: str) -> None:
    assert region_of(apex) == region


def test_reading_error_refuses_other_words_and_numbers() -> None:
    with pytest.raises(ValueError, match="'same' or 'different'"):
        reading_error_deg(readers="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        measurable_change(float("nan"), 3.0)
