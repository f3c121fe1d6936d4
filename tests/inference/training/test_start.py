"""Trainings that begin from weights: fine-tuning goes on where another training ended."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.networks import weights
from inference.recipes.base import Recipe
from inference.recipes.catalogue import RECIPES
from inference.rundir import START, RunDir, RunError
from inference.training.start import train
from tests.inference.made_films import make_film_run
from tests.inference.runs import TINY, TINY_PAIR, make_pairs, make_run

STILL = {"learning_rate": 1e-7, "schedule": "constant", "epochs": 1}
"""So little that what comes out is what went in."""
TINY_COLUMN = replace(
    TINY_PAIR, film_width_px=128, film_height_px=160, column_passes=1, column_width=2, average=0.5
)
TINY_FILM = RECIPES["vertebrae-trial"].with_changes({"precision": "32-true", "width": 2, "finder_width": 2})


def of_kind(path: Path, recipe: Recipe) -> RunDir:
    if recipe.kind == "landmarks":
        return make_run(path, recipe)
    if recipe.kind == "synthesis":
        return make_pairs(path, recipe)
    return make_film_run(path, recipe, films=3)


@pytest.mark.parametrize(
    "recipe", [TINY, TINY_PAIR, TINY_COLUMN, TINY_FILM], ids=["landmarks", "film", "column", "vertebrae"]
)
def test_it_goes_on_where_the_other_ended(tmp_path: Path, recipe: Recipe) -> None:
    first = of_kind(tmp_path / "first", recipe)
    train(first)
    still = STILL | ({"column_rate": 1e-7} if recipe.kind == "synthesis" else {})
    ways = {}
    for name in ("anew", "from"):
        run = of_kind(tmp_path / name, recipe.with_changes({**still, "seed": 5}))
        if name == "from":
            tensors, card = weights.read_tensors(first.path / "weights.safetensors")
            weights.save_tensors(run.path / START, tensors, {**card, "calibration": {"curve": 1.3}})
            run.write_spec({**run.spec(), "start_from": {"version": "v", "sha256": "s"}}, run.cases())
        train(run)
        ways[name] = weights.read_tensors(run.path / "weights.safetensors")
    begun, _ = weights.read_tensors(first.path / "weights.safetensors")
    learnt = [name for name, tensor in begun.items() if tensor.is_floating_point() and "running" not in name]

    def off(way: str) -> float:
        return max(
            float((ways[way][0][name] - begun[name]).abs().max()) for name in learnt if "gain" not in name
        )

    assert off("from") < 1e-4 < off("anew")
    # The header of the weights says it.
    assert ways["from"][1]["start_from"] == {"version": "v", "sha256": "s"}
    assert ways["anew"][1]["start_from"] is None
    # And intervals stay calibrated as those of the model it began from.
    assert ways["from"][1]["calibration"] == {"curve": 1.3}
    assert "calibration" not in ways["anew"][1]


def test_a_checkpoint_counts_more_than_the_start(tmp_path: Path) -> None:
    first = make_run(tmp_path / "first")
    train(first)
    run = make_run(tmp_path / "run")
    (run.path / START).write_bytes((first.path / "weights.safetensors").read_bytes())
    train(run)
    done = run.result()["weights_sha256"]
    (run.path / "result.json").unlink()
    train(run)
    assert run.result()["weights_sha256"] == done != first.result()["weights_sha256"]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    weights.save_tensors(run.path / START, {"a": torch.zeros(1)}, {})
    with pytest.raises(RunError, match=r"start\.safetensors is for another network"):
        train(run)


def test_which_recipes_fit() -> None:
    assert TINY.fits(TINY)
    assert TINY.with_changes({"epochs": 90, "rotate_deg": 3.0}).fits(TINY)
    assert not TINY.with_changes({"width": 8}).fits(TINY)
    assert not TINY.fits(TINY_PAIR)
    assert not TINY_COLUMN.fits(replace(TINY_COLUMN, column_passes=0))
    assert TINY_COLUMN.fits(replace(TINY_COLUMN, column_passes=9))
    assert not TINY_FILM.fits(RECIPES["vertebrae"])
    # A cascade's stages stand on shapes of their own data.
    assert not RECIPES["vertebrae-cascade"].fits(RECIPES["vertebrae-cascade"])


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda one: one.name)
def test_what_shapes_a_network_is_named_by_settings_that_exist(recipe: Recipe) -> None:
    assert all(hasattr(recipe, name) for name in recipe.shaping or ())
