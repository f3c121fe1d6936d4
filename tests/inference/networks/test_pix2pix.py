"""The networks of pix2pix: their size is the released code's, their patches are 70 px, sizes fit."""

from typing import Any

import pytest
import torch
from torch import nn

from inference.networks.pix2pix import PatchDiscriminator, ResNetGenerator, UNetGenerator


def size_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameters_are_those_of_the_released_code() -> None:
    """With three planes out, as there, the last layer has two more of each kind than ours.

    The release prints 11.378 M for its ResNet-9 and 7.838 M for its ResNet-6 of three planes to three, and
    2.765 M for its discriminator on three, all with instance normalisation.
    """
    for blocks, published in ((9, 11.378), (6, 7.838)):
        two_more_planes = 2 * (64 * 7 * 7 + 1)
        own = size_of(ResNetGenerator(channels=3, blocks=blocks))
        assert (own + two_more_planes) / 1e6 == pytest.approx(published, abs=6e-4)
    assert size_of(PatchDiscriminator(channels=3)) / 1e6 == pytest.approx(2.765, abs=6e-4)
    # 54.414 M and 41.8 M with batch normalisation, whose two numbers per channel take the biases' place.
    assert size_of(UNetGenerator(channels=3, levels=8)) / 1e6 == pytest.approx(54.41, abs=0.01)
    assert size_of(UNetGenerator(channels=3, levels=7)) / 1e6 == pytest.approx(41.82, abs=0.01)


GENERATORS: list[Any] = [
    (ResNetGenerator, {"blocks": 9}, (64, 32)),
    (ResNetGenerator, {"blocks": 6, "resize": True}, (64, 32)),
    (UNetGenerator, {"levels": 7}, (256, 128)),
    (UNetGenerator, {"levels": 8, "resize": True}, (256, 256)),
]


@pytest.mark.parametrize(
    ("kind", "options", "size"), GENERATORS, ids=["resnet9", "resnet6", "unet128", "unet256"]
)
def test_a_generator_gives_a_film_of_its_inputs_size(
    kind: Any, options: dict[str, Any], size: tuple[int, int]
) -> None:
    network = kind(channels=10, width=4, **options)
    film = network(torch.randn(1, 10, *size))
    assert film.shape == (1, 1, *size)
    assert film.abs().max() <= 1
    film.sum().backward()
    # A bias before a normalisation has no effect, so no gradient but noise; it has one all the same.
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("kind", [ResNetGenerator, UNetGenerator])
def test_dropout_is_for_training_only_and_can_be_left_out(kind: Any) -> None:
    torch.manual_seed(1)
    x = torch.randn(1, 2, 256, 256)
    for dropout in (True, False):
        network = kind(channels=2, width=2, dropout=dropout)
        assert torch.equal(network(x), network(x)) is not dropout
        network.eval()
        assert torch.equal(network(x), network(x))


def test_one_answer_of_the_discriminator_sees_70_pixels() -> None:
    # Normalisation looks at the whole picture; without it, what one answer depends on is its patch.
    network = PatchDiscriminator(channels=1, width=2)
    for index, layer in enumerate(network.layers):
        if isinstance(layer, nn.InstanceNorm2d):
            network.layers[index] = nn.Identity()
    x = torch.randn(1, 1, 256, 128, requires_grad=True)
    answers = network(x)
    assert answers.shape == (1, 1, 30, 14)
    answers[0, 0, 15, 7].backward()
    assert x.grad is not None
    rows, columns = x.grad[0, 0].nonzero().T
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (70, 70)


def test_spectral_normalisation_holds_the_gain_of_every_layer_to_one() -> None:
    torch.manual_seed(1)
    network = PatchDiscriminator(channels=3, width=8, spectral=True)
    for _ in range(50):  # each pass in training is one step of the power iteration
        network(torch.randn(1, 3, 64, 64))
    gains = [
        torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item()
        for layer in network.layers
        if isinstance(layer, nn.Conv2d)
    ]
    assert len(gains) == 5
    assert gains == pytest.approx([1] * 5, abs=0.02)
