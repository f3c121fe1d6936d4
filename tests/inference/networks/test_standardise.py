"""Each way to standardise by its own promise, on the training set and on a picture of another one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inference.networks import planes
from inference.networks.pictures import Picture, placement
from inference.networks.standardise import Statistics, back_of, measured
from inference.recipes.landmarks import PAPER, LandmarkRecipe
from inference.rundir import RunError

IDENTITY = placement(64, 64, 64)


def backs(count: int = 3) -> list[Picture]:
    """A back at about 1350 mm before a wall at 3 m, and holes."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        grey = rng.integers(0, 200, (64, 64, 3), dtype=np.uint8)
        depth = np.full((64, 64), 3000, dtype=np.float32)
        depth[16:48, 20:44] = rng.normal(1350, 60, (32, 24))
        depth[:4] = 0
        found.append(Picture(grey, depth, IDENTITY))
    return found


def standardised(how: Any, **others: Any) -> tuple[np.ndarray, np.ndarray]:
    """The planes of all of a training set, and where its backs are."""
    recipe = replace(PAPER, standardise=how, image_px=64, **others)
    pictures = backs()
    statistics = planes.statistics_of(recipe, pictures)
    seen = np.stack([planes.tensor(picture, recipe, statistics) for picture in pictures], axis=1)
    depths = [picture.depth_mm for picture in pictures if picture.depth_mm is not None]
    return seen, back_of(np.stack(depths))


def test_zscore_over_whole_pictures_of_the_set() -> None:
    seen, _ = standardised("zscore")
    assert seen.shape == (4, 3, 64, 64)
    for plane in seen:
        assert (plane.mean(), plane.std()) == pytest.approx((0, 1), abs=1e-4)


def test_zscore_over_the_backs_of_the_set() -> None:
    seen, back = standardised("zscore-back")
    for plane in seen:
        assert (plane[back].mean(), plane[back].std()) == pytest.approx((0, 1), abs=1e-4)
    assert seen[3].max() > 20  # the wall, 1650 mm behind a back that is 60 mm deep


@pytest.mark.parametrize("how", ["minmax", "minmax-back"])
def test_minmax_from_0_to_1(how: str) -> None:
    seen, back = standardised(how)
    for plane in seen:
        values = plane[back] if how == "minmax-back" else plane
        assert (values.min(), values.max()) == pytest.approx((0, 1), abs=1e-6)


def test_none_is_what_the_camera_gave() -> None:
    seen, _ = standardised("none")
    assert (seen[3].min(), seen[3].max(), seen[0].max()) == (0, 3000, 199)


def test_each_picture_by_itself_keeps_its_hues_and_says_where_depth_is() -> None:
    recipe = replace(PAPER, standardise="picture", valid_plane=True, image_px=64)
    [picture] = backs(1)
    assert picture.grey is not None
    reddish = replace(picture, grey=(picture.grey * [1.0, 0.5, 0.5]).astype(np.uint8))
    seen = planes.tensor(reddish, recipe)
    assert (seen[:3].mean(), seen[:3].std()) == pytest.approx((0, 1), abs=1e-4)
    assert seen[0].mean() > 0.3 > -0.1 > seen[1].mean()
    valid = seen[4] > 0
    assert (seen[3][valid].mean(), seen[3][valid].std()) == pytest.approx((0, 1), abs=1e-4)
    assert not seen[3][~valid].any()


def test_the_statistics_are_those_of_the_training_set_and_not_of_the_picture() -> None:
    recipe = replace(PAPER, standardise="zscore", image_px=64)
    statistics = planes.statistics_of(recipe, backs())
    assert statistics is not None
    [picture] = backs(1)
    assert picture.depth_mm is not None
    further = replace(picture, depth_mm=picture.depth_mm + 100)
    difference = planes.tensor(further, recipe, statistics)[3] - planes.tensor(picture, recipe, statistics)[3]
    assert difference == pytest.approx(100 / statistics.scale[3], abs=1e-5)


def test_a_plane_of_one_value_is_no_division_by_nothing() -> None:
    flat = np.full((1, 8, 8), 7, dtype=np.float32)
    assert measured([(flat, None)], "zscore") == Statistics((7.0,), (1.0,))


def test_nobody_at_the_distance_of_backs_is_said() -> None:
    recipe = replace(PAPER, standardise="zscore-back", image_px=64)
    far = [replace(picture, depth_mm=np.full((64, 64), 2500, dtype=np.float32)) for picture in backs()]
    with pytest.raises(RunError, match="no picture shows anything between 1200 and 1800 mm"):
        planes.statistics_of(recipe, far)
    with pytest.raises(ValueError, match="standardise: only depth says where the back is"):
        replace(recipe, channels=("colour",))


def test_planes_are_named_in_the_order_of_the_channels() -> None:
    def named(**changes: Any) -> tuple[str, ...]:
        recipe: LandmarkRecipe = replace(PAPER, **changes)
        return planes.planes_of(recipe)

    assert named() == ("red", "green", "blue", "depth")
    assert named(valid_plane=True, channels=("depth", "colour")) == ("depth", "valid", "red", "green", "blue")
    assert named(target="radiograph", channels=("colour",)) == ("grey",)
