"""The training of the vertebra networks as a program: it runs, resumes, predicts, and says what it lacks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.networks.straightened import Straightened
from inference.prediction.start import predict
from inference.recipes.catalogue import RECIPES
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import RunDir, RunError, sha256_of
from inference.training.start import train
from inference.training.vertebra_losses import StripWanted, finder_loss, strip_loss
from inference.training.vertebra_samples import finder_sample, keep, strip_sample
from inference.vertebrae import heads, strip
from tests.inference.made_films import made_film, make_film_run

TRIAL = RECIPES["vertebrae-trial"].with_changes({"precision": "32-true", "width": 2, "finder_width": 2})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    run = make_film_run(tmp_path_factory.mktemp("vertebrae") / "run", TRIAL, films=3)
    train(run)
    return run


def test_a_trial_leaves_weights_and_figures(trained: RunDir) -> None:
    result = trained.result()
    assert sha256_of(trained.path / "weights.safetensors") == result["weights_sha256"]
    assert result["metrics"]["validation"]["images"] == 1
    assert result["parameters"] == sum(
        one.numel() for one in Straightened(width=2, finder_width=2).parameters()
    )
    assert result["left_out"] == {"lacking_corners": 0, "out_of_order": []}


def test_what_was_interrupted_ends_in_the_same_weights(trained: RunDir, tmp_path: Path) -> None:
    run = make_film_run(tmp_path / "run", TRIAL, films=3)
    spec = run.spec()
    run.write_spec(
        {**spec, "recipe": TRIAL.with_changes({"epochs": 1, "schedule": "constant"}).to_dict()}, run.cases()
    )
    # One epoch by its own recipe; then the whole of the other from that checkpoint on.
    recipe = TRIAL.with_changes({"schedule": "constant"})
    whole = make_film_run(tmp_path / "whole", recipe, films=3)
    train(run)
    run.write_spec({**spec, "recipe": recipe.to_dict()}, run.cases())
    train(run)
    train(whole)
    assert run.result()["weights_sha256"] == whole.result()["weights_sha256"]


def test_prediction_reads_films_or_says_that_there_is_no_spine(trained: RunDir, tmp_path: Path) -> None:
    spec = {**trained.spec(), "kind": "prediction", "weights_sha256": trained.result()["weights_sha256"]}
    run = RunDir(tmp_path / "prediction")
    cases = trained.cases()
    for case in cases:
        (run.file("images", Path(case.colour).name)).write_bytes((trained.path / case.colour).read_bytes())
    weights = (trained.path / "weights.safetensors").read_bytes()
    (run.path / "weights.safetensors").write_bytes(weights)
    run.write_spec(spec, cases)
    predict(run)
    answers = run.result()["cases"]
    assert [answer["image"] for answer in answers] == [case.image for case in cases]
    # Two epochs teach nothing: the network must say itself that it sees no spine.
    assert all("No clear spine" in answer["flagged"] for answer in answers)


def test_training_lacks_something_and_says_so(tmp_path: Path) -> None:
    run = make_film_run(tmp_path / "run", TRIAL, films=3)
    cases = run.cases()
    run.write_spec(run.spec(), [case for case in cases if case.split == "train"])
    with pytest.raises(RunError, match="one to validate on"):
        train(run)
    short = [replace(case, points_px=case.points_px[:10]) for case in cases]
    run.write_spec(run.spec(), short)
    with pytest.raises(RunError, match="vertebrae68"):
        train(run)


def test_a_moved_strip_and_its_targets_move_together() -> None:
    """Wherever the sample's line went, the body's heat lies on a bright body."""
    film, corners = made_film(np.random.default_rng(1), 500, 1250)
    kept = keep(film, corners)
    recipe = RECIPES["vertebrae"]
    assert isinstance(recipe, VertebraRecipe)
    plain = recipe.with_changes({"gamma": 0.0})
    for seed in range(6):
        inputs, targets = strip_sample(kept, plain, np.random.default_rng(seed))
        shown = inputs[0].reshape(heads.CELL_ROWS, 4, heads.CELL_COLUMNS, 4).mean(axis=(1, 3))
        on, off = shown[targets.heats[0] > 0.8], shown[(targets.heats[0] < 0.01) & (targets.on_column > 0)]
        assert np.median(on) > np.median(off)


def test_a_moved_film_and_its_line_move_together() -> None:
    film, corners = made_film(np.random.default_rng(1), 500, 1250)
    kept = keep(film, corners)
    recipe = RECIPES["vertebrae"]
    assert isinstance(recipe, VertebraRecipe)
    for seed in range(6):
        inputs, (line, level, asked) = finder_sample(kept, recipe, np.random.default_rng(seed), 384, 224)
        known = np.flatnonzero(np.isfinite(line) & (line > 1) & (line < 55))
        shown = inputs[0].reshape(96, 4, 56, 4).mean(axis=(1, 3))
        on = shown[known, line[known].astype(int)]
        beside = shown[known, np.clip(line[known] + 12, 0, 55).astype(int)]
        assert np.median(on) > np.median(beside)
        assert (np.diff(level) >= 0).all()
        assert asked.max() == 1


def test_losses_are_lowest_at_the_truth() -> None:
    film, corners = made_film(np.random.default_rng(1), 500, 1250)
    along = strip.along(strip.column_line(corners))
    targets = heads.strip_targets(along, corners, mirrored=False)
    wanted = StripWanted(
        *(
            torch.from_numpy(one)[None]
            for one in (
                targets.heats,
                targets.regressed,
                targets.near[None],
                targets.level[None, :, None],
                targets.on_column[None],
            )
        )
    )
    answer = torch.zeros(1, heads.STRIP_OUTPUTS, heads.CELL_ROWS, heads.CELL_COLUMNS)
    answer[:, heads.HEATS] = torch.logit(wanted.heats.clamp(1e-4, 1 - 1e-4))
    answer[:, heads.OFFSETS], answer[:, heads.TILTS] = wanted.regressed[:, :8], wanted.regressed[:, 8:]
    answer[:, heads.LEVEL] = (wanted.level - 8.5) / 9
    best = strip_loss(answer, wanted)
    for channels in (heads.HEATS, heads.OFFSETS, heads.TILTS, heads.LEVEL):
        worse = answer.clone()
        worse[:, channels] += 0.3
        assert strip_loss(worse, wanted) > best + 0.01
    line, level, asked = heads.finder_targets(strip.column_line(corners), corners, *film.shape)
    given = [torch.from_numpy(one)[None] for one in (line, level[None, :, None], asked[None])]
    cells = torch.arange(asked.shape[1]) + 0.5
    right = torch.zeros(1, 2, *asked.shape)
    right[:, 0] = -((cells - given[0].nan_to_num(-99)[..., None]) ** 2) / 2
    right[:, 1] = (given[1][:, 0] - 8.5) / 9
    assert finder_loss(right, *given) < finder_loss(right.roll(3, dims=3), *given) - 0.1
    assert (
        finder_loss(right, *given)
        < finder_loss(right + torch.tensor([0.0, 0.2])[:, None, None], *given) - 0.1
    )
