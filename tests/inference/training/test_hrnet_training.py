"""The report's recipe, made small: HRNet trains, resumes, begins from ImageNet weights and predicts alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inference.networks import weights
from inference.networks.hrnet import HRNet
from inference.networks.planes import statistics_of, tensor
from inference.prediction.start import predict
from inference.recipes.landmarks import PAPER, Moved
from inference.rundir import RunError, sha256_of
from inference.training import landmarks
from inference.training.dataset import Cases
from inference.training.start import train
from tests.inference.runs import make_run

SMALL = replace(PAPER, image_px=64, width=4, epochs=2, batch=4, learning_rate=1e-3)


def test_it_trains_resumes_to_the_same_weights_and_predicts_with_the_same_statistics(tmp_path: Path) -> None:
    whole, stopped = (make_run(tmp_path / name, SMALL) for name in ("whole", "stopped"))
    train(whole)
    # Of the other one only the first epoch is known.
    train_one = {**stopped.spec(), "recipe": replace(SMALL, epochs=1).to_dict()}
    spec = stopped.spec()
    stopped.write_spec(train_one, stopped.cases())
    train(stopped)
    stopped.write_spec(spec, stopped.cases())
    train(stopped)
    assert sha256_of(whole.path / "weights.safetensors") == sha256_of(stopped.path / "weights.safetensors")

    _, card = weights.read_tensors(whole.path / "weights.safetensors")
    assert len(card["statistics"]["shift"]) == 4
    assert card["statistics"]["shift"][3] > 1400  # mm

    result = whole.result()
    cases = [case for case in whole.cases() if case.split == "validation"]
    whole.write_spec({**whole.spec(), "weights_sha256": result["weights_sha256"]}, cases)
    predict(whole)
    errors = [
        np.hypot(point["x"] - truth[0], point["y"] - truth[1])
        for answer, case in zip(whole.result()["cases"], cases, strict=True)
        for point, truth in zip(answer["points"], case.points_px, strict=True)
        if truth is not None
    ]
    # A point that lies beyond the picture is put onto its edge in an answer, and not in the metrics.
    assert np.median(errors) <= result["metrics"]["validation"]["error_px_median"] + 0.02


def test_imagenet_weights_beside_the_spec_are_where_the_trunk_begins(tmp_path: Path) -> None:
    torch.manual_seed(5)
    donor = HRNet(channels=3, points=10, width=4).state_dict()
    run = make_run(tmp_path / "run", SMALL)
    save_file(donor, run.path / landmarks.PRETRAINED)
    built = landmarks._build(run, SMALL, ["a", "b", "c", "d"])
    stem = built.engine.plain["heatmaps"].state_dict()["conv1.weight"]
    assert torch.equal(stem[:, :3], donor["conv1.weight"])

    save_file({"fc.weight": torch.zeros(2)}, run.path / landmarks.PRETRAINED)
    with pytest.raises(RunError, match=r"pretrained\.safetensors: conv1\.weight: these weights hold nothing"):
        landmarks._build(run, SMALL, ["a"])
    (run.path / landmarks.PRETRAINED).write_bytes(b"not weights")
    with pytest.raises(RunError, match="not a readable safetensors file"):
        landmarks._build(run, SMALL, ["a"])


@pytest.mark.parametrize("moved", get_args(Moved))
def test_what_is_moved_is_what_the_recipe_says(tmp_path: Path, moved: Any) -> None:
    recipe = replace(SMALL, moved=moved)
    run = make_run(tmp_path / "run", recipe)
    cases = Cases(run, run.cases(), recipe, [0, 2, 1, 3])
    cases.statistics = statistics_of(recipe, cases.pictures)
    tests, again = (torch.cat([batch.inputs for batch in cases.in_order()]) for _ in range(2))
    first, second = (torch.cat([batch.inputs for batch in cases.shuffled(epoch)]) for epoch in (1, 2))
    still = {inputs.numpy().tobytes() for inputs in cases_as_they_are(cases)}
    assert torch.equal(tests, again)
    assert any(one.numpy().tobytes() not in still for one in tests) is (moved in ("tests", "both"))
    assert any(one.numpy().tobytes() not in still for one in first) is (moved in ("training", "both"))
    assert len(first) == len(second) == len(tests)


def cases_as_they_are(cases: Cases) -> list[torch.Tensor]:
    return [torch.from_numpy(tensor(picture, SMALL, cases.statistics)) for picture in cases.pictures]
