"""Phantoms as pairs: landmarks on back and film belong together, depth is registered, truth is kept."""

from pathlib import Path

import numpy as np
import pytest

from annotation.imaging.registration import sample_depth
from inference.experiments import films
from inference.experiments.phantoms import pairs_in, pairs_of
from inference.networks import pairs
from inference.phantom.__main__ import main as make_phantoms
from inference.recipes.synthesis import PAPER
from inference.rundir import RunDir
from inference.training.vertebra_cases import labelled


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    folder = tmp_path_factory.mktemp("phantoms")
    assert (
        make_phantoms([str(folder / "studies"), "--count", "4", "--seed", "3", "--direction", "mixed"]) == 0
    )
    return pairs_of(folder / "studies", folder / "pairs")


def test_every_study_is_a_pair_with_its_size(run: RunDir) -> None:
    cases, spec = run.cases(), run.spec()
    assert [case.split for case in cases] == ["test", "test", "test", "validation"]
    assert spec["film_schema"]["points"] == ["C7", "sacrum"]
    for case in cases:
        depth = np.load(run.path / str(case.depth))
        assert depth.shape == (case.height, case.width)
        # A pixel is as large as its distance over the focal length: 1 to 4 mm at 720p.
        assert 1 < spec["mm_per_px"][case.image] < 4
        seen = sample_depth(depth, np.array([point for point in case.points_px if point]))
        assert np.nanmedian(seen) == pytest.approx(1500, abs=500)


def test_corners_lie_in_the_frame_in_their_order_however_the_film_is_stored(run: RunDir) -> None:
    mirrored = [case.film.mirrored for case in run.cases() if case.film]
    assert set(mirrored) == {True, False}
    for case in run.cases():
        assert case.film is not None
        aligned = pairs.corners_aligned(case.film, PAPER, ["C7", "sacrum"])
        assert aligned is not None
        corners = aligned.reshape(17, 4, 2)
        assert (corners[:, [0, 2], 0] < corners[:, [1, 3], 0]).all()  # left of right
        assert (np.diff(corners.mean(axis=1)[:, 1]) > 0).all()  # T1 to L5
        assert 0 < corners[0, 0, 1] < corners[-1, 2, 1] <= 260


def test_what_is_there_is_not_made_again(run: RunDir) -> None:
    before = {path: path.stat().st_mtime_ns for path in (run.path / "depth").iterdir()}
    studies = run.path.parent / "studies"
    assert pairs_of(studies, run.path).cases() == run.cases()
    assert pairs_in(run.path, run.path / "other").path == run.path
    assert pairs_in(studies, run.path).cases() == run.cases()
    assert before == {path: path.stat().st_mtime_ns for path in (run.path / "depth").iterdir()}
    sheet = pairs.load(run.path, run.cases()[0], PAPER, run.spec()["schema"]["points"], ["C7", "sacrum"])
    assert sheet.depth_mm is not None


def test_films_alone_are_for_a_reader_of_vertebrae(run: RunDir, tmp_path: Path) -> None:
    studies = run.path.parent / "studies"
    assert films.main([str(studies), str(tmp_path / "films"), "--recipe", "vertebrae-trial"]) == 0
    made = RunDir(tmp_path / "films")
    assert [case.split for case in made.cases()] == [case.split for case in run.cases()]
    assert made.spec()["recipe"]["name"] == "vertebrae-trial"
    for case in made.cases():
        # As the picture lies, whichever way that is: left is left, and T1 is above.
        corners = np.array(case.points_px).reshape(17, 4, 2)
        assert (corners[:, [0, 2], 0] < corners[:, [1, 3], 0]).all()
        assert (np.diff(corners.mean(axis=1)[:, 1]) > 0).all()
        assert (made.path / case.colour).is_file()
    assert labelled(made, "test")[1] == 0
    assert films.main([str(tmp_path), str(tmp_path / "none")]) == 1
