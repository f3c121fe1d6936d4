"""The published systems train as programs: stage after stage, and resumed to the same weights."""

from pathlib import Path

import pytest

from inference.recipes.catalogue import RECIPES
from inference.rundir import RunDir, RunError
from inference.training.start import train
from tests.inference.made_films import make_film_run

CASCADE = RECIPES["vertebrae-cascade"].with_changes({"stages": 1, "epochs": 1})
REGRESSION = RECIPES["vertebrae-bpd"].with_changes({"epochs": 2, "height_px": 64, "width_px": 32})


def lines(run: RunDir) -> list[dict[str, object]]:
    return [line for line in run.read_progress().lines if line["kind"] == "epoch"]


def test_the_cascade_learns_centres_then_corners_and_resumes(tmp_path: Path) -> None:
    whole = make_film_run(tmp_path / "whole", CASCADE, films=3)
    train(whole)
    assert [line["stage"] for line in lines(whole)] == [1, 2]
    figures = whole.result()["metrics"]["validation"]
    assert {
        f"{step}_mse_stage_{count}" for step in ("centres", "corners") for count in (0, 1)
    } <= figures.keys()
    assert whole.result()["parameters"] == pytest.approx(11.01e6 / 3, rel=0.01)

    # Once more from the checkpoint after the centres: the corners' stage alone, to the same weights.
    index = whole.checkpoints / "index.json"
    entries = index.read_text()
    assert '"epoch": 1' in entries
    (whole.checkpoints / "epoch-00002.safetensors").write_bytes(b"half")
    digest = whole.result()["weights_sha256"]
    whole.clear_outcome()
    train(whole)
    assert whole.result()["weights_sha256"] == digest


@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_regression_by_both_losses_resumes_to_the_same_weights(tmp_path: Path, alpha: float) -> None:
    recipe = REGRESSION.with_changes({"bpd_weight": alpha})
    run = make_film_run(tmp_path / "run", recipe, films=3)
    train(run)
    result = run.result()
    assert set(result["metrics"]["validation"]) == {"images", "normalised_mse", "pearson", "error_px_mean"}
    (run.checkpoints / "epoch-00002.safetensors").write_bytes(b"half")
    train(run)
    assert run.result()["weights_sha256"] == result["weights_sha256"]


@pytest.mark.parametrize("recipe", [CASCADE, REGRESSION], ids=["cascade", "regression"])
def test_nothing_to_validate_on_is_said(tmp_path: Path, recipe: object) -> None:
    run = make_film_run(tmp_path / "run", recipe, films=3)  # type: ignore[arg-type]
    run.write_spec(run.spec(), [case for case in run.cases() if case.split == "train"])
    with pytest.raises(RunError, match="one to validate on"):
        train(run)


def test_points_without_sides_make_no_bipartite_graph(tmp_path: Path) -> None:
    run = make_film_run(tmp_path / "run", REGRESSION, films=3)
    spec = run.spec()
    spec["schema"]["points"] = [f"p{index}" for index in range(68)]
    run.write_spec(spec, run.cases())
    with pytest.raises(RunError, match="vertebrae68"):
        train(run)
