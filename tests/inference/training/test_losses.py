"""What training lowers, by hand; and joint changes that are joint."""

import pytest
import torch

from inference.training.losses import critic_loss, deceit_loss, jointly_changed, masked_l1


def test_least_squares_by_hand() -> None:
    real, made = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    assert critic_loss(real, made).item() == pytest.approx(0.5 * (0.5 + 0.25))
    assert deceit_loss(made).item() == pytest.approx(0.25)


def test_what_lies_beyond_the_film_costs_nothing() -> None:
    real = torch.zeros(1, 1, 2, 2)
    made = torch.tensor([[[[1.0, 0.5], [9.0, 9.0]]]])
    inside = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    assert masked_l1(made, real, inside).item() == pytest.approx(0.75)
    assert masked_l1(made, real, torch.zeros_like(inside)).item() == 0


def test_input_and_film_are_changed_together() -> None:
    """A film that is its input stays at its place: only its tone differs."""
    torch.manual_seed(3)
    one = torch.rand(16, 1, 64, 32) + 0.5
    changed = jointly_changed(torch.cat([one, one], dim=1))
    gone = changed[:, 0] == 0
    for case in range(16):
        seen, film = changed[case, 0][~gone[case]], changed[case, 1][~gone[case]]
        slope = torch.corrcoef(torch.stack([seen, film]))[0, 1]
        assert slope > 0.999
    # Half of each side is cut at the most, and an eighth shifted in from beyond.
    shares = gone.flatten(1).float().mean(dim=1)
    assert shares.max() < 0.25 + 0.25
    assert shares.min() < shares.max()


def test_each_shift_keeps_within_an_eighth() -> None:
    torch.manual_seed(4)
    spot = torch.zeros(200, 2, 64, 32)
    spot[:, 0, 32, 16] = 1
    changed = jointly_changed(spot)[:, 0]
    kept = changed.flatten(1).max(dim=1)
    rows, columns = kept.indices[kept.values > 0] // 32 - 32, kept.indices[kept.values > 0] % 32 - 16
    assert (int(rows.min()), int(rows.max())) == (-8, 8)
    assert (int(columns.min()), int(columns.max())) == (-4, 4)
    assert 0.3 < (kept.values > 0).float().mean() < 0.9  # the others were cut


def test_gradients_go_through() -> None:
    film = torch.rand(2, 1, 32, 32, requires_grad=True)
    changed = jointly_changed(torch.cat([torch.zeros(2, 3, 32, 32), film], dim=1))
    torch.autograd.backward(changed.sum())
    assert film.grad is not None
    assert film.grad.abs().sum() > 0
