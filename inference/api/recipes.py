"""The recipes a training may follow."""

from typing import Any, TypedDict, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint
from annotation.api.wiretypes import list_of
from annotation.permissions import SignedIn
from inference.recipes.base import Recipe
from inference.recipes.catalogue import RECIPES


class RecipeWire(TypedDict):
    kind: str
    name: str
    title: str
    summary: str
    target: str
    channels: list[str]
    architecture: str
    epochs: int
    batch: int
    learning_rate: float
    seed: int
    precision: str
    # What only this kind of training has, and what few ask for, by name.
    settings: dict[str, Any]


_COMMON = RecipeWire.__required_keys__ - {"settings"}


def recipe_wire(recipe: Recipe) -> RecipeWire:
    plain = recipe.to_dict()
    common = {name: plain[name] for name in _COMMON}
    settings = {name: value for name, value in plain.items() if name not in _COMMON}
    return cast(RecipeWire, {**common, "settings": settings})


class Recipes(Endpoint):
    """The recipes by name. They come with the program; a training may change numbers of one."""

    permission_classes = [SignedIn]

    @extend_schema(responses=list_of(RecipeWire))
    def get(self, request: Request) -> Response:
        return Response([recipe_wire(recipe) for recipe in RECIPES.values()])
