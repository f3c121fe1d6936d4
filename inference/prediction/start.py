"""From a run folder to the prediction of its kind of network."""

from inference.prediction import landmarks, synthesis, vertebrae
from inference.recipes.catalogue import recipe_of
from inference.recipes.landmarks import LandmarkRecipe
from inference.recipes.synthesis import SynthesisRecipe
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import RunDir, RunError


def predict(run: RunDir) -> None:
    """Predict every case of the folder; leave result.json. Raises RunError."""
    try:
        recipe = recipe_of(run.spec()["recipe"])
    except (KeyError, ValueError) as error:
        raise RunError(f"spec.json: {error}") from error
    match recipe:
        case LandmarkRecipe():
            landmarks.predict(run, recipe)
        case SynthesisRecipe():
            synthesis.predict(run, recipe)
        case VertebraRecipe():
            vertebrae.predict(run, recipe)
        case _:
            raise RunError(f"spec.json: nothing here predicts with {recipe.kind!r}.")
