"""Angles and agreement by hand; baselines are what they say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.experiments import measuring
from inference.networks import pairs
from inference.rundir import RunDir
from tests.inference.runs import TINY_PAIR, make_pairs


def column(tilts_deg: list[float]) -> np.ndarray:
    """68 corners of vertebrae 40 wide, 20 high, 30 apart, each turned by its tilt."""
    corners = []
    for level, tilt in enumerate(np.radians(tilts_deg)):
        turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        box = np.array([[-20, -10], [20, -10], [-20, 10], [20, 10]]) @ turn.T
        corners.append(box + np.array([100, 30 * level]))
    return np.concatenate(corners)


def test_the_major_angle_of_a_column() -> None:
    tilts = [*np.linspace(12, -15, 9), *np.linspace(-12, 5, 8)]
    assert measuring.major_cobb_deg(column(tilts)) == pytest.approx(27)
    assert measuring.major_cobb_deg(column([0.0] * 17)) == 0
    crossed = column(tilts)
    crossed[[0, 1]] = crossed[[1, 0]]
    assert np.isnan(measuring.major_cobb_deg(crossed))


def test_agreement_by_hand() -> None:
    angles = np.array([[12.0, 10.0], [18.0, 20.0], [34.0, 30.0], [np.nan, 50.0]])
    found = measuring.agreement(angles)
    assert found["cobb_unread"] == 1
    assert found["cobb_mae_deg"] == pytest.approx(8 / 3)
    assert found["cobb_bias_deg"] == pytest.approx(4 / 3)
    assert found["cobb_limit_high_deg"] == pytest.approx(4 / 3 + 1.96 * np.std([2, -2, 4], ddof=1))
    assert found["cobb_mae_deg_low"] <= found["cobb_mae_deg"] <= found["cobb_mae_deg_high"]
    assert found["cobb_r"] == pytest.approx(np.corrcoef([12, 18, 34], [10, 20, 30])[0, 1])
    assert measuring.agreement(np.array([[np.nan, 1.0]])) == {"cobb_unread": 1.0}


def test_nine_in_ten_of_the_first_half_and_how_many_of_the_second() -> None:
    true = np.linspace(10, 60, 40)
    off = np.concatenate([np.arange(20.0), np.arange(20.0) + 4.5])
    found = measuring.agreement(np.stack([true + off, true], axis=1))
    assert found["cobb_90_percent_deg"] == 18  # the 19th of 20: of 21 places nine tenths
    assert found["cobb_90_percent_coverage"] == 14 / 20


def splits(run: RunDir) -> tuple[measuring.Split, measuring.Split]:
    return measuring.load_split(run, TINY_PAIR, "test"), measuring.load_split(run, TINY_PAIR, "train")


def test_the_baselines(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run", images=12)
    test, taught = splits(run)
    mean = measuring.mean_film(test, taught, TINY_PAIR)
    assert mean.made.shape == mean.real.shape == (2, 200, 100)
    assert np.array_equal(mean.made[0], mean.made[1])
    alike = measuring.nearest_film(taught, taught, TINY_PAIR)
    assert np.array_equal(alike.made, alike.real)  # everybody is most like themselves
    assert measuring.likeness(alike)["l1"] == 0
    assert measuring.likeness(mean)["l1"] > 0.02


class Seer:
    """A reader that knows the corners, and is one pixel off to the right on films that are black."""

    def __init__(self, corners: np.ndarray) -> None:
        self.corners = corners

    def read(self, films: np.ndarray) -> Any:
        black = films.max(axis=(1, 2)) == 0
        return np.stack([self.corners + np.array([float(dark), 0]) for dark in black])


def test_anatomy_is_measured_in_the_frame_whatever_its_pixels(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run", images=12)
    recipe = replace(TINY_PAIR, film_width_px=200, film_height_px=200)  # twice as wide as it is
    test = measuring.load_split(run, recipe, "test")
    film = test.cases[0].film
    assert film is not None
    corners = column([*np.linspace(12, -15, 9), *np.linspace(-12, 5, 8)]) * 0.3
    told = replace(film, corners_px=tuple((float(x), float(y)) for x, y in corners))
    cases = [replace(case, film=told) for case in test.cases]
    known = [pairs.corners_aligned(told, recipe, ["C7", "sacrum"])]
    films = measuring.mean_film(test, test, recipe)
    assert known[0] is not None
    black = measuring.Films(cases[:1], films.real[:1], films.inside[:1], np.zeros_like(films.made[:1]))
    found = measuring.anatomy(black, Seer(known[0]), recipe, ["C7", "sacrum"])
    assert found["reader_corner_error"] == pytest.approx(0, abs=1e-6)
    assert found["corner_error"] == pytest.approx(1000 * 0.5 / 200)
