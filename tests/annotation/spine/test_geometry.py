"""Affine maps and alignment against maps that are known beforehand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.spine.geometry import (
    fitted_similarity,
    inverted,
    mapped,
    mirrored_corners,
    similarity,
    spine_alignment,
    tilt_deg,
)

CLOUD = np.array([[0.0, 0.0], [400.0, 30.0], [210.0, 900.0], [-35.0, 510.0]])
MAPS = st.tuples(
    st.floats(0.05, 20), st.floats(-179, 179), st.tuples(st.floats(-500, 500), st.floats(-500, 500))
)


@given(MAPS)
def test_the_fit_finds_the_similarity_that_was_used(values: tuple[float, float, tuple[float, float]]) -> None:
    target_from_source = similarity(*values)
    found = fitted_similarity(CLOUD, mapped(target_from_source, CLOUD))
    assert found == pytest.approx(target_from_source, abs=1e-6)


@given(MAPS)
def test_the_inverse_leads_back(values: tuple[float, float, tuple[float, float]]) -> None:
    target_from_source = similarity(*values)
    back = mapped(inverted(target_from_source), mapped(target_from_source, CLOUD))
    assert back == pytest.approx(CLOUD, abs=1e-6)


def test_the_fit_is_least_squares_and_never_a_mirror() -> None:
    mirror = CLOUD * [-1, 1]
    found = fitted_similarity(CLOUD, mirror)
    assert np.linalg.det(found[:2, :2]) > 0

    def squares(target_from_source: np.ndarray) -> float:
        return float(((mapped(target_from_source, CLOUD) - mirror) ** 2).sum())

    least = squares(found)
    for scale, turn, dx in [(1.01, 0, 0), (0.99, 0, 0), (1, 0.5, 0), (1, -0.5, 0), (1, 0, 3), (1, 0, -3)]:
        assert squares(found @ similarity(scale, turn, (dx, 0))) > least


def test_c7_and_sacrum_fall_exactly_on_their_partners() -> None:
    film, back = [[512.0, 100.0], [498.0, 1700.0]], [[300.0, 80.0], [310.0, 480.0]]
    film_from_back = spine_alignment(back, film)
    assert mapped(film_from_back, back) == pytest.approx(np.array(film))
    # A point to the image right of the back stays on the image right of the film.
    assert mapped(film_from_back, [400.0, 280.0])[0] > 512


def test_tilts_are_clockwise_on_the_screen() -> None:
    assert tilt_deg([[0, 0], [1, 1]]) == pytest.approx(45)
    assert tilt_deg([[[0, 0], [1, -1]], [[0, 0], [-1, 0]]]) == pytest.approx([-45, 180])
    assert tilt_deg(mapped(similarity(2, 30), [[0, 0], [1, 0]])) == pytest.approx(30)


def test_mirrored_corners_are_named_anew_and_twice_is_once() -> None:
    corners = np.array([[[10, 5], [30, 6], [11, 20], [31, 22]]])
    mirror = mirrored_corners(corners, 100)
    assert mirror.tolist() == [[[70, 6], [90, 5], [69, 22], [89, 20]]]
    assert mirrored_corners(mirror, 100) == pytest.approx(corners)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="coincide"):
        fitted_similarity([[3, 4], [3, 4]], [[1, 1], [2, 2]])
    with pytest.raises(ValueError, match="at least two pairs"):
        fitted_similarity([[3, 4]], [[1, 1]])
    with pytest.raises(ValueError, match=r"points_target must have shape \(4, 2\), not \(2, 2\)"):
        fitted_similarity(CLOUD, CLOUD[:2])
    with pytest.raises(ValueError, match="target coincide"):
        spine_alignment(CLOUD[:2], [[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="no inverse"):
        inverted(np.diag([1.0, 0.0, 1.0]))
