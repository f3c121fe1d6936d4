"""Straightening: points go to the strip and back, bodies lie upright, and the film's turn does not matter."""

from typing import Any

import cv2
import numpy as np
import pytest

from annotation.spine.geometry import mapped, similarity
from inference.vertebrae import strip
from tests.inference.made_films import bent_column, made_film


def column(seed: int = 1) -> Any:
    return bent_column(np.random.default_rng(seed), 400, 1000, most_deg=30)


def test_points_go_there_and_back() -> None:
    corners = column()
    along = strip.along(strip.column_line(corners))
    assert along.film_from_strip(along.strip_from_film(corners)) == pytest.approx(corners, abs=0.02)


def test_points_beyond_the_strips_ends_too() -> None:
    along = strip.along(strip.column_line(column()))
    points = np.array([[20.0, -30.0], [70.0, strip.ROWS + 25.0]])
    assert along.strip_from_film(along.film_from_strip(points)) == pytest.approx(points, abs=0.05)


def test_the_column_fills_the_strip_and_lies_in_its_middle() -> None:
    corners = column()
    placed = strip.along(strip.column_line(corners)).strip_from_film(corners)
    margin = strip.MARGIN / (1 + 2 * strip.MARGIN) * strip.ROWS
    assert placed[0, :2, 1].mean() == pytest.approx(margin, abs=6)
    assert placed[-1, 2:, 1].mean() == pytest.approx(strip.ROWS - margin, abs=6)
    assert placed[..., 0].mean() == pytest.approx(strip.COLUMNS / 2, abs=1)


def test_endplates_lie_nearly_level_however_the_film_is_turned() -> None:
    corners = column()
    turned = mapped(similarity(1.7, 12.0, (30, 10)), corners)
    before, after = (strip.along(strip.column_line(one)) for one in (corners, turned))
    assert after.strip_from_film(turned) == pytest.approx(before.strip_from_film(corners), abs=0.05)
    body = after.strip_from_film(turned)
    step = body[:, [1, 3]] - body[:, [0, 2]]
    rise_deg = np.degrees(np.arctan2(step[..., 1], step[..., 0] * strip.ACROSS))
    assert np.abs(rise_deg).max() < 12
    across = turned[:, 1] - turned[:, 0]
    film_tilt = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    strip_tilt = after.tilt_deg(body.mean(axis=1)[:, 1])
    assert np.abs(film_tilt - strip_tilt).max() < 12
    assert np.ptp(strip_tilt) > 15


def test_the_strip_shows_the_bodies_where_the_points_are() -> None:
    film, corners = made_film(np.random.default_rng(2))
    large = cv2.resize(film, None, fx=2, fy=2)
    along = strip.along(strip.column_line(corners * 2))
    greys = along.straighten(large)
    assert greys.shape == (strip.ROWS, strip.COLUMNS)
    placed = along.strip_from_film(corners * 2)
    inside = greys[placed.mean(axis=1)[:, 1].astype(int), placed.mean(axis=1)[:, 0].astype(int)]
    between = (placed[:-1, 2:].mean(axis=1) + placed[1:, :2].mean(axis=1)) / 2
    discs = greys[between[:, 1].astype(int), between[:, 0].astype(int)]
    assert inside.min() > discs.max()


def test_a_line_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="two different points"):
        strip.along(np.ones((5, 2)))
