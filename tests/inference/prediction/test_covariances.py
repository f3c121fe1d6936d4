"""What a prediction says of its own doubt, in stored pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from inference.networks import doubt, heatmaps, pictures
from inference.prediction import landmarks
from tests.inference.runs import POINTS, TINY, make_run

WIDE = np.diag([20.0, 8.0])  # cells^2, the target's own width included


class Blobs(nn.Module):
    """In place of a trained network: one blob for every point of every view, but nothing for the last."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Any) -> Any:
        side = inputs.shape[-1] // TINY.heatmap_stride
        rows, columns = np.mgrid[0:side, 0:side] + 0.5
        away = np.stack([columns - side / 2, rows - side / 2], axis=-1)
        heat = np.exp(-np.einsum("...i,ij,...j", away, np.linalg.inv(WIDE), away) / 2)
        maps = np.stack([heat, heat, heat, 0 * heat])
        return torch.from_numpy(np.stack([maps] * len(inputs)))


def test_a_covariance_is_told_in_stored_pixels(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=4, size=(120, 160))
    case = run.cases()[0]
    trained = landmarks._Trained(Blobs(), TINY, POINTS, [0, 1, 2, 3], None, {}, covariance_scale=2.0)
    *sure, empty = landmarks._points(trained, case, pictures.load(run.path, case, TINY))
    assert empty["covariance_px2"] is None
    # 160 px became 64 of the square, and so many of these a cell.
    px_per_cell = 160 / 64 * TINY.heatmap_stride
    backs = [np.linalg.inv(move[:, :2]) for move, _ in doubt.variants(64)]
    seen = np.mean([back @ WIDE @ back.T for back in backs], axis=0)
    expected = 2.0 * (seen - TINY.heatmap_sigma**2 * np.eye(2)) * px_per_cell**2
    for point in sure:
        xx, xy, yy = point["covariance_px2"]
        assert np.abs(np.array([[xx, xy], [xy, yy]]) - expected).max() < 0.05 * expected.max()


def test_a_blob_that_is_cut_off_by_the_border_has_a_spread_still() -> None:
    maps = heatmaps.draw(np.array([[1.0, 40.0]]), 32, 2, 3.0)
    found, _ = heatmaps.read(maps, 2)
    assert np.isfinite(heatmaps.spread(maps, found, 2, 2.0)).all()
