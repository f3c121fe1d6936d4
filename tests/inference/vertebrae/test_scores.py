"""The figures of the field, each against a case worked by hand."""

from typing import Any

import numpy as np
import pytest

from inference.vertebrae.scores import FilmScore, bootstrapped_mean, score, severity, summary, weighted_kappa
from tests.inference.made_films import bent_column


def film(found: Any, true: Any) -> FilmScore:
    return FilmScore(np.ones((17, 4)), 0.1, 1e-4, np.array(found, dtype=float), np.array(true, dtype=float))


def test_distances_in_px_in_heights_and_normalised() -> None:
    corners = bent_column(np.random.default_rng(1), 400, 1000)
    one = score(corners + np.array([3, 4]), corners, 400, 1000)
    assert one.corner_px == pytest.approx(5)
    heights = np.hypot(*np.moveaxis(corners[:, 2:] - corners[:, :2], -1, 0)).mean()
    assert one.corner_heights == pytest.approx(5 / heights)
    assert one.normalised_mse == pytest.approx(((3 / 400) ** 2 + (4 / 1000) ** 2) / 2)
    assert one.found_deg == pytest.approx(one.true_deg)
    assert score(corners, corners, 400, 1000, np.array([9.0, 8, 7])).true_deg.tolist() == [9, 8, 7]


def test_smape_is_the_mean_of_each_films_own_ratio() -> None:
    one = film([30, 10, 0], [20, 10, 10])
    assert one.smape_percent == pytest.approx(100 * 20 / 80)
    figures = summary([one, film([10, 10, 10], [10, 10, 10])])
    assert figures["smape_percent"] == pytest.approx(12.5)
    assert film([0, 0, 0], [0, 0, 0]).smape_percent == 0


def test_the_major_curves_figures() -> None:
    figures = summary(
        [film([30, 0, 0], [20, 0, 0]), film([38, 0, 0], [42, 0, 0]), film([5, 0, 0], [5, 0, 0])]
    )
    assert figures["major_mae_deg"] == pytest.approx(14 / 3)
    assert figures["major_bias_deg"] == pytest.approx(2)
    assert figures["major_median_deg"] == pytest.approx(4)
    spread = np.std([10, -4, 0], ddof=1)
    assert figures["major_upper_limit_deg"] == pytest.approx(2 + 1.96 * spread)
    assert figures["major_within_5_deg_percent"] == pytest.approx(200 / 3)


def test_severity_goes_by_the_bounds_of_the_clinic() -> None:
    assert [severity(value) for value in (9.9, 10, 24.9, 25, 39.9, 40)] == [0, 1, 1, 2, 2, 3]


def test_kappa_by_hand() -> None:
    assert weighted_kappa([0, 1, 2, 3], [0, 1, 2, 3]) == pytest.approx(1)
    assert weighted_kappa([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(0)
    # One of four is off by one class; by chance (margins 1 1 1 1 and 1 1 2 0) it would be 32 / 4 squares.
    assert weighted_kappa([0, 1, 2, 3], [0, 1, 2, 2]) == pytest.approx(1 - 1 / 8)
    assert np.isnan(weighted_kappa([1, 1], [1, 1]))


def test_no_figure_is_a_nan() -> None:
    assert summary([]) == {"images": 0}
    assert all(np.isfinite(list(summary([film([10, 5, 5], [12, 6, 4])]).values())))


def test_the_bootstrap_draws_patients_not_films() -> None:
    """Ten films of each of four people tell no more than four: 0, 10, 20 and 30 have a wide interval."""
    values = np.repeat([0.0, 10, 20, 30], 10)
    patients = [str(number) for number in range(4) for _ in range(10)]
    low, high = bootstrapped_mean(values, patients, np.random.default_rng(1))
    assert low < 8
    assert high > 22
    narrow = bootstrapped_mean(values, [str(number) for number in range(40)], np.random.default_rng(1))
    assert low < narrow[0] < 15 < narrow[1] < high
