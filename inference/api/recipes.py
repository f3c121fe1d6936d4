"""The recipes a training may follow."""

from typing import TypedDict, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint
from annotation.api.wiretypes import list_of
from annotation.permissions import SignedIn
from inference.recipes import RECIPES, Recipe


class RecipeWire(TypedDict):
    name: str
    title: str
    summary: str
    target: str
    channels: list[str]
    architecture: str
    image_px: int
    heatmap_stride: int
    heatmap_sigma: float
    width: int
    epochs: int
    batch: int
    least_samples: int
    learning_rate: float
    weight_decay: float
    seed: int
    foreground_weight: float
    flip_probability: float
    rotate_deg: float
    translate_fraction: float
    scale_fraction: float
    brightness_fraction: float
    precision: str


def recipe_wire(recipe: Recipe) -> RecipeWire:
    """A recipe as JSON: its own plain form."""
    return cast(RecipeWire, recipe.to_dict())


class Recipes(Endpoint):
    """The recipes by name. They come with the program; a training may change numbers of one."""

    permission_classes = [SignedIn]

    @extend_schema(responses=list_of(RecipeWire))
    def get(self, request: Request) -> Response:
        return Response([recipe_wire(recipe) for recipe in RECIPES.values()])
