"""ROC statistics against figures that were published, and against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.spine.roc import auc, auc_variance, proportion, roc_curve

# Hanley & McNeil 1982, table 1: 109 CT images rated from 1 (surely normal) to 5 (surely abnormal).
NORMAL = np.repeat([1, 2, 3, 4, 5], [33, 6, 6, 11, 2])
ABNORMAL = np.repeat([1, 2, 3, 4, 5], [3, 2, 2, 11, 33])
SCORES = st.lists(st.integers(1, 10), min_size=1, max_size=30)


def test_area_of_hanley_and_mcneil() -> None:
    """Their area is 0.893 and its standard error 0.032."""
    found = auc(NORMAL, ABNORMAL)
    assert found.value == pytest.approx(0.893, abs=5e-4)
    assert auc_variance(found.value, 58, 51) ** 0.5 == pytest.approx(0.032, abs=5e-4)
    for limit in (found.lower, found.upper):
        error = auc_variance(limit, 58, 51) ** 0.5
        assert abs(found.value - limit) == pytest.approx(1.959964 * error, rel=1e-5)


def test_curve_of_hanley_and_mcneil() -> None:
    """The rates of their table 1, from the strictest threshold: 33 of 51 and 2 of 58 above it."""
    points = [(p.false_positive_rate, p.true_positive_rate) for p in roc_curve(NORMAL, ABNORMAL)]
    assert points[0] == (0, 0)
    assert points[1] == pytest.approx((2 / 58, 33 / 51))
    assert points[2] == pytest.approx((13 / 58, 44 / 51))
    assert points[-1] == (1, 1)
    assert len(points) == 6


@given(SCORES, SCORES)
def test_area_is_how_often_a_positive_scores_higher_and_lies_under_the_curve(
    low: list[int], high: list[int]
) -> None:
    found = auc(low, high)
    wins = [1.0 if b > a else 0.5 if a == b else 0.0 for a, b in itertools.product(low, high)]
    assert found.value == pytest.approx(sum(wins) / len(wins))
    curve = roc_curve(low, high)
    x, y = zip(*[(p.false_positive_rate, p.true_positive_rate) for p in curve], strict=True)
    assert np.trapezoid(y, x) == pytest.approx(found.value)
    assert 0 <= found.lower <= found.value <= found.upper <= 1
    swapped = auc(high, low)
    assert (1 - swapped.upper, 1 - swapped.lower) == pytest.approx((found.lower, found.upper), abs=1e-6)


def test_limits_of_an_area_hold_it_as_often_as_they_say() -> None:
    """Binormal scores of a known area, 0.85 (d' = 1.4657), 25 of each class, 1000 times; 3 SE are 2.1 %."""
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(1000):
        found = auc(rng.normal(0, 1, 25), rng.normal(1.4657, 1, 25))
        inside += found.lower <= 0.85 <= found.upper
    assert inside / 1000 == pytest.approx(0.95, abs=0.021)


def test_a_perfect_reader_of_few_films_is_not_certain() -> None:
    """The limit solves (1 - x)^2 = z^2 V(x), so that ten films leave it well below one."""
    found = auc([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    assert (found.value, found.upper) == (1, 1)
    assert 0.5 < found.lower < 0.75
    assert (1 - found.lower) ** 2 == pytest.approx(1.959964**2 * auc_variance(found.lower, 5, 5), rel=1e-5)


def test_proportions_of_newcombe() -> None:
    """Newcombe 1998, Stat Med 17:857, table I, method 3: 81/263, 15/148, 0/20 and 1/29."""
    wanted = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611)}
    wanted[1, 29] = (0.0061, 0.1718)
    for (hits, trials), limits in wanted.items():
        found = proportion(hits, trials)
        assert found.value == hits / trials
        assert (found.lower, found.upper) == pytest.approx(limits, abs=5e-5)


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        auc([], [1])
    with pytest.raises(ValueError, match="finite"):
        roc_curve([1], [float("nan")])
    with pytest.raises(ValueError, match="no share"):
        proportion(0, 0)
