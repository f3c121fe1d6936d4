"""Augmentation: picture and points are moved by one transform, and left and right change names on a flip."""

import math

import numpy as np
from numpy.typing import NDArray

from inference.networks.pictures import Affine, Picture, apply, compose, warp
from inference.recipes import Recipe


def draw_transform(rng: np.random.Generator, recipe: Recipe) -> tuple[Affine, bool]:
    """A random move of the square onto itself, and whether it mirrors. Ranges are the recipe's."""
    side = recipe.image_px
    mirrored = bool(rng.random() < recipe.flip_probability)
    angle = math.radians(rng.uniform(-recipe.rotate_deg, recipe.rotate_deg))
    scale = 1 + rng.uniform(-recipe.scale_fraction, recipe.scale_fraction)
    shift = rng.uniform(-recipe.translate_fraction, recipe.translate_fraction, 2) * side
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([side / 2, side / 2])
    moved = np.column_stack([turn, centre + shift - turn @ centre])
    if mirrored:
        moved = compose(moved, np.array([[-1.0, 0.0, side], [0.0, 1.0, 0.0]]))
    return moved, mirrored


def augment(
    picture: Picture,
    points_px: NDArray[np.float64],
    mirrored_order: NDArray[np.intp],
    rng: np.random.Generator,
    recipe: Recipe,
) -> tuple[Picture, NDArray[np.float64]]:
    """A moved copy of a picture and of its points, which are (n, 2) in px of the square.

    `mirrored_order[i]` is the point that takes the place of point i in the mirrored picture: the patient's
    left shoulder blade is where the right one was.
    """
    move, mirrored = draw_transform(rng, recipe)
    grey = depth = None
    gain = 1 + rng.uniform(-recipe.brightness_fraction, recipe.brightness_fraction)
    if picture.grey is not None:
        moved = warp(picture.grey, move, recipe.image_px).astype(np.float32)
        # Standardising undoes a plain gain, so brightness works as a curve: darker or lighter mid-tones.
        grey = (255 * (moved / 255) ** gain).round().astype(np.uint8)
    if picture.depth_mm is not None:
        depth = warp(picture.depth_mm, move, recipe.image_px, nearest=True).astype(np.float32)
    moved_points = apply(move, points_px)
    if mirrored:
        moved_points = moved_points[mirrored_order]
    return Picture(grey, depth, compose(move, picture.square_from_image)), moved_points
