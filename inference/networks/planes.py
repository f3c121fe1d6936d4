"""What a landmark network sees of a picture: its planes in the recipe's order, standardised as it says."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.networks.pictures import Picture
from inference.networks.standardise import Statistics, by_itself, by_statistics, measured
from inference.recipes.landmarks import LandmarkRecipe
from inference.rundir import RunError

Plane = Literal["red", "green", "blue", "grey", "depth", "valid"]
Planes = NDArray[np.float32]


def planes_of(recipe: LandmarkRecipe) -> tuple[Plane, ...]:
    """What each input channel is: a radiograph is grey; `valid` says where depth was read."""
    colour: tuple[Plane, ...] = ("red", "green", "blue") if recipe.target == "back" else ("grey",)
    depth: tuple[Plane, ...] = ("depth", "valid") if recipe.valid_plane else ("depth",)
    return tuple(plane for channel in recipe.channels for plane in (colour if channel == "colour" else depth))


def raw(picture: Picture, recipe: LandmarkRecipe) -> dict[Plane, Planes]:
    """Each plane but `valid`, (S, S): levels from 0 to 255, depth in mm."""
    found: dict[Plane, Planes] = {}
    for channel in recipe.channels:
        if channel == "depth" and picture.depth_mm is not None:
            found["depth"] = picture.depth_mm
        elif picture.grey is not None and recipe.target == "back":
            red, green, blue = np.moveaxis(picture.grey.astype(np.float32), 2, 0)
            found |= {"red": red, "green": green, "blue": blue}
        elif picture.grey is not None:
            found["grey"] = picture.grey.mean(axis=2, dtype=np.float32)
    return found


def statistics_of(recipe: LandmarkRecipe, pictures: Iterable[Picture]) -> Statistics | None:
    """What the recipe's way to standardise has to know of its training set. Raises RunError."""
    stacks = ((np.stack(list(raw(picture, recipe).values())), picture.depth_mm) for picture in pictures)
    try:
        return measured(stacks, recipe.standardise)
    except ValueError as error:
        raise RunError(f"standardise: {error}.") from error


def tensor(picture: Picture, recipe: LandmarkRecipe, statistics: Statistics | None = None) -> Planes:
    """The input of the network: (channels, S, S).

    `statistics`: those of the training set, where the recipe's way to standardise needs them. Beside a plane
    of validity depth is 0 where there is no reading.
    """
    planes = raw(picture, recipe)
    names, stack = list(planes), np.stack(list(planes.values()))
    if recipe.standardise == "picture":
        standard = _each_by_itself(planes)
    elif statistics is not None:
        standard = dict(zip(names, by_statistics(stack, statistics), strict=True))
    else:
        standard = planes
    if recipe.valid_plane and "depth" in planes:
        valid = planes["depth"] > 0
        standard |= {"depth": standard["depth"] * valid, "valid": valid.astype(np.float32)}
    chosen = [standard[name] for name in planes_of(recipe)]
    return np.ascontiguousarray(np.stack(chosen), dtype=np.float32)


def _each_by_itself(planes: dict[Plane, Planes]) -> dict[Plane, Planes]:
    """Colour as one, so that its hues stay; depth over its valid readings."""
    colours: list[Plane] = [name for name in planes if name != "depth"]
    standard: dict[Plane, Planes] = {}
    if colours:
        stack = np.stack([planes[name] for name in colours])
        standard |= zip(
            colours, by_itself(stack, np.ones(stack.shape, dtype=bool), _LEAST_LEVELS), strict=True
        )
    if "depth" in planes:
        standard["depth"] = by_itself(planes["depth"], planes["depth"] > 0, _LEAST_MM)
    return standard


# A deviation below these is noise, not contrast.
_LEAST_LEVELS = 0.255
_LEAST_MM = 1.0
