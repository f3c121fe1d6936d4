"""A training on phantoms becomes weights that the platform takes, with what was measured of them."""

import json
from pathlib import Path

import pytest
import torch

from annotation.spine.schemas import BUILT_IN
from inference.experiments.ship import main
from inference.networks import weights
from inference.networks.registry import build
from inference.rundir import RunDir
from inference.shipped import shipped
from tests.inference.runs import TINY, make_run


@pytest.fixture
def trained(tmp_path: Path) -> RunDir:
    """As a training of `back6` leaves its folder."""
    run = make_run(tmp_path / "run", images=4)
    schema = {"name": "back6", "points": list(BUILT_IN["back6"].point_names)}
    run.write_spec({**run.spec(), "schema": schema}, run.cases())
    network = build(TINY, 6)
    card = {"recipe": TINY.to_dict(), "schema": schema, "covariance_scale": 2.0}
    weights.save_tensors(run.path / "weights.safetensors", network.state_dict(), card)
    run.write_result({"metrics": {"validation": {"error_px_median": 3.0}}, "seconds": 5.0})
    return run


def test_weights_and_card_are_what_the_platform_takes(tmp_path: Path, trained: RunDir) -> None:
    heldout = tmp_path / "heldout.json"
    heldout.write_text(json.dumps({"phantoms": 500, "landmarks": {"error_mm_median": 4.5}}))
    asked = ["--name", "backs", "--commit", "abc", "--what", "4 phantoms", "--heldout", str(heldout)]
    asked += ["--limit", "Of one seed."]
    assert main([str(trained.path), *asked, "--out", str(tmp_path)]) == 0
    found = shipped("backs", tmp_path)
    assert (found.card["schema"], found.card["target"], found.card["commit"]) == ("back6", "back", "abc")
    assert found.card["data"]["images"] == 3  # what it was taught, not what it was chosen by
    assert found.card["result"]["metrics"]["held-out phantoms"] == {"images": 500, "error_mm_median": 4.5}
    assert found.card["limits"][-1] == "Of one seed."
    tensors, card = weights.read_tensors(found.path)
    assert card["covariance_scale"] == 2.0
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    weights.load_into(build(TINY, 6), tensors, "backs")


def test_an_unfinished_training_does_not_ship(
    tmp_path: Path, trained: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    (trained.path / "result.json").unlink()
    assert main([str(trained.path), "--name", "backs", "--commit", "abc", "--what", "4 phantoms"]) == 1
    assert "result.json is missing" in capsys.readouterr().err
