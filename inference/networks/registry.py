"""Architectures by name: a recipe and a number of points make a network, or a generator with its critic."""

from collections.abc import Callable
from functools import partial

from torch import nn

from inference.networks.column import PLANES, ColumnGenerator, ColumnNetwork
from inference.networks.hrnet import HRNet
from inference.networks.pairs import depth_channel, input_channels
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
    if recipe.column_passes:
        return ColumnGenerator(build_column(recipe, points), build_film(recipe, points))
    return build_film(recipe, points)


def build_film(recipe: SynthesisRecipe, points: int) -> nn.Module:
    """What of the generator draws the film."""
    return GENERATORS[recipe.architecture](recipe, _told(recipe, points))


def build_column(recipe: SynthesisRecipe, points: int) -> ColumnNetwork:
    """What of the generator finds the vertebrae, in a recipe with `column_passes`."""
    return ColumnNetwork(
        channels=input_channels(recipe, points),
        size=recipe.size,
        depth=depth_channel(recipe),
        width=recipe.column_width,
    )


def build_discriminator(recipe: SynthesisRecipe, points: int) -> nn.Module:
    """The recipe's discriminator, which sees what the film is drawn from and a film."""
    channels = _told(recipe, points) + 1
    return PatchDiscriminator(channels=channels, width=recipe.discriminator_width, spectral=recipe.spectral)


def _told(recipe: SynthesisRecipe, points: int) -> int:
    """Planes that a film is drawn from: the back's, and those of the vertebrae where they are found first."""
    return input_channels(recipe, points) + (PLANES if recipe.column_passes else 0)
