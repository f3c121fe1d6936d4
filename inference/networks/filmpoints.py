"""A landmark network for X-rays put to films that are tensors: to hold a generator to it, and to measure.

Its weights are a safetensors file that says itself which recipe and points it is of, as every training here
leaves one.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inference.networks import heatmaps, weights
from inference.networks.pictures import apply, inverse, placement
from inference.networks.registry import build
from inference.recipes.catalogue import recipe_of
from inference.recipes.landmarks import LandmarkRecipe
from inference.rundir import RunError


class FilmPoints(nn.Module):
    """Heatmaps of films (B, 1, H, W) in [-1, 1], by a frozen network; gradients go through to the films."""

    def __init__(self, recipe: LandmarkRecipe, points: list[str], network: nn.Module) -> None:
        super().__init__()
        self.recipe, self.points = recipe, points
        self.network = weights.ready(network).requires_grad_(requires_grad=False)

    def forward(self, films: Tensor) -> Tensor:
        """(B, points, cells, cells): the films fitted into the network's square and standardised as it was
        taught, each over its whole square."""
        side, (height, width) = self.recipe.image_px, films.shape[-2:]
        scale = side / max(height, width)
        size = (round(height * scale), round(width * scale))
        levels = functional.interpolate(
            (films + 1) * 127.5, size, mode="bilinear", align_corners=False, antialias=True
        )
        above, beside = (side - size[0]) // 2, (side - size[1]) // 2
        square = functional.pad(levels, (beside, side - size[1] - beside, above, side - size[0] - above))
        mean = square.mean(dim=(1, 2, 3), keepdim=True)
        spread = square.std(dim=(1, 2, 3), keepdim=True, unbiased=False).clamp(min=0.255)
        maps: Tensor = self.network((square - mean) / spread)
        return maps

    @torch.no_grad()
    def read(self, films: Tensor) -> NDArray[np.float64]:
        """(B, points, 2): where the points are, in px of the films."""
        maps = self(films).float().cpu().numpy()
        height, width = films.shape[-2:]
        film_from_square = inverse(placement(width, height, self.recipe.image_px))
        found = [heatmaps.read(one, self.recipe.heatmap_stride)[0] for one in maps]
        return np.stack([apply(film_from_square, points) for points in found])


def load(path: Path) -> FilmPoints:
    """The network of a weights file. Raises RunError where it is not of a landmark network for X-rays."""
    tensors, card = weights.read_tensors(path)
    try:
        recipe = recipe_of(card["recipe"])
        points = list(card["schema"]["points"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path.name} does not say how it was trained: {error}") from error
    if not isinstance(recipe, LandmarkRecipe) or recipe.target != "radiograph":
        raise RunError(f"{path.name} is not of a landmark network for X-rays.")
    if recipe.standardise != "picture" or recipe.frame != "fit":
        raise RunError(f"{path.name}: only a network that sees each whole film by itself can be used here.")
    network = build(recipe, len(points))
    weights.load_into(network, tensors, path.name)
    return FilmPoints(recipe, points, network)
