"""From a run folder to the loop of its kind of training."""

import torch

from inference.recipes.base import Recipe
from inference.recipes.catalogue import recipe_of
from inference.recipes.landmarks import LandmarkRecipe
from inference.recipes.synthesis import SynthesisRecipe
from inference.recipes.vertebrae import CascadeRecipe, RegressionRecipe, VertebraRecipe
from inference.rundir import RunDir, RunError
from inference.training import cascade, landmarks, regression, synthesis, vertebrae

_CPU_WORDS = "can't allocate memory"


def train(run: RunDir) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError."""
    try:
        recipe = recipe_of(run.spec()["recipe"])
    except (KeyError, ValueError) as error:
        raise RunError(f"spec.json: {error}") from error
    try:
        _train(run, recipe)
    except (MemoryError, RuntimeError) as error:
        # A CPU's allocator says it in words only.
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and _CPU_WORDS not in str(error):
            raise
        raise RunError(
            "The memory was not enough. Choose a smaller batch or picture, or a machine with more."
        ) from error


def _train(run: RunDir, recipe: Recipe) -> None:
    match recipe:
        case LandmarkRecipe():
            landmarks.train(run, recipe)
        case SynthesisRecipe():
            synthesis.train(run, recipe)
        case VertebraRecipe():
            vertebrae.train(run, recipe)
        case CascadeRecipe():
            cascade.train(run, recipe)
        case RegressionRecipe():
            regression.train(run, recipe)
        case _:
            raise RunError(f"spec.json: nothing here trains {recipe.kind!r}.")
