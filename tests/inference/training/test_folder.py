"""Run folders from films in the AASCE layout: every film where it belongs, no patient in two splits."""

import subprocess
import sys
from pathlib import Path

import pytest

from inference.recipes.catalogue import RECIPES
from inference.rundir import RunDir, RunError
from inference.training.folder import main, make_run
from inference.vertebrae.films import folds, read_folder
from tests.inference.made_films import make_folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("films") / "data", films=24, size=(60, 150))


def test_a_fold_is_held_out_and_patients_stay_together(data: Path, tmp_path: Path) -> None:
    run = make_run(data, tmp_path / "run", RECIPES["vertebrae"], fold=2)
    films = read_folder(data)
    split_of = {case.image: case.split for case in run.cases()}
    assert {name for name, split in split_of.items() if split == "test"} == {
        films[index].name for index in folds(films)[2]
    }
    assert set(split_of.values()) == {"train", "validation", "test"}
    for patient in {film.patient for film in films}:
        assert len({split_of[film.name] for film in films if film.patient == patient}) == 1


def test_points_are_those_of_the_folder_in_pixels(data: Path, tmp_path: Path) -> None:
    run = make_run(data, tmp_path / "run", RECIPES["vertebrae"], fold=None)
    case, film = run.cases()[5], read_folder(data)[5]
    assert case.image == film.name
    assert case.points_px[6] == pytest.approx(film.corners_px(case.width, case.height)[1, 2])
    assert (run.path / case.colour).read_bytes() == film.path.read_bytes()
    assert {one.split for one in run.cases()} == {"train", "validation"}


def test_the_command_makes_what_training_takes(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    assert main([str(data), str(path), "--recipe", "vertebrae-trial", "--fold", "0", "--epochs", "1"]) == 0
    run = RunDir(path)
    assert run.spec()["recipe"]["epochs"] == 1
    kept = {case.split: case for case in run.cases()}  # one of each, to be quick
    spec = run.spec()
    spec["accelerator"] = "cpu"
    spec["recipe"] |= {"width": 2, "finder_width": 2, "least_samples": 1, "batch": 1, "precision": "32-true"}
    run.write_spec(spec, list(kept.values()))
    done = subprocess.run([sys.executable, "-m", "inference.training", str(path)], check=False)
    assert done.returncode == 0
    assert set(run.result()["metrics"]) == {"validation", "test"}


def test_what_cannot_be_made_is_said(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(data, tmp_path / "run", RECIPES["vertebrae"], fold=None)
    with pytest.raises(RunError, match="run folder already"):
        make_run(data, tmp_path / "run", RECIPES["vertebrae"], fold=None)
    assert main([str(tmp_path), str(tmp_path / "other"), "--recipe", "vertebrae"]) == 1
    assert "filenames.csv" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
