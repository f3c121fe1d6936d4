"""Recipes: checked when made, equal after JSON, and clear about what is wrong."""

import pytest

from inference.recipes import RECIPES, Recipe

GOOD = RECIPES["back-rgbd-small"].to_dict()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_survives_json(recipe: Recipe) -> None:
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 0}, "epochs: must lie between 1 and 10000"),
        ({"epochs": 1.5}, "epochs: must be a whole number"),
        ({"epochs": True}, "epochs: must be a whole number"),
        ({"learning_rate": "fast"}, "learning_rate: must be a number"),
        ({"learning_rate": float("nan")}, "learning_rate: must lie between"),
        ({"image_px": 100}, "image_px: must be a multiple of 16"),
        ({"heatmap_stride": 3}, "heatmap_stride: must be 1, 2, 4 or 8"),
        ({"architecture": "yolo"}, "architecture: 'yolo' is not one of"),
        ({"target": "foot"}, "target: 'foot'"),
        ({"channels": []}, "channels: a back recipe"),
        ({"channels": ["depth", "depth"]}, "channels: one of them is named twice"),
        ({"target": "radiograph"}, "channels: a radiograph recipe"),
        ({"precision": "16"}, "precision: '16'"),
        ({"shoe_size": 43}, "shoe_size: a recipe has no such setting"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.split("(")[0]):
        Recipe.from_dict({**GOOD, **change})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="target: is missing"):
        Recipe.from_dict({name: value for name, value in GOOD.items() if name != "target"})


def test_a_change_does_not_make_another_recipe() -> None:
    assert RECIPES["back-trial"].with_changes({"epochs": 3, "learning_rate": 0.01}).epochs == 3
    with pytest.raises(ValueError, match="channels: belongs to the recipe"):
        RECIPES["back-trial"].with_changes({"channels": ["colour"]})
