"""What trainings of a column network measure on pairs that they do not learn from."""

import numpy as np
import pytest
import torch

from inference.networks import weights
from inference.networks.column import ColumnNetwork
from inference.rundir import RunError
from inference.training.columns import angles_deg, unbiased_gain
from tests.inference.networks.test_column import SIZE, column


def spines(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns of one curve each, 0 to 40 deg, and the straight one."""
    tilts = np.array([*np.linspace(1, -1, 9), *np.linspace(-1, 1, 8)])
    true = np.concatenate([column(list(size * tilts)).numpy() for size in np.linspace(0, 20, count)])
    return true.astype(float), column([0.0] * 17)[0].numpy().astype(float)


def test_the_gain_undoes_a_shrinkage() -> None:
    true, straight = spines(40)
    assert angles_deg(true, SIZE)[-1] == pytest.approx(40, abs=0.01)
    shrunk = straight + 0.9 * (true - straight)
    assert angles_deg(shrunk, SIZE).mean() < 0.93 * angles_deg(true, SIZE).mean()
    gain = unbiased_gain(shrunk, true, straight, SIZE)
    assert gain == pytest.approx(1 / 0.9, abs=0.01)
    # In a frame of other pixels it is the same gain.
    wide = np.array([2.0, 1.0])
    assert unbiased_gain(shrunk * wide, true * wide, straight * wide, (256, 256)) == pytest.approx(
        gain, abs=2e-3
    )


def test_the_gain_stays_within_reason() -> None:
    true, straight = spines(40)
    assert unbiased_gain(straight + 0.2 * (true - straight), true, straight, SIZE) == 1.3
    assert unbiased_gain(straight + 3.0 * (true - straight), true, straight, SIZE) == 0.8
    few, straight = spines(19)
    assert unbiased_gain(straight + 0.9 * (few - straight), few, straight, SIZE) == 1.0
    # Of true columns there are enough, of found ones with an angle not.
    unreadable = straight + 0.9 * (true - straight)
    unreadable[5:] = np.nan
    assert unbiased_gain(unreadable, true, straight, SIZE) == 1.0


def test_the_gain_drives_corners_from_the_mean_column_in_evaluation_only() -> None:
    torch.manual_seed(0)
    network = ColumnNetwork(channels=1, size=(64, 96), depth=None, width=2).eval()
    backs = torch.rand(2, 1, 96, 64)
    plain = network(backs)
    network.gain.fill_(1.2)
    torch.testing.assert_close(network(backs) - network.expected, 1.2 * (plain - network.expected))
    network.train()
    learnt = network(backs)
    network.gain.fill_(1.0)
    torch.testing.assert_close(network(backs), learnt)


def test_weights_from_before_there_was_a_gain_still_load() -> None:
    network = ColumnNetwork(channels=1, size=(64, 96), depth=None, width=2)
    old = {name: tensor for name, tensor in network.state_dict().items() if name != "gain"}
    weights.load_into(network, old, "old")
    assert float(network.gain) == 1
    weights.load_into(
        torch.nn.ModuleDict({"column": network}), {f"column.{name}": one for name, one in old.items()}, "old"
    )
    with pytest.raises(RunError, match="lacks expected"):
        weights.load_into(network, {name: one for name, one in old.items() if name != "expected"}, "old")
