"""Architectures by name: a recipe and a number of points make a network, or a generator with its critic."""

from collections.abc import Callable
from functools import partial

from torch import nn

from inference.networks.hrnet import HRNet
from inference.networks.pairs import input_channels
from inference.networks.pix2pix import PatchDiscriminator, ResNetGenerator, UNetGenerator
from inference.networks.planes import planes_of
from inference.networks.unet import UNet
from inference.recipes.landmarks import LandmarkRecipe
from inference.recipes.synthesis import SynthesisRecipe


def _unet(recipe: LandmarkRecipe, points: int) -> nn.Module:
    channels = len(planes_of(recipe))
    return UNet(channels=channels, points=points, width=recipe.width, stride=recipe.heatmap_stride)


def _hrnet(recipe: LandmarkRecipe, points: int) -> nn.Module:
    return HRNet(
        channels=len(planes_of(recipe)),
        points=points,
        width=recipe.width,
        stride=recipe.heatmap_stride,
        version=1 if recipe.architecture == "hrnet-v1" else 2,
    )


BUILDERS: dict[str, Callable[[LandmarkRecipe, int], nn.Module]] = {
    "unet": _unet,
    "hrnet": _hrnet,
    "hrnet-v1": _hrnet,
}


def build(recipe: LandmarkRecipe, points: int) -> nn.Module:
    """The recipe's network, freshly initialised from torch's global seed; one heatmap per point."""
    return BUILDERS[recipe.architecture](recipe, points)


def _resnet(recipe: SynthesisRecipe, channels: int, blocks: int) -> nn.Module:
    return ResNetGenerator(
        channels=channels, width=recipe.width, blocks=blocks, dropout=recipe.dropout, resize=recipe.resize
    )


def _unet_generator(recipe: SynthesisRecipe, channels: int, levels: int) -> nn.Module:
    return UNetGenerator(
        channels=channels, width=recipe.width, levels=levels, dropout=recipe.dropout, resize=recipe.resize
    )


GENERATORS: dict[str, Callable[[SynthesisRecipe, int], nn.Module]] = {
    "resnet6": partial(_resnet, blocks=6),
    "resnet9": partial(_resnet, blocks=9),
    "unet128": partial(_unet_generator, levels=7),
    "unet256": partial(_unet_generator, levels=8),
}


def build_generator(recipe: SynthesisRecipe, points: int) -> nn.Module:
    """The recipe's generator for backs with so many landmarks, freshly initialised."""
    return GENERATORS[recipe.architecture](recipe, input_channels(recipe, points))


def build_discriminator(recipe: SynthesisRecipe, points: int) -> nn.Module:
    """The recipe's discriminator, which sees the generator's input and a film."""
    channels = input_channels(recipe, points) + 1
    return PatchDiscriminator(channels=channels, width=recipe.discriminator_width, spectral=recipe.spectral)
