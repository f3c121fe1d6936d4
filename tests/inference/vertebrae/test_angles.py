"""Intervals: they come from the covariance, they cover what they promise, and too wide a one is no answer."""

from typing import Any

import numpy as np
import pytest

from annotation.spine.aasce import aasce_angles
from annotation.spine.cobb import curve_between, find_curves
from inference.vertebrae.angles import (
    MOST_DOUBT_DEG,
    SPREAD,
    Angle,
    Calibration,
    aasce_medians,
    aasce_with_doubt,
    conformal_factor,
    curves_with_doubt,
    draws,
    true_angle_deg,
)
from inference.vertebrae.chain import SpineLine
from inference.vertebrae.doubts import Doubt, angle_doubt, body_doubts, spine_doubts
from inference.vertebrae.films import LEVELS
from tests.inference.made_films import bent_column

HEIGHT = 1000


def column(seed: int = 3) -> Any:
    return bent_column(np.random.default_rng(seed), 400, HEIGHT, most_deg=30)


def covariance(deviation_px: float) -> Any:
    return np.broadcast_to(np.eye(2) * deviation_px**2, (17, 4, 2, 2))


def test_draws_have_the_covariance_they_are_drawn_from() -> None:
    matrix = np.array([[4.0, 1.5], [1.5, 1.0]])
    drawn = draws(column(), np.broadcast_to(matrix, (17, 4, 2, 2)), np.random.default_rng(1))
    off = (drawn - column()).reshape(-1, 2)
    assert np.cov(off.T) == pytest.approx(matrix, abs=0.12)
    assert off.mean(axis=0) == pytest.approx([0, 0], abs=0.1)


def test_the_angle_is_near_that_of_the_corners_and_its_doubt_grows_with_theirs() -> None:
    corners = column()
    sharp, blurred = (
        aasce_with_doubt(
            corners, draws(corners, covariance(size), np.random.default_rng(1)), HEIGHT, Calibration()
        )
        for size in (0.5, 3.0)
    )
    assert [angle.value_deg for angle in sharp] == pytest.approx(list(aasce_angles(corners, HEIGHT)), abs=0.5)
    assert 3 * sharp[0].doubt_deg < blurred[0].doubt_deg
    low, high = sharp[0].interval_deg
    assert low < sharp[0].value_deg < high


def test_an_angle_that_jumps_is_what_most_columns_near_the_found_one_say() -> None:
    """Corners where the rule is on the edge: the column found says this, three in four near it say that."""
    found = column()
    other = column(seed=4)
    near = found + (other - found) / SPREAD
    drawn = np.stack([found] * 10 + [near] * 30)
    assert aasce_medians(found, drawn, HEIGHT) == pytest.approx(list(aasce_angles(other, HEIGHT)))


def test_a_curves_doubt_by_hand() -> None:
    """Two endplates, each with corners that err by s px in height over a width of w: s sqrt(2) / w each."""
    corners = column()
    curve = find_curves(corners, LEVELS)[0]
    drawn = draws(corners, covariance(1.0), np.random.default_rng(2))
    (same, doubt), *_ = curves_with_doubt(corners, drawn, Calibration())
    assert same == curve
    ends = [np.hypot(*np.subtract(*line)) for line in (curve.upper_line, curve.lower_line)]
    expected = np.degrees(np.sqrt(sum(2 / width**2 for width in ends)))
    assert doubt == pytest.approx(Calibration().curve * expected, rel=0.15)


def test_a_curve_is_held_to_the_true_one_that_it_lies_in() -> None:
    """The found ends may be a level off: the true curve counts, not the angle between the same names."""
    corners = column()
    curve = find_curves(corners, LEVELS)[0]
    assert true_angle_deg(curve, corners) == curve.angle_deg
    upper, lower = (LEVELS.index(str(end)) for end in (curve.upper_level, curve.lower_level))
    narrower = curve_between(corners, LEVELS, LEVELS[upper + 1], LEVELS[lower - 1])
    assert abs(narrower.angle_deg) < abs(curve.angle_deg)
    assert true_angle_deg(narrower, corners) == curve.angle_deg


def test_a_curve_that_nobody_labelled_is_held_to_the_same_vertebrae() -> None:
    corners = column()
    curve = find_curves(corners, LEVELS)[0]
    middle = corners[..., :1].mean()
    mirrored = np.stack([2 * middle - corners[:, [1, 0, 3, 2], 0], corners[:, [1, 0, 3, 2], 1]], axis=-1)
    assert true_angle_deg(curve, mirrored) == pytest.approx(-curve.angle_deg)


def test_conformal_intervals_cover_films_they_were_not_made_from() -> None:
    """Errors four times as large as the deviations say: the factor finds that out, with any distribution."""
    rng = np.random.default_rng(4)
    deviations = rng.uniform(1, 5, 4000)
    errors = 4 * deviations * rng.laplace(0, 1, 4000)
    factor = conformal_factor(errors[:2000], deviations[:2000])
    covered = np.abs(errors[2000:]) <= factor * deviations[2000:]
    assert covered.mean() == pytest.approx(0.9, abs=0.03)


def test_nine_films_are_enough_for_nine_in_ten_and_eight_are_not() -> None:
    ones = np.ones(9)
    assert conformal_factor(np.arange(9.0), ones) == 8.0
    with pytest.raises(ValueError, match="8 films are too few"):
        conformal_factor(np.arange(8.0), ones[:8])


def test_a_calibration_goes_through_json() -> None:
    calibration = Calibration((1.0, 2.0, 3.0), 4.0)
    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_no_answer_beyond_ten_degrees_and_why() -> None:
    assert angle_doubt(Angle(30, MOST_DOUBT_DEG), []) is None
    assert "off by 12 degrees" in str(angle_doubt(Angle(30, 12.2), []))


def test_no_answer_where_the_largest_curve_is_doubtful_and_one_where_only_a_smaller_is() -> None:
    corners = column()
    large = find_curves(corners, LEVELS)[0]
    upper, lower = str(large.upper_level), LEVELS[LEVELS.index(str(large.lower_level)) - 1]
    small = curve_between(corners, LEVELS, upper, lower)
    assert "off by 13 degrees" in str(angle_doubt(Angle(30, 5), [(small, 4.0), (large, 12.6)]))
    assert angle_doubt(Angle(30, 5), [(small, 12.6), (large, 4.0)]) is None


def line(confidence: float = 0.9, unseen: float = 0.0) -> SpineLine:
    return SpineLine(np.zeros((64, 2)), confidence, unseen, 0.1)


def test_what_is_no_film_of_a_spine_is_told() -> None:
    seen = np.full(17, 0.8)
    assert spine_doubts(line(), seen) == []
    assert "No clear spine" in spine_doubts(line(confidence=0.5), seen)[0]
    assert "No clear spine" in spine_doubts(line(), np.full(17, 0.2))[0]
    assert "About 4 of the 17" in spine_doubts(line(unseen=4.2), seen)[0]


def test_what_is_odd_about_the_vertebrae_is_told_by_name() -> None:
    corners, seen = column(), np.full(17, 0.8)
    assert body_doubts(corners, seen, apart_rows=3.0) == []
    assert "mirror image" in body_doubts(corners, seen, apart_rows=30.0)[0].text
    seen[4] = 0.02
    assert body_doubts(corners, seen, apart_rows=3.0) == [Doubt(("T5",), "Hardly to be seen: T5.")]
    corners[9:] += corners[9].mean(axis=0) - corners[8].mean(axis=0)
    gap = next(one for one in body_doubts(corners, seen, apart_rows=3.0) if "T9" in one.levels)
    assert gap.text.startswith("T9 is followed by a gap")
