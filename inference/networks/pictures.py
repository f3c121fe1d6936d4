"""From the files of a case to the network's input square, and points there and back.

Pure functions on arrays. Frames: `image` is stored pixels of the case's image, `square` the network's input.
Both have (0, 0) at the outer corner of the first pixel.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.recipes import Recipe
from inference.rundir import Case, RunError

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Picture:
    """One case fitted into a square of side `image_px`, before augmentation.

    `grey`: (S, S, 3) uint8, RGB; `depth_mm`: (S, S) float32, 0 where there is no reading; None where the
    recipe takes no such channel. `square_from_image` (2, 3) carries points along.
    """

    grey: NDArray[np.uint8] | None
    depth_mm: NDArray[np.float32] | None
    square_from_image: Affine


def tensor_channels(recipe: Recipe) -> int:
    """Input channels: colour 3 (a radiograph 1), depth 2 (the depth and where it is valid)."""
    colour = 3 if recipe.target == "back" else 1
    return sum(colour if channel == "colour" else 2 for channel in recipe.channels)


def fit(width: int, height: int, side: int) -> Affine:
    """`square_from_image`: scaled to fit, centred, the rest left empty."""
    scale = side / max(width, height)
    return np.array(
        [[scale, 0, (side - scale * width) / 2], [0, scale, (side - scale * height) / 2]], dtype=np.float64
    )


def apply(target_from_source: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move (n, 2) points by a (2, 3) transform; NaN stays NaN."""
    moved: NDArray[np.float64] = points @ target_from_source[:, :2].T + target_from_source[:, 2]
    return moved


def inverse(target_from_source: Affine) -> Affine:
    return np.asarray(cv2.invertAffineTransform(target_from_source), dtype=np.float64)


def compose(outer: Affine, inner: Affine) -> Affine:
    """The transform that does `inner`, then `outer`."""
    return np.asarray((np.vstack([outer, [0, 0, 1]]) @ np.vstack([inner, [0, 0, 1]]))[:2])


def warp(
    pixels: NDArray[Any], target_from_source: Affine, side: int, *, nearest: bool = False
) -> NDArray[Any]:
    """The pixels in a square of `side`, moved by a transform of continuous coordinates; outside is 0."""
    # OpenCV counts from the centre of the first pixel, we from its corner.
    by_centres = target_from_source.copy()
    by_centres[:, 2] += target_from_source[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(np.asarray(pixels), by_centres, (side, side), flags=flags))


def load(folder: Path, case: Case, recipe: Recipe) -> Picture:
    """Read a case's files into the square. Raises RunError naming the file that cannot be used."""
    side = recipe.image_px
    colour = depth = None
    if "colour" in recipe.channels:
        colour = _shrunk(_read_colour(folder / case.colour), side)
    if "depth" in recipe.channels:
        if case.depth is None:
            raise RunError(f"Image {case.image} has no registered depth; choose a recipe without depth.")
        depth = _shrunk_depth(_read_depth(folder / case.depth), side)
    return Picture(colour, depth, fit(case.width, case.height, side))


def tensor(
    grey: NDArray[np.uint8] | None, depth_mm: NDArray[np.float32] | None, recipe: Recipe
) -> NDArray[np.float32]:
    """The input of the network: (channels, S, S), in the order of the recipe.

    Colour and depth are each standardised over the whole picture (for depth, over the valid pixels) to mean
    0 and standard deviation 1; depth outside the valid pixels is 0 and a further channel says where.
    """
    planes: list[NDArray[np.float32]] = []
    for channel in recipe.channels:
        if channel == "colour" and grey is not None:
            stack = grey if recipe.target == "back" else grey.mean(axis=2, keepdims=True)
            values = stack.astype(np.float32) / 255
            spread = float(values.std())
            planes.extend(np.moveaxis((values - values.mean()) / max(spread, 1e-3), 2, 0))
        elif channel == "depth" and depth_mm is not None:
            valid = depth_mm > 0
            inside = depth_mm[valid]
            mean, spread = (float(inside.mean()), float(inside.std())) if inside.size else (0.0, 1.0)
            planes.append(np.where(valid, (depth_mm - mean) / max(spread, 1.0), 0).astype(np.float32))
            planes.append(valid.astype(np.float32))
    return np.ascontiguousarray(np.stack(planes), dtype=np.float32)


def _read_colour(path: Path) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise RunError(f"{path.name} is not a readable picture.")
    return np.asarray(pixels, dtype=np.uint8)


def _read_depth(path: Path) -> NDArray[np.float32]:
    try:
        depth = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} is not a readable depth map: {error}") from error
    if depth.ndim != 2 or depth.dtype != np.uint16:
        raise RunError(f"{path.name} must be a 2-D uint16 depth map in mm, not {depth.ndim}-D {depth.dtype}.")
    return np.asarray(depth, dtype=np.float32)


def _sized(pixels: NDArray[Any], side: int) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Fitted into the square: averaged over areas first where it gets smaller, so that nothing aliases."""
    return _placed(pixels, side).astype(np.uint8)


def _shrunk_depth(depth_mm: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """As `_shrunk`, but averaging valid readings only; a pixel that is mostly holes is a hole."""
    valid = (depth_mm > 0).astype(np.float32)
    total, weight = _placed(depth_mm * valid, side), _placed(valid, side)
    return np.where(weight > 0.5, total / np.maximum(weight, 1e-6), 0).astype(np.float32)


def _placed(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    smaller = np.asarray(pixels)
    if max(width, height) > side:
        smaller = np.asarray(cv2.resize(smaller, _sized(pixels, side), interpolation=cv2.INTER_AREA))
    # What rounding the size left over is carried by the transform, so that points and pixels stay together.
    near = fit(width, height, side)
    near[:, 0] *= width / smaller.shape[1]
    near[:, 1] *= height / smaller.shape[0]
    return warp(smaller, near, side)
