"""Seed 002: the network's shape and size, and equation 2 worked by hand."""

import pytest
import torch

from inference.networks.bpd_cnn import BpdCnn, bipartite_distance, bpd_loss


def test_the_network_of_the_paper() -> None:
    """72 landmarks at 1024 x 512: the first dense layer alone has 256 x 32 x 16 x 512 weights."""
    network = BpdCnn(points=72, height=1024, width=512)
    convolutions = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    assert [one.out_channels for one in convolutions] == [16, 16, 32, 32, 64, 64, 128, 128, 256, 256]
    dense = [one for one in network.modules() if isinstance(one, torch.nn.Linear)]
    assert [(one.in_features, one.out_features) for one in dense] == [(131072, 512), (512, 512), (512, 144)]
    assert sum(isinstance(one, torch.nn.Dropout) for one in network.modules()) == 10


def test_it_answers_with_points() -> None:
    network = BpdCnn(points=68, height=64, width=32)
    assert network(torch.zeros(2, 1, 64, 32)).shape == (2, 68, 2)


def test_equation_two_by_hand() -> None:
    """Two points left, two right, of a square of side 3; one of the right ones is found 1 further right.

    Left A (0, 0), B (0, 3); right C (3, 0), D (3, 3). Edges: AC 3, AD sqrt 18, BC sqrt 18, BD 3. With D at
    (4, 3): AD is 5, BD is 4, and the sum of differences (5 - sqrt 18) + 1.
    """
    true = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]]])
    found = true.clone()
    found[0, 3, 0] = 4.0
    distance = bipartite_distance(found, true, [0, 2], [1, 3])
    assert float(distance) == pytest.approx(5 - 18**0.5 + 1)
    # A mean over images: with a second one that is right, half.
    pair = bipartite_distance(torch.cat([found, true]), torch.cat([true, true]), [0, 2], [1, 3])
    assert float(pair) == pytest.approx((6 - 18**0.5) / 2)
    # The loss: one of eight coordinates is off by 1.
    assert float(bpd_loss(found, true, [0, 2], [1, 3], 0.01)) == pytest.approx(1 / 8 + 0.01 * (6 - 18**0.5))
    assert float(bpd_loss(found, true, [0, 2], [1, 3], 0.0)) == pytest.approx(1 / 8)


def test_a_shift_of_everything_costs_no_bipartite_distance() -> None:
    true = torch.rand(1, 8, 2)
    moved = true + torch.tensor([0.2, -0.1])
    assert float(bipartite_distance(moved, true, [0, 2, 4, 6], [1, 3, 5, 7])) == pytest.approx(0, abs=1e-5)


def test_distances_of_points_that_coincide_have_a_gradient() -> None:
    found = torch.zeros(1, 4, 2, requires_grad=True)
    bpd_loss(found, torch.rand(1, 4, 2), [0, 2], [1, 3], 0.01).backward()
    assert found.grad is not None
    assert torch.isfinite(found.grad).all()
