"""Points seen several ways: their mean, their scatter, and ellipses that hold what they say."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from inference.networks import doubt, pictures
from inference.networks.pictures import Picture, placement
from tests.inference.runs import TINY

RECIPE = TINY.with_changes({"image_px": 64, "heatmap_stride": 1, "valid_plane": True})


class Finder(nn.Module):
    """Heat where the picture is red and where it is green: two points that it finds exactly."""

    def __init__(self, *, favours_right: float = 0.0) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))
        self.favours_right = favours_right

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = torch.stack([x[:, 0] - x[:, 1], x[:, 1] - x[:, 0]], dim=1).clamp(min=0)
        return torch.roll(maps, int(self.favours_right), dims=3) / 3


def picture(red: tuple[float, float], green: tuple[float, float]) -> Picture:
    columns, rows = np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5)
    grey = np.full((64, 64, 3), 60.0)
    for channel, (x, y) in enumerate((red, green)):
        grey[:, :, channel] += 180 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
    return Picture(grey.astype(np.uint8), np.full((64, 64), 1500, np.float32), placement(64, 64, 64))


def test_a_point_is_found_through_every_variant() -> None:
    seen = doubt.look(Finder(), picture((20.3, 30.7), (44.0, 25.0)), RECIPE, None, [0, 1])
    assert seen.points == pytest.approx(np.array([[20.3, 30.7], [44.0, 25.0]]), abs=0.35)
    assert (np.linalg.eigvalsh(seen.covariances) > 0).all()


def test_left_and_right_change_names_in_a_mirrored_view() -> None:
    """A finder that knows the left one by its colour is told that the mirrored right one is left."""

    class ByPlace(Finder):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            light = (x[:, 0] - x[:, 2]).clamp(min=0)
            left = torch.arange(64) < 32
            return torch.stack([light * left, light * ~left], dim=1) / 3

    both = picture((20.0, 30.0), (0.0, 200.0))
    assert both.grey is not None
    other = picture((44.0, 25.0), (0.0, 200.0)).grey
    assert other is not None
    grey = np.maximum(both.grey, other)
    seen = doubt.look(ByPlace(), Picture(grey, both.depth_mm, both.square_from_image), RECIPE, None, [1, 0])
    assert seen.points == pytest.approx(np.array([[20.0, 30.0], [44.0, 25.0]]), abs=0.4)


def test_a_network_that_leans_to_one_side_doubts_along_that_side() -> None:
    even, leaning = (
        doubt.look(Finder(favours_right=shift), picture((24.0, 30.0), (40.0, 25.0)), RECIPE, None, [0, 1])
        for shift in (0, 2)
    )
    assert leaning.points == pytest.approx(even.points, abs=0.35)  # what it leans, mirroring takes back
    across = leaning.covariances[:, 0, 0] - even.covariances[:, 0, 0]
    assert (across > 0.8 * 4 * 4 / 3).all()  # four views at +-2: 16 / (4 - 1), and a wider heat
    assert leaning.covariances[:, 1, 1] == pytest.approx(even.covariances[:, 1, 1], abs=0.7)


def test_ellipses_hold_what_they_say_after_calibration() -> None:
    """A network that says half of its deviations is put right, on other points of the same kind."""
    rng = np.random.default_rng(1)

    def points(n: int) -> tuple[Any, Any]:
        spreads = rng.uniform(0.5, 3, (n, 2))
        errors = rng.normal(size=(n, 2)) * spreads
        return errors, np.stack([np.diag((one / 2) ** 2) for one in spreads])

    errors, said = points(400)
    scale = doubt.scale_for(errors, said)
    assert scale == pytest.approx(4, rel=0.2)
    errors, said = points(4000)
    held = doubt.coverage(errors, said * scale)
    assert held["0.9"] == pytest.approx(0.9, abs=0.03)
    assert held["0.5"] == pytest.approx(0.5, abs=0.05)
    assert doubt.coverage(errors, said)["0.9"] < 0.6


def test_what_is_not_known_counts_nothing() -> None:
    errors = np.array([[np.nan, 0.0], [3.0, 4.0], [1.0, 0.0]])
    said = np.stack([np.eye(2), np.full((2, 2), np.nan), np.eye(2) / 4])
    assert doubt.distances2(errors, said)[2] == pytest.approx(4)
    assert np.isnan(doubt.distances2(errors, said)[:2]).all()
    assert doubt.scale_for(errors[:1], said[:1]) == 1
    assert doubt.coverage(errors[:1], said[:1]) == {}
    # With one point its own distance is the most that is known: 4 of the 4.605 a normal one has.
    assert doubt.scale_for(errors, said) == pytest.approx(4 / 4.605, abs=1e-3)


def test_the_variants_are_moves_of_the_square_about_its_middle() -> None:
    middle = np.array([[32.0, 32.0]])
    for move, mirrored in doubt.variants(64):
        assert pictures.apply(move, middle) == pytest.approx(middle)
        assert bool(np.linalg.det(move[:, :2]) < 0) is mirrored
