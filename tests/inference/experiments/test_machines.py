"""What another machine's film of the same child scores."""

import json

import pytest

from inference.experiments.machines import main


def test_noise_changes_a_film_less_than_another_machine_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    same, another = figures["same machine"], figures["another machine"]
    assert same["images"] == another["images"] == 1
    assert another["histogram_intersection"] < 0.8 < same["histogram_intersection"] < 1
    assert another["ms_ssim"] < same["ms_ssim"] < 1
