"""Recipes: checked when made, equal after JSON, and clear about what is wrong."""

import pytest

from inference.recipes.base import Recipe, rate_factor
from inference.recipes.catalogue import RECIPES, recipe_of

GOOD = RECIPES["back-rgbd-small"].to_dict()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_survives_json(recipe: Recipe) -> None:
    assert recipe_of(recipe.to_dict()) == recipe


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
        ({"schedule": "wild"}, "schedule: 'wild' is not one of"),
        ({"kind": "horoscope"}, "kind: 'horoscope' is not one of"),
        ({"shoe_size": 43}, "shoe_size: a recipe has no such setting"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.split("(")[0]):
        recipe_of({**GOOD, **change})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="target: is missing"):
        recipe_of({name: value for name, value in GOOD.items() if name != "target"})


def test_a_change_does_not_make_another_recipe() -> None:
    assert RECIPES["back-trial"].with_changes({"epochs": 3, "learning_rate": 0.01}).epochs == 3
    with pytest.raises(ValueError, match="channels: belongs to the recipe"):
        RECIPES["back-trial"].with_changes({"channels": ["colour"]})


def test_a_recipe_of_the_first_release_said_no_kind() -> None:
    old = {name: value for name, value in GOOD.items() if name not in {"kind", "schedule", "patience"}}
    assert recipe_of(old) == RECIPES["back-rgbd-small"]


def test_the_learning_rate_follows_its_schedule() -> None:
    assert [rate_factor("constant", epoch, 4) for epoch in (1, 4)] == [1, 1]
    assert rate_factor("cosine", 1, 10) == 1
    assert rate_factor("cosine", 10, 10) == pytest.approx(0.01)
    # 200 epochs of pix2pix: 100 at the first value, then down in a line that would reach 0 after the last.
    assert [rate_factor("half-linear", epoch, 200) for epoch in (1, 100)] == [1, 1]
    assert rate_factor("half-linear", 200, 200) == pytest.approx(1 / 101)
