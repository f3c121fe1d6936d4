"""Seed 004: parameter counts of the paper, its equations, and crops that are where they should be."""

import pytest
import torch

from inference.networks.cascade import (
    REGION_PX,
    STEPS,
    Cascade,
    Stage,
    corners_in_regions,
    cut,
    cut_regions,
    place_corners,
    transition_matrix,
)
from inference.networks.mobilenet import TruncatedMobileNetV2


def test_parameters_are_those_of_table_two() -> None:
    """The paper: about 1.83 M a stage, 11.01 M in all."""
    assert sum(one.numel() for one in Stage(4, 6).parameters()) == pytest.approx(1.83e6, rel=0.005)
    whole = Cascade(stages=3, centre_modes=8, corner_modes=6)
    assert sum(one.numel() for one in whole.parameters()) == pytest.approx(11.01e6, rel=0.001)


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_the_encoder_has_the_sizes_of_table_one(step: object) -> None:
    height, width = step.patch_px  # type: ignore[attr-defined]
    encoder = TruncatedMobileNetV2().eval()
    sizes: list[tuple[int, int, int]] = []
    for layer in encoder.layers:
        layer.register_forward_hook(lambda *given: sizes.append(tuple(given[2].shape[1:])))
    assert encoder(torch.zeros(2, 1, height, width)).shape == (2, 64)
    seen = list(dict.fromkeys(sizes))
    expected = {
        (48, 80): [(32, 24, 40), (16, 24, 40), (24, 12, 20), (32, 6, 10), (64, 3, 5), (96, 3, 5)],
        (48, 48): [(32, 24, 24), (16, 24, 24), (24, 12, 12), (32, 6, 6), (64, 3, 3), (96, 3, 3)],
    }[height, width]
    last = (2, 3) if width == 80 else (2, 2)
    assert seen == [*expected, (160, *last), (320, *last), (64, *last)]


def test_the_transition_matrix_holds_the_directions_in_which_shapes_differ() -> None:
    """Offsets along two directions, the first three times as far: these come first, in this order."""
    torch.manual_seed(1)
    first, second = torch.linalg.qr(torch.randn(34, 2)).Q.T
    amounts = torch.randn(400, 2) * torch.tensor([3.0, 1.0])
    offsets = (amounts[:, :1] * first + amounts[:, 1:] * second).view(400, 17, 2)
    matrix = transition_matrix(offsets, 8)
    assert matrix.shape == (8, 34)
    assert torch.allclose(matrix @ matrix.T, torch.eye(8), atol=1e-5)
    assert abs(float(matrix[0] @ first)) > 0.99
    assert abs(float(matrix[1] @ second)) > 0.99


def test_offsets_in_the_span_survive_the_way_to_values_and_back() -> None:
    stage = Stage(4, 3)
    stage.get_buffer("transition").copy_(transition_matrix(torch.randn(50, 4, 2), 3))
    values = torch.randn(5, 3)
    assert torch.allclose(stage.wanted(stage.offsets(values)), values, atol=1e-5)


def test_without_pca_values_are_the_coordinates_themselves() -> None:
    stage = Stage(4, None)
    offsets = torch.randn(2, 4, 2)
    assert torch.equal(stage.wanted(offsets), offsets.flatten(1))
    assert torch.equal(stage.offsets(offsets.flatten(1)), offsets)


def test_a_patch_shows_what_lies_about_its_point() -> None:
    film = torch.zeros(1, 1, 680, 260)
    film[..., 340:344, 128:132] = 1.0  # about (130, 342)
    points = torch.tensor([[[130 / 260, 342 / 680], [130 / 260, 100 / 680]]])
    patches = cut(film, points, STEPS["centres"])
    assert patches.shape == (1, 2, 1, 48, 80)
    assert float(patches[0, 0, 0, 23:25, 39:41].min()) > 0.9
    assert float(patches[0, 1].max()) == 0


def test_beyond_the_film_a_patch_is_black() -> None:
    patches = cut(torch.ones(1, 1, 680, 260), torch.tensor([[[0.0, 0.5]]]), STEPS["centres"])
    assert float(patches[..., :38].max()) == 0
    assert float(patches[..., 42:].min()) == 1


def test_regions_and_places_on_the_film_are_one_anothers_inverse() -> None:
    film = torch.zeros(1, 1, 680, 260)
    centres, corners = torch.rand(17, 2), torch.rand(17, 4, 2)
    back = corners_in_regions(place_corners(corners, centres, film), centres, film)
    assert torch.allclose(back, corners, atol=1e-5)
    middle = place_corners(torch.full((17, 4, 2), 0.5), centres, film)
    assert torch.allclose(middle, centres[:, None].expand(-1, 4, -1))
    assert cut_regions(film, centres).shape == (17, 1, *REGION_PX)


def test_a_film_is_read_from_the_starting_shape_on() -> None:
    """With values of nothing, the answer is the mean shape; noise moves it."""
    network = Cascade(stages=2, centre_modes=8, corner_modes=6).eval()
    for stage in [*network.stages("centres"), *network.stages("corners")]:
        torch.nn.init.zeros_(stage.values.weight)
        torch.nn.init.zeros_(stage.values.bias)
    network.start("centres").copy_(torch.rand(17, 2))
    film = torch.rand(1, 1, 680, 260)
    corners = network.read(film)
    assert corners.shape == (17, 4, 2)
    assert torch.allclose(corners.mean(dim=1), network.start("centres"), atol=1e-6)
    moved = network.read(film, torch.full((17, 2), 0.01))
    assert torch.allclose(moved - corners, torch.full((17, 4, 2), 0.01), atol=1e-6)
