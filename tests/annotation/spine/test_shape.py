"""The shape model: what it learns, and which vertebrae of a column it calls odd."""

from typing import Any

import numpy as np
import pytest

from annotation.spine.geometry import mapped, mirrored_corners, similarity
from annotation.spine.shape import (
    ODD_FROM,
    VERTEBRAE,
    Oddity,
    ShapeModel,
    column_features,
    in_order,
    oddities,
    shipped,
    told,
)


def column(turn_deg: float = 0.0, seed: int | None = None) -> Any:
    """Corners (17, 4, 2) of the shipped mean column, bent into one curve; `seed`: with a reader's error."""
    mean = shipped().mean.reshape(VERTEBRAE, 9)
    ways = mean[:, 8] * 1000
    tilts = np.radians(turn_deg) * np.sin(np.linspace(0, 2 * np.pi, VERTEBRAE))
    centres = np.zeros((VERTEBRAE, 2))
    for row in range(1, VERTEBRAE):
        heading = (tilts[row - 1] + tilts[row]) / 2
        centres[row] = centres[row - 1] + ways[row - 1] * np.array([np.sin(heading), np.cos(heading)])
    corners = np.empty((VERTEBRAE, 4, 2))
    for row, tilt in enumerate(tilts):
        right, down = np.array([np.cos(tilt), -np.sin(tilt)]), np.array([np.sin(tilt), np.cos(tilt)])
        local = mean[row, :8].reshape(4, 2) * 1000
        corners[row] = centres[row] + local[:, :1] * right + local[:, 1:] * down
    corners += (400, 100)
    if seed is not None:
        corners += np.random.default_rng(seed).normal(0, 2.0, corners.shape)
    return corners


def test_features_know_neither_place_nor_size_nor_turn() -> None:
    corners = column(20, seed=1)
    moved = mapped(similarity(2.5, 33, (70, -20)), corners)
    assert column_features(moved) == pytest.approx(column_features(corners), abs=1e-9)


def test_no_curve_is_odd() -> None:
    for turn_deg in (0, 25, 45):
        assert oddities(column(turn_deg, seed=2)) == []
        assert oddities(mirrored_corners(column(turn_deg, seed=2), 900)) == []


def test_a_vertebra_passed_over() -> None:
    corners = column(15)
    gap = corners[9].mean(axis=0) - corners[8].mean(axis=0)
    corners[9:] += gap
    found = oddities(corners)
    assert 8 in {odd.row for odd in found if odd.fault == "skipped"}


def test_a_vertebra_named_twice() -> None:
    corners = column(15)
    corners[6] = corners[5] + (1, 2)
    assert (6, "twice") in {(odd.row, odd.fault) for odd in oddities(corners)}


def test_a_vertebra_above_the_one_before_it_and_its_mending() -> None:
    corners = column(15)
    wrong = np.roll(corners, -1, axis=0)
    assert [(odd.row, odd.fault) for odd in oddities(wrong)] == [(16, "order")]
    assert np.array_equal(in_order(wrong), corners)
    assert np.array_equal(in_order(corners), corners)


def test_a_body_drawn_too_tall() -> None:
    corners = column(15)
    centre = corners[10].mean(axis=0)
    corners[10] = centre + (corners[10] - centre) * (1, 1.6)
    assert {(odd.row, odd.fault) for odd in oddities(corners)} >= {(10, "shape")}
    assert shipped().scores(corners).argmax() == 10


def test_the_model_finds_what_made_the_columns() -> None:
    """Columns that vary along one direction and by noise: the fitted model has both deviations."""
    rng = np.random.default_rng(3)
    base = column()
    columns = []
    for _ in range(400):
        one = base.copy()
        one[:, [1, 3], 0] += rng.normal(0, 6)  # all bodies wider or narrower
        columns.append(one + rng.normal(0, 0.5, one.shape))
    model = ShapeModel.fitted(columns, 4)
    assert model.spread[0] > 5 * model.spread[1]
    scores = np.array([model.scores(one) for one in columns])
    assert scores.mean() == pytest.approx(1, abs=0.15)
    again = ShapeModel.from_json(model.to_json())
    assert again.scores(columns[0]) == pytest.approx(model.scores(columns[0]), rel=0.05)


def test_the_shipped_model_is_of_people_and_spares_its_own_mean() -> None:
    assert shipped().scores(column()).max() < 0.3 < ODD_FROM


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        (np.zeros((16, 4, 2)), r"\(17, 4, 2\)"),
        (np.zeros((17, 4, 2)), "same place"),
        (np.full((17, 4, 2), np.nan), "finite"),
    ],
)
def test_what_is_no_column_is_refused(corners: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        oddities(corners)


def test_too_few_columns_for_the_modes() -> None:
    with pytest.raises(ValueError, match="more than 4 columns"):
        ShapeModel.fitted([column()] * 4, 4)


def test_what_is_odd_is_told_in_a_sentence_per_fault() -> None:
    levels = [f"T{number}" for number in range(1, 13)]
    found = [Oddity(2, "shape", 4.0), Oddity(4, "twice", 9.0), Oddity(5, "shape", 5.0)]
    assert told(found, levels) == [
        (("T5",), "T5 lies on the vertebra above it."),
        (("T3", "T6"), "T3, T6 have unusual shapes."),
    ]
    assert told([], levels) == []
