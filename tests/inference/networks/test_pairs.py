"""Back and film of one visit in one frame, and what a generator sees of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.networks import pairs
from inference.networks.pictures import apply
from inference.recipes.synthesis import PAPER, SynthesisRecipe
from inference.rundir import RunDir, RunError
from tests.inference.runs import POINTS, TINY_PAIR, make_pairs

FILM_POINTS = ["C7", "sacrum"]


def sheet_of(run: RunDir, recipe: SynthesisRecipe = TINY_PAIR, index: int = 0) -> pairs.Sheet:
    return pairs.load(run.path, run.cases()[index], recipe, POINTS, FILM_POINTS)


def test_back_and_film_lie_over_one_another(tmp_path: Path) -> None:
    """The film was drawn along the back's own points, twice as large and mirrored."""
    sheet = sheet_of(make_pairs(tmp_path / "run"))
    film, inside = pairs.film_of(sheet, replace(TINY_PAIR, contrast="none"))
    seen = pairs.inputs(sheet, TINY_PAIR)
    width, height = TINY_PAIR.size
    assert film.shape == inside.shape == (height, width)
    # The ends of the curve are C7 and the sacrum: at the top and the bottom of both.
    c7, sacrum = sheet.points_px[0], sheet.points_px[3]
    assert (c7[1], sacrum[1]) == pytest.approx((0, height))
    for x, row in ((c7[0], 1), (sacrum[0], height - 2)):
        bright = np.flatnonzero(film[row] > 120) + 0.5
        assert bright.mean() == pytest.approx(x, abs=1.5)
    # Of the disc that the back's C7 is, the dark lower half is seen about the same place.
    dark = np.flatnonzero(seen[0][2] < 0) + 0.5
    assert dark.mean() == pytest.approx(c7[0], abs=1.5)


def test_the_planes_are_colour_depth_and_heatmaps(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run")
    seen = pairs.inputs(sheet_of(run), TINY_PAIR)
    assert len(seen) == pairs.input_channels(TINY_PAIR, 4) == 8
    assert seen[:4].min() >= -1
    assert seen[:4].max() <= 1
    for index in (0, 3):  # the shoulder blades of these backs lie about the edge of the frame
        plane, (x, y) = seen[4 + index], sheet_of(run).points_px[index]
        row, column = np.unravel_index(plane.argmax(), plane.shape)
        assert (column + 0.5, row + 0.5) == pytest.approx((x, y), abs=0.51)
        assert plane.max() > 0.95
    assert len(pairs.inputs(sheet_of(run), replace(TINY_PAIR, landmarks=False))) == 4
    only_depth = replace(TINY_PAIR, channels=("depth",), landmarks=False)
    assert len(pairs.inputs(sheet_of(run, only_depth), only_depth)) == 1


def test_depth_about_the_back_does_not_know_its_distance(tmp_path: Path) -> None:
    sheet = sheet_of(make_pairs(tmp_path / "run"))
    assert sheet.depth_mm is not None
    further = replace(sheet, depth_mm=np.where(sheet.depth_mm > 0, sheet.depth_mm + 300, 0))
    near, far = (pairs.inputs(one, TINY_PAIR)[3] for one in (sheet, further))
    assert np.abs(near - far).max() < 1e-5
    # 1500 mm and half a mm more per pixel: a slope of 0.5 / 150 per pixel of the picture.
    assert 0.05 < near[100, -10] - near[100, 10] < 0.5
    paper = replace(PAPER, film_width_px=100, film_height_px=200)
    assert np.abs(pairs.inputs(further, paper)[3] - pairs.inputs(sheet, paper)[3]).max() > 0.001


def test_a_hole_is_far_away(tmp_path: Path) -> None:
    sheet = sheet_of(make_pairs(tmp_path / "run"))
    assert sheet.depth_mm is not None
    holed = sheet.depth_mm.copy()
    holed[150:160, 90:100] = 0
    seen = pairs.inputs(replace(sheet, depth_mm=holed), TINY_PAIR)[3]
    assert (seen[50:60, 40:50] == 1).all()


def test_moves_bring_in_what_lies_around_the_frame(tmp_path: Path) -> None:
    sheet = sheet_of(make_pairs(tmp_path / "run"))
    down = np.array([[1.0, 0, 0], [0, 1.0, 40]])
    flat = replace(TINY_PAIR, contrast="none")
    still, shifted = pairs.film_of(sheet, flat)[0], pairs.film_of(sheet, flat, down)[0]
    assert np.array_equal(shifted[40:], still[:-40])
    assert shifted[:40].any()  # the film goes on above C7


def test_contrast_is_measured_within_the_film(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run")
    sheet = sheet_of(run)
    down = np.array([[1.0, 0, 0], [0, 1.0, 90]])  # what comes in at the top lies beyond the film
    film, inside = pairs.film_of(sheet, TINY_PAIR, down)
    assert not inside[:10].any()
    assert inside[60:].all()
    assert not film[~inside].any()
    assert (film[inside].min(), film[inside].max()) == (0, 255)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"points_px": (None, None, None, (50.0, 100.0))}, "Image image-0 needs C7 and the sacrum"),
        ({"points_px": ((5.0, 100.0), None, None, (5.0, 20.0))}, "Image image-0: C7 does not lie above"),
        ({"film": None}, "Image image-0 has no film beside it"),
        ({"depth": None}, "Image image-0 has no registered depth"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, spoil: dict[str, object], said: str) -> None:
    run = make_pairs(tmp_path / "run")
    case = run.cases()[0]
    spoilt = type(case)(**{**{name: getattr(case, name) for name in case.__slots__}, **spoil})
    with pytest.raises(RunError, match=said):
        pairs.load(run.path, spoilt, TINY_PAIR, POINTS, FILM_POINTS)


def test_points_of_the_frame_are_those_of_the_picture(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run")
    sheet, case = sheet_of(run), run.cases()[0]
    stored = np.array([point for point in case.points_px if point is not None])
    assert apply(sheet.aligned_from_image, stored) == pytest.approx(sheet.points_px)
