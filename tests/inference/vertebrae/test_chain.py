"""What a perfect network would say is read back to the corners it was taught; and what a doubtful one
says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from inference.vertebrae import chain, heads, strip
from inference.vertebrae.chain import LEVEL_MIDDLE, LEVEL_SCALE
from tests.inference.made_films import bent_column

HEIGHT, WIDTH = 384, 224


def perfect(targets: heads.StripTargets) -> Any:
    """The strip network's answer that has no loss: what is asked for, and a spread of exp(-2)."""
    maps = np.zeros((heads.STRIP_OUTPUTS, heads.CELL_ROWS, heads.CELL_COLUMNS), np.float32)
    maps[heads.HEATS] = logit(np.clip(targets.heats, 1e-4, 1 - 1e-4))
    maps[heads.OFFSETS] = targets.regressed[:8]
    maps[heads.TILTS] = targets.regressed[8:]
    maps[heads.LOG_SPREADS] = -2
    maps[heads.LEVEL] = (targets.level[:, None] - LEVEL_MIDDLE) / LEVEL_SCALE
    return maps


@pytest.fixture(params=[1, 2, 3])
def corners(request: pytest.FixtureRequest) -> Any:
    return bent_column(np.random.default_rng(request.param), 400, 1000, most_deg=30)


def test_a_perfect_answer_is_read_back(corners: Any) -> None:
    along = strip.along(strip.column_line(corners))
    column = chain.read_column(perfect(heads.strip_targets(along, corners, mirrored=False)))
    # Half a pixel of the strip where heat is drawn into cells of four; offsets are exact.
    assert along.film_from_strip(column.corners) == pytest.approx(corners, abs=0.2)
    assert along.film_from_strip(column.heat_corners) == pytest.approx(corners, abs=3.0)
    assert column.levels == pytest.approx(np.arange(17) + 0.5, abs=0.1)
    assert column.spread[..., 0] == pytest.approx(np.full((17, 4), heads.UNIT_PX * np.exp(-2)), rel=1e-3)
    across = corners[:, [1, 3]] - corners[:, [0, 2]]
    tilts = np.degrees(np.arctan2(across[..., 1], across[..., 0]))
    strip_tilt = along.tilt_deg(column.corners.mean(axis=1)[:, 1])
    assert np.degrees(column.tilts) + strip_tilt[:, None] == pytest.approx(tilts, abs=0.5)


def test_a_mirrored_strip_is_read_as_the_strip_itself(corners: Any) -> None:
    along = strip.along(strip.column_line(corners))
    plain, turned = (
        chain.read_column(perfect(heads.strip_targets(along, corners, mirrored=one))) for one in (False, True)
    )
    back = chain.mirrored(turned)
    assert back.corners == pytest.approx(plain.corners, abs=0.05)
    assert back.tilts == pytest.approx(plain.tilts, abs=1e-5)
    assert chain.averaged(plain, back).corners == pytest.approx(plain.corners, abs=0.05)


def test_disagreement_widens_the_spread(corners: Any) -> None:
    along = strip.along(strip.column_line(corners))
    column = chain.read_column(perfect(heads.strip_targets(along, corners, mirrored=False)))
    moved = replace(column, heat_corners=column.heat_corners + 20)
    assert (chain.averaged(column, moved).spread > column.spread).all()


def test_a_vertebra_that_is_not_seen_is_found_by_its_place(corners: Any) -> None:
    along = strip.along(strip.column_line(corners))
    maps = perfect(heads.strip_targets(along, corners, mirrored=False))
    plain = chain.read_column(maps)
    row = int(along.strip_from_film(corners).mean(axis=1)[8, 1] / heads.CELL_PX)
    maps[heads.CENTRE, row - 3 : row + 4] = -9
    column = chain.read_column(maps)
    others = np.arange(17) != 8
    assert column.corners[others] == pytest.approx(plain.corners[others], abs=1e-6)
    pitch = np.diff(plain.corners[..., 1].mean(axis=1))[7]
    assert abs((column.corners - plain.corners)[8, :, 1].mean()) < 0.5 * pitch
    assert column.heights[8] < 0.01
    assert np.isfinite(column.corners).all()


def test_a_rib_beside_the_column_changes_nothing(corners: Any) -> None:
    along = strip.along(strip.column_line(corners))
    maps = perfect(heads.strip_targets(along, corners, mirrored=False))
    plain = chain.read_column(maps)
    row = int(plain.corners[5, 2:, 1].mean() / heads.CELL_PX) + 1  # in the disc below T6
    maps[heads.CENTRE, row, 20] = 3.0
    assert chain.read_column(maps).corners == pytest.approx(plain.corners, abs=1e-6)


@pytest.mark.parametrize("count", [16, 18])
def test_another_number_of_vertebrae_can_be_asked_for(corners: Any, count: int) -> None:
    along = strip.along(strip.column_line(corners))
    column = chain.read_column(perfect(heads.strip_targets(along, corners, mirrored=False)), count)
    assert column.corners.shape == (count, 4, 2)
    assert (np.diff(column.corners[..., 1].mean(axis=1)) > 0).all()


def finder_answer(line: Any, level: Any) -> Any:
    maps = np.zeros((heads.FINDER_OUTPUTS, HEIGHT // 4, WIDTH // 4), np.float32)
    cells = np.arange(WIDTH // 4) + 0.5
    known = np.isfinite(line)
    maps[heads.LINE, known] = -((cells - line[known, None]) ** 2) / 2
    maps[heads.FINDER_LEVEL] = (level[:, None] - LEVEL_MIDDLE) / LEVEL_SCALE
    return maps


def test_the_line_of_a_perfect_finder() -> None:
    small = bent_column(np.random.default_rng(4), WIDTH, HEIGHT, most_deg=25)
    truth = strip.column_line(small)
    line, level, _ = heads.finder_targets(truth, small, HEIGHT, WIDTH)
    found = chain.read_line(finder_answer(line, level))
    length = truth[-1, 1] - truth[0, 1]
    assert found.line_px[0, 1] == pytest.approx(truth[0, 1], abs=0.03 * length)
    assert found.line_px[-1, 1] == pytest.approx(truth[-1, 1], abs=0.03 * length)
    across = np.interp(found.line_px[:, 1], truth[:, 1], truth[:, 0])
    inside = (found.line_px[:, 1] > truth[0, 1]) & (found.line_px[:, 1] < truth[-1, 1])
    assert np.abs(found.line_px[inside, 0] - across[inside]).max() < 2.0
    assert found.confidence > 0.9
    assert found.unseen == 0


def test_an_answer_without_a_spine_says_so() -> None:
    rng = np.random.default_rng(5)
    maps = rng.normal(0, 0.1, (heads.FINDER_OUTPUTS, HEIGHT // 4, WIDTH // 4)).astype(np.float32)
    assert chain.read_line(maps).confidence < 0.3


def test_a_column_cut_off_below_goes_on_beyond_the_picture() -> None:
    small = bent_column(np.random.default_rng(6), WIDTH, HEIGHT) * (1, 1.4)
    truth = strip.column_line(small)
    line, level, _ = heads.finder_targets(truth, small, HEIGHT, WIDTH)
    found = chain.read_line(finder_answer(line, level))
    assert found.line_px[-1, 1] > HEIGHT
    assert found.unseen > 2
