"""Agreement against figures that were published, and against what must hold of any readings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.spine.agreement import Estimate, bland_altman, icc_2_1, icc_3_1, mdc95, sem, weighted_kappa

# Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Bland & Altman 1986, table 1: peak flow by a Wright and by a mini meter, first readings.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
# Agresti 1990, table 2.10: married couples' ratings, husbands down, wives across.
COUPLES = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]


def test_icc_of_shrout_and_fleiss() -> None:
    """Their ICC(2,1) = .29 and ICC(3,1) = .71; limits as R's psych::ICC and irr::icc print them."""
    agreement, consistency = icc_2_1(SHROUT_FLEISS), icc_3_1(SHROUT_FLEISS)
    assert (agreement.value, agreement.lower, agreement.upper) == pytest.approx(
        (0.290, 0.019, 0.761), abs=5e-4
    )
    assert (consistency.value, consistency.lower, consistency.upper) == pytest.approx(
        (0.715, 0.342, 0.946), abs=5e-4
    )


def test_sem_of_shrout_and_fleiss() -> None:
    """From their mean squares: judges 32.49, residual 1.02, six targets."""
    assert sem(SHROUT_FLEISS, kind="consistency") == pytest.approx(math.sqrt(1.02), abs=1e-3)
    assert sem(SHROUT_FLEISS) == pytest.approx(math.sqrt((32.486 - 1.019) / 6 + 1.019), abs=1e-3)
    assert mdc95(2.0) == pytest.approx(5.544, abs=1e-3)


def test_limits_of_bland_and_altman() -> None:
    """1986: mean difference -2.1, SD 38.8, 95 % interval -22.0 to 17.8; SE of a limit near sqrt(3/n) SD."""
    found = bland_altman(WRIGHT, MINI)
    assert (found.bias.value, found.sd) == pytest.approx((-2.1, 38.8), abs=0.05)
    assert (found.bias.lower, found.bias.upper) == pytest.approx((-22.0, 17.8), abs=0.1)
    assert found.lower_limit.value == pytest.approx(-2.118 - 1.96 * 38.765, abs=0.01)
    half = (found.upper_limit.upper - found.upper_limit.lower) / 2
    assert half == pytest.approx(2.12 * 38.8 * math.sqrt(3 / 17), rel=0.01)


@pytest.mark.parametrize(
    ("weights", "kappa", "error"), [("none", 0.1293, 0.0686), ("linear", 0.2374, 0.0783)]
)
def test_kappa_of_the_couples(weights: str, kappa: float, error: float) -> None:
    """Kappa and its standard error as R's vcd::Kappa prints them for this table."""
    pairs = [(i, j) for i in range(4) for j in range(4) for _ in range(COUPLES[i][j])]
    first, second = zip(*pairs, strict=True)
    found = weighted_kappa(first, second, range(4), weights=weights)  # type: ignore[arg-type]
    assert found.value == pytest.approx(kappa, abs=5e-5)
    assert (found.upper - found.lower) / 2 / 1.959964 == pytest.approx(error, abs=5e-5)


def test_quadratic_kappa_is_the_icc_of_many_subjects() -> None:
    """Fleiss & Cohen 1973: equal to ICC(2,1) but for a term of order 1/n."""
    rng = np.random.default_rng(7)
    first = rng.integers(0, 5, 4000)
    second = np.clip(first + rng.integers(-1, 2, 4000), 0, 4)
    kappa = weighted_kappa(first.tolist(), second.tolist(), range(5))
    assert kappa.value == pytest.approx(icc_2_1(np.stack([first, second], axis=1)).value, abs=1e-3)


def test_perfect_readers() -> None:
    same = [[1.1, 1.1], [2.3, 2.3], [3.7, 3.7]]
    assert icc_2_1(same) == icc_3_1(same) == Estimate(1.0, 1.0, 1.0)
    assert sem(same) == 0
    shifted = [[1.1, 2.1], [2.3, 3.3], [3.7, 4.7]]
    assert icc_3_1(shifted).value == 1.0
    assert icc_2_1(shifted).value < 1.0
    assert bland_altman([1, 2, 3], [1, 2, 3]).upper_limit == Estimate(0, 0, 0)
    assert weighted_kappa("aabb", "aabb", "ab").value == 1


@given(
    st.lists(st.lists(st.floats(-60, 60), min_size=3, max_size=3), min_size=4, max_size=20),
    st.floats(0.1, 10),
    st.floats(-100, 100),
)
def test_the_unit_of_the_readings_changes_nothing(
    table: list[list[float]], scale: float, shift: float
) -> None:
    ratings = np.array(table) + np.arange(len(table))[:, None] + np.array([[0.0, 0.7, 1.9]])
    for icc in (icc_2_1, icc_3_1):
        before, after = icc(ratings), icc(ratings * scale + shift)
        assert before.lower <= before.value + 1e-9
        assert before.value <= before.upper + 1e-9
        assert after.value == pytest.approx(before.value, abs=1e-6)
    assert sem(ratings * scale) == pytest.approx(scale * sem(ratings), rel=1e-6)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="at least two subjects and two readers"):
        icc_2_1([[1.0, 2.0]])
    with pytest.raises(ValueError, match="all the same"):
        icc_3_1([[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="ratings must be finite"):
        icc_2_1([[1.0, math.nan], [2.0, 3.0]])
    with pytest.raises(ValueError, match="confidence must lie"):
        icc_2_1(SHROUT_FLEISS, confidence=95)
    with pytest.raises(ValueError, match="'agreement' or 'consistency'"):
        sem(SHROUT_FLEISS, kind="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot be -1"):
        mdc95(-1.0)
    with pytest.raises(ValueError, match="at least three pairs"):
        bland_altman([1, 2], [1, 2])
    with pytest.raises(ValueError, match="second must have shape"):
        bland_altman([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="'c' is not one of the categories"):
        weighted_kappa("ab", "ac", "ab")
    with pytest.raises(ValueError, match="same subjects, not 2 and 1"):
        weighted_kappa("ab", "a", "ab")
    with pytest.raises(ValueError, match="each once"):
        weighted_kappa("ab", "ab", "aa")
    with pytest.raises(ValueError, match="one and the same category"):
        weighted_kappa("aa", "aa", "ab")
    with pytest.raises(ValueError, match="'none', 'linear' or 'quadratic'"):
        weighted_kappa("ab", "ab", "ab", weights="cubic")  # type: ignore[arg-type]


def test_subjects_that_do_not_differ_have_no_icc() -> None:
    """One reader says 24 each time and the other 18: nothing between subjects that could be agreed on."""
    with pytest.raises(ValueError, match="do not differ"):
        icc_2_1([[24, 18], [24, 18], [24, 18]])
