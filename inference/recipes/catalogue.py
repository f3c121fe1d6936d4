"""Every recipe by name, and the way back from JSON."""

from collections.abc import Mapping

from inference.recipes import landmarks, synthesis, vertebrae
from inference.recipes.base import Recipe

KINDS: dict[str, type[Recipe]] = {
    kind.kind: kind
    for kind in (
        landmarks.LandmarkRecipe,
        synthesis.SynthesisRecipe,
        vertebrae.VertebraRecipe,
        vertebrae.CascadeRecipe,
        vertebrae.RegressionRecipe,
    )
}
RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (*landmarks.RECIPES, *synthesis.RECIPES, *vertebrae.RECIPES)
}


def recipe_of(data: object) -> Recipe:
    """A recipe from its plain JSON. Raises ValueError that begins with the field at fault."""
    if not isinstance(data, Mapping):
        raise ValueError("recipe: give an object")
    # The first recipes were all for landmarks and did not say so.
    kind = data.get("kind", landmarks.LandmarkRecipe.kind)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is not one of: {', '.join(KINDS)}")
    return KINDS[kind].from_dict(data)
