"""A back, and its film where there is one, in one frame; and what a generator sees of it.

The frame is that of `alignment`; around it lies as much again as half its size, so that a move brings in what
is there. Frames of coordinates: `aligned` as in `alignment`; `sheet` is that with its surroundings.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from annotation.spine.schemas import BUILT_IN
from inference.networks import alignment, contrast, heatmaps
from inference.networks.pictures import Affine, apply, compose, read_colour, read_depth, read_film
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, Film, Points, RunError

_AROUND = 0.5
_BACK_SPAN_MM = 150.0
# The points of a film's schema and of a back's that fix the frame.
ENDS = ("C7", "sacrum")
# The places that the corners of `vertebrae68` take when a film is turned over.
CORNERS_MIRRORED = np.array(BUILT_IN["vertebrae68"].mirrored_order, dtype=np.intp)
IDENTITY: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class Sheet:
    """One case in the frame of a recipe, before augmentation; h and w are those of the sheet.

    `grey`: (h, w, 3) uint8; `depth_mm`: (h, w) float32, 0 where there is no reading; None where the recipe
    takes no such channel. `film`: (h, w) uint8 or uint16, and `film_inside` where it is, None without one.
    `points_px`: (n, 2), aligned; `corners_px`: the film's vertebral corners (68, 2), aligned, where known.
    """

    grey: NDArray[np.uint8] | None
    depth_mm: NDArray[np.float32] | None
    film: contrast.Film | None
    film_inside: NDArray[np.uint8] | None
    points_px: NDArray[np.float64]
    aligned_from_image: Affine
    corners_px: NDArray[np.float64] | None = None


def input_channels(recipe: SynthesisRecipe, points: int) -> int:
    """Planes of the generator's input: three of colour, one of depth, one for each landmark."""
    seen = sum({"colour": 3, "depth": 1}[channel] for channel in recipe.channels)
    return seen + (points if recipe.landmarks else 0)


def depth_channel(recipe: SynthesisRecipe) -> int | None:
    """Which plane of the generator's input is the depth."""
    if "depth" not in recipe.channels:
        return None
    return 3 if "colour" in recipe.channels[: recipe.channels.index("depth")] else 0


def load(
    folder: Path, case: Case, recipe: SynthesisRecipe, names: list[str], film_names: list[str] | None
) -> Sheet:
    """A case's files in the recipe's frame. `names`, `film_names`: the points of the back's and the film's
    schema; without the latter no film is read. Raises RunError naming what cannot be used."""
    move = _aligned(case.points_px, names, recipe, f"Image {case.image}")
    to_sheet, size = _shift(*_around(recipe)), _sheet_size(recipe)
    grey = depth = film = film_inside = corners = None
    if "colour" in recipe.channels:
        grey = alignment.resampled(read_colour(folder / case.colour), compose(to_sheet, move), size)
    if "depth" in recipe.channels:
        if case.depth is None:
            raise RunError(f"Image {case.image} has no registered depth; choose a recipe without depth.")
        depth = alignment.resampled_depth(read_depth(folder / case.depth), compose(to_sheet, move), size)
    if film_names is not None:
        if case.film is None:
            raise RunError(f"Image {case.image} has no film beside it; freeze a snapshot of pairs.")
        film_move = compose(to_sheet, film_aligned(case.film, recipe, film_names))
        pixels = read_film(folder / case.film.picture)
        film = alignment.resampled(pixels, film_move, size)
        film_inside = alignment.inside(pixels.shape, film_move, size).astype(np.uint8)
        corners = corners_aligned(case.film, recipe, film_names)
    stored = np.array([point or (np.nan, np.nan) for point in case.points_px], dtype=np.float64)
    return Sheet(grey, depth, film, film_inside, apply(move, stored.reshape(-1, 2)), move, corners)


def film_aligned(film: Film, recipe: SynthesisRecipe, film_names: list[str]) -> Affine:
    """`aligned_from_film` by the film's own C7 and sacrum. Raises RunError."""
    what = f"Film {film.image}"
    return _aligned(film.points_px, film_names, recipe, what, mirrored=film.mirrored)


def corners_aligned(film: Film, recipe: SynthesisRecipe, film_names: list[str]) -> NDArray[np.float64] | None:
    """The film's vertebral corners (68, 2) in the recipe's frame, or None. Their letters are the image's, so
    they change places when a film is turned over."""
    if not film.corners_px:
        return None
    stored = np.array([corner or (np.nan, np.nan) for corner in film.corners_px], dtype=np.float64)
    moved = apply(film_aligned(film, recipe, film_names), stored)
    return moved[CORNERS_MIRRORED] if film.mirrored else moved


def inputs(sheet: Sheet, recipe: SynthesisRecipe, move: Affine = IDENTITY) -> NDArray[np.float32]:
    """The generator's input (channels, H, W), moved within the frame: colour and depth in [-1, 1], heatmaps
    in [0, 1]. The points of the sheet are not moved: they are those of the moved picture already."""
    width, height = recipe.size
    planes: list[NDArray[np.float32]] = []
    for channel in recipe.channels:
        if channel == "colour" and sheet.grey is not None:
            planes.extend(np.moveaxis(contrast.signed(_seen(sheet.grey, recipe, move)), 2, 0))
        elif channel == "depth" and sheet.depth_mm is not None:
            planes.append(_depth(_seen(sheet.depth_mm, recipe, move, nearest=True), recipe))
    if recipe.landmarks:
        planes.extend(heatmaps.draw(sheet.points_px, (height, width), 1, recipe.heatmap_sigma))
    return np.ascontiguousarray(np.stack(planes), dtype=np.float32)


def film_of(
    sheet: Sheet, recipe: SynthesisRecipe, move: Affine = IDENTITY
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The real film (H, W), moved and its contrast made like that of others; and where it is."""
    if sheet.film is None or sheet.film_inside is None:
        raise ValueError("this sheet has no film")
    inside = _seen(sheet.film_inside, recipe, move, nearest=True) > 0
    return contrast.METHODS[recipe.contrast](_seen(sheet.film, recipe, move), inside), inside


def _depth(depth_mm: NDArray[np.float32], recipe: SynthesisRecipe) -> NDArray[np.float32]:
    """[-1, 1]; a hole is as far away as can be, but in `minmax`, where it is the 0 mm the camera writes."""
    valid = depth_mm > 0
    if recipe.depth_range == "minmax" or not valid.any():
        return (2 * depth_mm / max(float(depth_mm.max()), 1.0) - 1).astype(np.float32)
    # The middle of the frame is the back's.
    width = depth_mm.shape[1]
    middle = depth_mm[:, width // 4 : width - width // 4]
    middle = middle[middle > 0]
    centre = float(np.median(middle if middle.size else depth_mm[valid]))
    near = np.clip((depth_mm - centre) / _BACK_SPAN_MM, -1, 1)
    return np.where(valid, near, 1).astype(np.float32)


def _seen(
    pixels: NDArray[Any], recipe: SynthesisRecipe, move: Affine, *, nearest: bool = False
) -> NDArray[Any]:
    """What of the sheet is in the frame after a move."""
    width, height = recipe.size
    left, top = _around(recipe)
    if move is IDENTITY:
        return pixels[top : top + height, left : left + width]
    by_centres = compose(move, _shift(-left, -top))
    by_centres[:, 2] += by_centres[:, :2] @ [0.5, 0.5] - 0.5
    # Cubic, because each further interpolation of a fine-grained film takes some of its sharpness.
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_CUBIC
    return np.asarray(cv2.warpAffine(np.asarray(pixels), by_centres, (width, height), flags=flags))


def _aligned(
    points: Points, names: list[str], recipe: SynthesisRecipe, what: str, *, mirrored: bool = False
) -> Affine:
    """`aligned_from_image` of a back or film by its own C7 and sacrum."""
    found = dict(zip(names, points, strict=True))
    c7, sacrum = (found.get(name) for name in ENDS)
    if c7 is None or sacrum is None:
        raise RunError(f"{what} needs C7 and the sacrum: they bring back and film to one frame.")
    try:
        crop = alignment.alignment_crop(c7, sacrum, recipe.margin_fraction)
    except ValueError as error:
        raise RunError(f"{what}: {error}.") from error
    return alignment.aligned_from_image(crop, recipe.size, mirrored=mirrored)


def _around(recipe: SynthesisRecipe) -> tuple[int, int]:
    """Pixels beside and above the frame in its sheet."""
    return round(recipe.film_width_px * _AROUND), round(recipe.film_height_px * _AROUND)


def _sheet_size(recipe: SynthesisRecipe) -> tuple[int, int]:
    left, top = _around(recipe)
    return recipe.film_width_px + 2 * left, recipe.film_height_px + 2 * top


def _shift(across: float, down: float) -> Affine:
    return np.array([[1.0, 0.0, across], [0.0, 1.0, down]])
