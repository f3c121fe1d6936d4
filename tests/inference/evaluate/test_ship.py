"""Shipping: intervals that cover, half the bytes, and a card that the platform takes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inference.evaluate.__main__ import main as evaluate
from inference.evaluate.ship import calibration_of, coverage_of, main
from inference.networks.straightened import Straightened
from inference.networks.weights import read_tensors, save_tensors
from inference.prediction.vertebrae import VertebraPredictor
from inference.recipes.catalogue import RECIPES
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import RunError
from inference.shipped import shipped
from tests.inference.made_films import make_folder

RESULT = {
    "parameters": 5,
    "best_epoch": 1,
    "seconds": 2.0,
    "device": "cpu",
    "left_out": {"lacking_corners": 1, "out_of_order": ["a child's.png", "another's.png"]},
}
CURVE = {"found_deg": 31.0, "true_deg": 30.0, "deviation_deg": 3.0}


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Films whose errors are three times as large as the network expects."""
    rng = np.random.default_rng(seed)
    deviations = rng.uniform(1, 3, count)
    errors = 3 * deviations * rng.normal(size=count)
    return [
        {
            "name": f"{index}.png",
            "patient": str(index // 2),
            "label_fault": index % 25 == 0,
            "found_deg": [30 + error, 10, 10],
            "true_deg": [30, 9, 12],
            "deviation_deg": [deviation, deviation, deviation],
            # A curve's errors are half as large again.
            "curves": [{"found_deg": -30 - 1.5 * error, "true_deg": -30, "deviation_deg": deviation}],
        }
        for index, (error, deviation) in enumerate(zip(errors, deviations, strict=True))
    ]


def test_factors_are_learned_and_cover_films_they_were_not_learned_from() -> None:
    assert calibration_of(rows(2000)).aasce[0] == pytest.approx(3 * 1.645, rel=0.06)
    assert calibration_of(rows(2000)).curve == pytest.approx(1.5 * 3 * 1.645, rel=0.06)
    coverage = coverage_of(rows(2000))
    assert coverage["coverage_90_percent"] == pytest.approx(90, abs=2)
    assert coverage["interval_width_median_deg"] == pytest.approx(2 * 1.645 * 3 * 2, rel=0.1)
    assert coverage["curves_coverage_90_percent"] == pytest.approx(90, abs=2)
    assert coverage["curves_interval_width_median_deg"] == pytest.approx(2 * 1.645 * 4.5 * 2, rel=0.1)


def test_too_few_films_or_no_doubts_are_said() -> None:
    with pytest.raises(RunError, match="too few"):
        calibration_of(rows(6))
    with pytest.raises(RunError, match="no intervals"):
        calibration_of([{name: row[name] for name in row if name != "deviation_deg"} for row in rows(30)])


def test_the_command_writes_what_the_platform_takes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    recipe = RECIPES["vertebrae"].with_changes({"width": 2, "finder_width": 2})
    assert isinstance(recipe, VertebraRecipe)
    network = Straightened(width=2, finder_width=2)
    source = tmp_path / "weights.safetensors"
    save_tensors(source, network.state_dict(), {"recipe": recipe.to_dict()})
    data = make_folder(tmp_path / "data", films=20, size=(60, 150))
    measured = tmp_path / "measured.json"
    assert evaluate(["--weights", "mean-shape", "--data", str(data), "--json", str(measured)]) == 0
    figures = json.loads(measured.read_text())
    figures["images"] = [
        {**row, "deviation_deg": [3.0, 3.0, 3.0], "curves": [CURVE]} for row in figures["images"]
    ]
    measured.write_text(json.dumps(figures))
    result = tmp_path / "result.json"
    result.write_text(json.dumps(RESULT))
    told = [
        "--measured",
        str(measured),
        "--result",
        str(result),
        "--name",
        "made",
        "--commit",
        "0" * 40,
        "--images",
        "20",
        "--subjects",
        "10",
    ]
    out = tmp_path / "shipped"
    assert main(["--weights", str(source), *told, "--what", "20 made films", "--out", str(out)]) == 0

    one = shipped("made", out)
    assert one.card["data"]["subjects"] == 10
    assert one.card["result"]["metrics"]["validation"]["images"] == 20
    assert one.card["result"]["left_out"] == {"lacking_corners": 1, "out_of_order": 2}
    assert one.path.stat().st_size < 0.62 * source.stat().st_size
    assert read_tensors(one.path)[0]["strip.stem.0.0.weight"].dtype == torch.float16
    whole, half = (VertebraPredictor.from_file(path, recipe) for path in (source, one.path))
    assert half.calibration == calibration_of(figures["images"])
    for name, tensor in whole.reader.network.state_dict().items():
        assert torch.allclose(half.reader.network.state_dict()[name], tensor, rtol=1e-3, atol=1e-4), name


def test_what_cannot_be_shipped_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.json")
    told = [
        "--measured",
        missing,
        "--result",
        missing,
        "--name",
        "n",
        "--commit",
        "c",
        "--what",
        "w",
        "--images",
        "1",
    ]
    told += ["--subjects", "1"]
    assert main(["--weights", missing, *told, "--out", str(tmp_path)]) == 1
    assert "none.json" in capsys.readouterr().err
