"""The pictures that a training of landmarks draws after its epochs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inference.networks.planes import statistics_of
from inference.recipes.base import Recipe
from inference.recipes.landmarks import LandmarkRecipe
from inference.training import landmarks
from inference.training.dataset import Cases
from inference.training.samples import draw_landmarks
from tests.inference.runs import BACK, MIRRORED, TINY, make_run


class Knows(nn.Module):
    """A network that gives the targets it was handed, moved by so many cells to the right."""

    def __init__(self, targets: Tensor, off: int) -> None:
        super().__init__()
        self.targets = nn.Parameter(torch.roll(targets, off, dims=3))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.targets[: len(inputs)]


def drawn(path: Path, recipe: Recipe, off: int) -> np.ndarray:
    assert isinstance(recipe, LandmarkRecipe)
    run = make_run(path, recipe, images=8)
    cases = Cases(run, run.cases(), recipe, MIRRORED)
    cases.statistics = statistics_of(recipe, cases.pictures)
    batch = torch.cat([batch.targets for batch in cases.in_order()])
    draw_landmarks(run, 12, Knows(batch, off), cases)
    assert json.loads((path / "samples" / "epoch-00012.json").read_text())["text"]
    return np.asarray(cv2.imread(str(path / "samples" / "epoch-00012.png")))


def violet_middles(sheet: np.ndarray) -> np.ndarray:
    mask = (np.abs(sheet.astype(int) - (246, 92, 139)).sum(axis=2) < 40).astype(np.uint8)
    count, _, _, middles = cv2.connectedComponentsWithStats(mask)
    return np.asarray(middles[1:count])


@pytest.mark.parametrize("name", ["back-trial", "back-depth-small"])
def test_the_networks_points_are_drawn_where_it_found_them(tmp_path: Path, name: str) -> None:
    recipe = BACK[name].with_changes({"image_px": 64, "batch": 4})
    sheet = drawn(tmp_path, recipe, off=0)
    assert sheet.shape == (256, 6 * 256, 3)
    assert isinstance(recipe, LandmarkRecipe)
    run = make_run(tmp_path / "again", recipe, images=8)
    cases = Cases(run, run.cases(), recipe, MIRRORED)
    truth = np.concatenate([points * 4 + [256 * tile, 0] for tile, points in enumerate(cases.points_px[:6])])
    found = violet_middles(sheet)
    assert len(found) == 24
    nearest = np.linalg.norm(truth[:, None] - found[None], axis=2).min(axis=1)
    assert nearest.max() < 3


def test_a_wrong_guess_is_seen(tmp_path: Path) -> None:
    right, wrong = drawn(tmp_path / "a", TINY, off=0), drawn(tmp_path / "b", TINY, off=6)
    assert np.abs(right.astype(int) - wrong).max() > 100


def test_a_training_draws_one_after_every_epoch(tmp_path: Path) -> None:
    run = make_run(tmp_path, TINY, images=6)
    recipe = TINY
    assert isinstance(recipe, LandmarkRecipe)
    landmarks.train(run, recipe)
    names = sorted(path.name for path in (tmp_path / "samples").glob("*.png"))
    assert names == ["epoch-00001.png", "epoch-00002.png"]
