"""Augmentation: picture and points are moved by one transform, and left and right change names on a flip."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.networks.pictures import Affine, Picture, apply, moved, similarity
from inference.networks.standardise import back_of
from inference.recipes.landmarks import LandmarkRecipe

_NOISE_MM = 1000.0  # of what `noise_fraction` is a share, for depth


def draw_transform(rng: np.random.Generator, recipe: LandmarkRecipe) -> tuple[Affine, bool]:
    """A random move of the square onto itself, and whether it mirrors. Ranges are the recipe's."""
    side = recipe.image_px
    mirrored = bool(rng.random() < recipe.flip_probability)
    angle = math.radians(rng.uniform(-recipe.rotate_deg, recipe.rotate_deg)) * _happens(rng, recipe)
    scale = 1 + rng.uniform(-recipe.scale_fraction, recipe.scale_fraction) * _happens(rng, recipe)
    reach = recipe.translate_fraction * side * _happens(rng, recipe)
    return similarity(side, side, angle, scale, rng.uniform(-reach, reach, 2), mirrored=mirrored), mirrored


def _happens(rng: np.random.Generator, recipe: LandmarkRecipe) -> bool:
    return bool(rng.random() < recipe.move_probability)


def augment(
    picture: Picture,
    points_px: NDArray[np.float64],
    mirrored_order: NDArray[np.intp],
    rng: np.random.Generator,
    recipe: LandmarkRecipe,
) -> tuple[Picture, NDArray[np.float64]]:
    """A moved copy of a picture and of its points, which are (n, 2) in px of the square.

    `mirrored_order[i]` is the point that takes the place of point i in the mirrored picture: the patient's
    left shoulder blade is where the right one was.
    """
    move, mirrored = draw_transform(rng, recipe)
    seen = moved(_changed(picture, rng, recipe), move, recipe.image_px)
    gain = 1 + rng.uniform(-recipe.brightness_fraction, recipe.brightness_fraction) * _happens(rng, recipe)
    if seen.grey is not None:
        # Standardising undoes a plain gain, so brightness works as a curve: darker or lighter mid-tones.
        grey = (255 * (seen.grey.astype(np.float32) / 255) ** gain).round().astype(np.uint8)
        seen = replace(seen, grey=grey)
    moved_points = apply(move, points_px)
    return seen, moved_points[mirrored_order] if mirrored else moved_points


def _changed(picture: Picture, rng: np.random.Generator, recipe: LandmarkRecipe) -> Picture:
    """Noise on all that does not lie where backs do, then another distance of everything.

    Without depth nobody knows where the back is, and there is no noise. A hole stays a hole: no reading is
    not a reading of 0 mm.
    """
    if picture.depth_mm is None:
        return picture
    depth, grey = picture.depth_mm, picture.grey
    read = depth > 0
    if recipe.noise_fraction and _happens(rng, recipe):
        behind = ~back_of(depth)
        if grey is not None:
            noise = rng.normal(0, 255 * recipe.noise_fraction, grey.shape) * behind[:, :, None]
            grey = np.clip(grey + noise, 0, 255).astype(np.uint8)
        noise = rng.normal(0, _NOISE_MM * recipe.noise_fraction, depth.shape) * behind
        depth = np.where(read, np.maximum(depth + noise, 1), 0).astype(np.float32)
    if recipe.depth_offset_mm and _happens(rng, recipe):
        offset = rng.uniform(-recipe.depth_offset_mm, recipe.depth_offset_mm)
        depth = np.where(read, np.maximum(depth + offset, 1), 0).astype(np.float32)
    return replace(picture, grey=grey, depth_mm=depth)
