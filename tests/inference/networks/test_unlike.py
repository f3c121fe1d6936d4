"""What is unlike the training set is told from what is like it, with the right word."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inference.networks.pictures import Picture, placement
from inference.networks.unlike import Ranges, agreement, quantities, ranges_of, unlike


def child(seed: int) -> Picture:
    """Somebody off the middle before a wall, lighter than it, with some noise and texture."""
    rng = np.random.default_rng(seed)
    x, width = rng.integers(70, 110), rng.integers(60, 90)
    grey = np.full((256, 256, 3), (90, 100, 120), dtype=np.float64) + rng.normal(0, 4, (256, 256, 3))
    depth = np.full((256, 256), 2800.0) + rng.normal(0, 5, (256, 256))
    grey[60:, x : x + width] += (90, 60, 40)
    across = np.linspace(-1, 1, width)
    depth[60:, x : x + width] = rng.uniform(1300, 1500) + 80 * across**2
    cv2.circle(grey, (30, 40), 14, (30, 30, 30), -1)
    return Picture(grey.clip(0, 255).astype(np.uint8), depth.astype(np.float32), placement(256, 256, 256))


def of(picture: Picture) -> dict[str, float]:
    return quantities(picture.grey, picture.depth_mm)


@pytest.fixture(scope="module")
def ranges() -> Ranges:
    return ranges_of(of(child(seed)) for seed in range(30))


def test_other_children_are_like_those_of_the_training(ranges: Ranges) -> None:
    assert [unlike(of(child(seed)), ranges) for seed in range(100, 130)] == [None] * 30


def blank(picture: Picture) -> Picture:
    return replace(picture, grey=np.full((256, 256, 3), 128, dtype=np.uint8))


def film(picture: Picture) -> Picture:
    assert picture.grey is not None
    grey = picture.grey.mean(axis=2, keepdims=True).astype(np.uint8)
    return replace(picture, grey=np.repeat(grey, 3, axis=2))


def without_depth(picture: Picture) -> Picture:
    return replace(picture, depth_mm=np.zeros((256, 256), dtype=np.float32))


def before_a_wall_alone(picture: Picture) -> Picture:
    return replace(picture, depth_mm=np.full((256, 256), 1400, dtype=np.float32))


def mirrored_depth(picture: Picture) -> Picture:
    assert picture.depth_mm is not None
    return replace(picture, depth_mm=np.ascontiguousarray(picture.depth_mm[:, ::-1]))


def dark(picture: Picture) -> Picture:
    assert picture.grey is not None
    return replace(picture, grey=(picture.grey // 6).astype(np.uint8))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (blank, "the picture is blank"),
        (film, "as an X-ray has none"),
        (without_depth, "the depth has hardly any readings"),
        (before_a_wall_alone, "the depth is flat"),
        (mirrored_depth, "or is mirrored"),
        (dark, "the picture is too dark"),
    ],
)
def test_what_is_unlike_is_named(ranges: Ranges, change: object, said: str) -> None:
    assert callable(change)
    for seed in range(200, 210):
        found = unlike(of(change(child(seed))), ranges)
        assert found is not None
        assert said in found.reason


def test_mirrored_depth_agrees_less_than_the_right_one() -> None:
    for seed in range(10):
        picture = child(seed)
        assert picture.grey is not None
        assert picture.depth_mm is not None
        turned = np.ascontiguousarray(picture.depth_mm[:, ::-1])
        assert agreement(picture.grey, picture.depth_mm) > 0.05 > -0.05 > agreement(picture.grey, turned)


def test_a_recipe_without_depth_or_colour_knows_only_the_other(ranges: Ranges) -> None:
    picture = child(5)
    assert unlike(quantities(picture.grey, None), ranges) is None
    assert unlike(quantities(None, picture.depth_mm), ranges) is None
    assert unlike(of(picture), {}) is None  # weights of before this was known
