"""The reader that measures synthetic films: it learns from real ones alone, and reads them at any size."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from inference.experiments import filmreader
from inference.experiments.readers import FrameReader, reader_of
from inference.networks import contrast, pairs
from inference.recipes.catalogue import RECIPES
from inference.rundir import RunDir
from tests.inference.runs import TINY_PAIR, make_pairs

RECIPE = replace(
    TINY_PAIR, name="pair-read", film_width_px=128, film_height_px=160, column_passes=1, flip_probability=0.5
)


@pytest.fixture(autouse=True)
def small_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, RECIPE.name, RECIPE)


def test_it_learns_and_reads_films_of_any_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_pairs(tmp_path / "run", images=18)
    out = tmp_path / "reader"
    assert filmreader.main([str(run.path), str(out), "--recipe", RECIPE.name, "--passes", "8"]) == 0
    losses = [float(line.rpartition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 8
    assert losses[-1] < losses[0]

    reader = reader_of(out / "reader.safetensors")
    assert isinstance(reader, FrameReader)
    spec, case = run.spec(), run.cases()[4]
    sheet = pairs.load(run.path, case, RECIPE, spec["schema"]["points"], spec["film_schema"]["points"])
    film, _ = pairs.film_of(sheet, RECIPE)
    (found,) = reader.read(film[None])
    with torch.no_grad():
        (own,) = reader.network(torch.from_numpy(contrast.signed(film))[None, None])
    assert found == pytest.approx(own.numpy(), abs=1e-3)
    # Twice as large, it is the same film.
    (large,) = reader.read(cv2.resize(film, (256, 320), interpolation=cv2.INTER_CUBIC)[None])
    assert np.abs(large / 2 - found).max() < 1


def test_what_it_cannot_learn_from_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_pairs(tmp_path / "run")
    assert filmreader.main([str(run.path), "out", "--recipe", "back-trial"]) == 1
    assert "no recipe for a synthesis" in capsys.readouterr().err
    bare = [replace(case, film=replace(case.film, corners_px=())) for case in run.cases() if case.film]
    RunDir(run.path).write_spec(run.spec(), bare)
    assert filmreader.main([str(run.path), "out", "--recipe", RECIPE.name]) == 1
    assert "has its vertebral corners set" in capsys.readouterr().err
