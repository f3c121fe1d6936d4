"""Where vertebrae lie, as planes and as a loss."""

import math

import numpy as np
import pytest
import torch

from inference.networks.column import CORNERS, PLANES, VERTEBRAE, ColumnNetwork, vertebra_planes
from inference.training.losses import column_loss, column_tilts_deg

SIZE = (128, 256)


def column(tilts_deg: list[float], x: float = 60.0) -> torch.Tensor:
    """(1, 68, 2): bodies 20 px wide and 8 high, 14 px apart, each turned by its tilt."""
    corners = []
    for level, tilt in enumerate(math.radians(value) for value in tilts_deg):
        turn = np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
        box = np.array([[-10, -4], [10, -4], [-10, 4], [10, 4]]) @ turn.T
        corners.append(box + np.array([x, 10 + 14 * level]))
    return torch.tensor(np.concatenate(corners), dtype=torch.float32)[None]


def test_planes_show_each_body_where_it_lies() -> None:
    planes = vertebra_planes(column([20.0] * VERTEBRAE), (256, 128))
    assert planes.shape == (1, PLANES, 256, 128)
    where, which = planes[0]
    for level in range(VERTEBRAE):
        row = 10 + 14 * level
        assert where[row, 60] > 0.98
        assert which[row, 60] == pytest.approx((level + 1) / VERTEBRAE, abs=0.02)
        # Turned by 20 deg: inside the body on its right lower side, outside on its left lower side.
        assert where[row + 5, 66] > 0.5 > where[row + 5, 54]
    assert where[:, 30].max() < 1e-3
    # A body is as large as its corners say.
    assert float(where.sum()) == pytest.approx(VERTEBRAE * 20 * 8, rel=0.05)


def test_the_loss_is_of_places_tilts_and_the_angle() -> None:
    tilts = [*np.linspace(12, -15, 9), *np.linspace(-12, 5, 8)]
    true = column(tilts)
    assert column_tilts_deg(true, SIZE)[0, ::2].numpy() == pytest.approx(np.array(tilts), abs=1e-3)
    assert float(column_loss(true, true, SIZE)) == 0
    shifted = column_loss(column(tilts, x=61), true, SIZE)
    flatter = column_loss(column([0.5 * tilt for tilt in tilts]), true, SIZE)
    assert 0 < float(shifted) < 1 < float(flatter)
    # A frame twice as wide in pixels is the same frame.
    wider = torch.tensor([2.0, 1.0])
    assert column_loss(column(tilts, x=61) * wider, true * wider, (256, 256)) == pytest.approx(
        float(shifted), rel=1e-4
    )


def test_holes_in_the_depth_leave_no_trace() -> None:
    torch.manual_seed(0)
    network = ColumnNetwork(channels=2, size=(64, 96), depth=1, width=2).eval()
    down, across = torch.meshgrid(torch.linspace(-0.1, 0.1, 96), torch.linspace(-0.1, 0.1, 64), indexing="ij")
    depth = (down + across)[None, None]
    relief = network._relief(depth)
    holed = depth.clone()
    holed[..., 40:44, 30:34] = 1.0
    again = network._relief(holed)
    assert (again[..., 40:44, 30:34] == 0).all()
    outside = torch.ones_like(depth, dtype=torch.bool)
    outside[..., 40:44, 30:34] = False
    assert (again - relief)[outside].abs().max() < 0.02
    assert network(torch.zeros(3, 2, 96, 64)).shape == (3, CORNERS, 2)
