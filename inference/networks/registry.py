"""Architectures by name: a recipe and a number of points make a network."""

from collections.abc import Callable

from torch import nn

from inference.networks.pictures import tensor_channels
from inference.networks.unet import UNet
from inference.recipes import Recipe


def _unet(recipe: Recipe, points: int) -> nn.Module:
    return UNet(
        channels=tensor_channels(recipe), points=points, width=recipe.width, stride=recipe.heatmap_stride
    )


BUILDERS: dict[str, Callable[[Recipe, int], nn.Module]] = {"unet": _unet}


def build(recipe: Recipe, points: int) -> nn.Module:
    """The recipe's network, freshly initialised from torch's global seed; one heatmap per point."""
    return BUILDERS[recipe.architecture](recipe, points)
