"""The two networks for vertebrae: shapes, sizes, and the way of a film through both."""

import numpy as np
import pytest
import torch

from inference.networks.spine_unet import SpineUNet
from inference.networks.straightened import Straightened
from inference.networks.vertebra_reader import COLUMN_PX, VertebraReader, shrunk_to
from tests.inference.made_films import made_film


def test_both_answer_at_a_quarter_of_their_input() -> None:
    network = Straightened(width=4, finder_width=4)
    strips, films = network(torch.zeros(1, 2, 1024, 96), torch.zeros(1, 1, 384, 224))
    assert strips.shape == (1, 26, 256, 24)
    assert films.shape == (1, 2, 96, 56)


def test_the_shipped_size_fits_the_weights_that_ship() -> None:
    network = Straightened(width=16, finder_width=12)
    assert sum(one.numel() for one in network.parameters()) == 2_929_872


def test_a_row_knows_of_rows_far_away() -> None:
    """A mark changes what is said five vertebrae further down, where no small convolution reaches."""
    torch.manual_seed(0)
    network = SpineUNet(channels=1, outputs=1, widths=(4, 8, 8, 8, 8)).eval().double()
    plain = torch.zeros(1, 1, 1024, 32, dtype=torch.float64)
    marked = plain.clone()
    marked[..., 300:320, :] = 5.0
    with torch.no_grad():
        assert (network(plain)[..., 145, :] - network(marked)[..., 145, :]).abs().max() > 1e-9


@pytest.mark.parametrize("size", [(200, 500), (700, 300), (40, 1200)])
def test_any_film_is_read_to_numbers(size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    film, _ = made_film(np.random.default_rng(1), *size)
    found = VertebraReader(Straightened(width=2, finder_width=2), passes=1).read(film)
    assert found.corners_px.shape == (17, 4, 2)
    assert np.isfinite(found.corners_px).all()
    assert (np.linalg.eigvalsh(found.covariance_px2) > 0).all()
    assert found.heights.shape == found.levels.shape == (17,)


def test_a_tiny_film_is_refused() -> None:
    reader = VertebraReader(Straightened(width=2, finder_width=2))
    with pytest.raises(ValueError, match="too small to read"):
        reader.read(np.zeros((20, 400), np.uint8))


def test_a_film_is_shrunk_to_its_column_and_never_enlarged() -> None:
    film = np.zeros((3000, 1000), np.uint8)
    small, factor = shrunk_to(film, np.array([[500.0, 100], [500, 2900]]))
    assert small.shape[0] == pytest.approx(3000 * COLUMN_PX / 2800, abs=1)
    assert factor == pytest.approx([COLUMN_PX / 2800] * 2, rel=2e-3)
    same, ones = shrunk_to(film[:600], np.array([[500.0, 0], [500, 600]]))
    assert same.shape == (600, 1000)
    assert ones.tolist() == [1, 1]
