"""From the files of a case to the network's input square, and points there and back.

Pure functions on arrays. Frames: `image` is stored pixels of the case's image, `square` the network's input.
Both have (0, 0) at the outer corner of the first pixel.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.networks.body import body_square
from inference.recipes.landmarks import Frame, LandmarkRecipe
from inference.rundir import Case, RunError

Affine = NDArray[np.float64]


class NobodyThere(RunError):
    """A recipe that frames the body found none in a picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One case fitted into a square of side `image_px`, before augmentation.

    `grey`: (S, S, 3) uint8, RGB; `depth_mm`: (S, S) float32, 0 where there is no reading; None where the
    recipe takes no such channel. `square_from_image` (2, 3) carries points along.
    """

    grey: NDArray[np.uint8] | None
    depth_mm: NDArray[np.float32] | None
    square_from_image: Affine


@dataclass(frozen=True, slots=True)
class Square:
    """The part of a picture that fills the network's square, in stored pixels; it may reach beyond."""

    left: float
    top: float
    side: float

    def placement(self, side: int) -> Affine:
        """`square_from_image` for a network's square of `side`."""
        scale = side / self.side
        return np.array([[scale, 0, -scale * self.left], [0, scale, -scale * self.top]], dtype=np.float64)


def square_of(width: int, height: int, frame: Frame, depth_mm: NDArray[Any] | None = None) -> Square | None:
    """What of a picture a network sees; None where `body` finds nobody.

    With `fit` all of it, centred, the rest left empty. With `middle` its shorter side fills the square and
    the ends of the longer one are cut off: 1920 x 1080 becomes 1024 x 576, and of that the middle 576 x 576
    (seed 000, 4.1.2). With `body` head, back and pelvis of whoever stands there, by the registered depth.
    """
    if frame == "body":
        found = None if depth_mm is None else body_square(depth_mm)
        return None if found is None else Square(*found)
    side = max(width, height) if frame == "fit" else min(width, height)
    return Square((width - side) / 2, (height - side) / 2, side)


def placement(width: int, height: int, side: int) -> Affine:
    """`square_from_image` of a picture all of which fits."""
    longer = max(width, height)
    return Square((width - longer) / 2, (height - longer) / 2, longer).placement(side)


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


def similarity(
    width: float, height: float, angle: float, scale: float, shift: NDArray[np.float64], *, mirrored: bool
) -> Affine:
    """Mirrored or not, then turned (rad) and scaled about the middle of a frame, then shifted (px)."""
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([width / 2, height / 2])
    move = np.column_stack([turn, centre + shift - turn @ centre])
    return compose(move, np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0]])) if mirrored else move


def moved(picture: Picture, move: Affine, side: int) -> Picture:
    """The picture moved within its square; depth by its nearest reading, which no mean is."""
    grey, depth = picture.grey, picture.depth_mm
    return Picture(
        None if grey is None else warp(grey, move, side),
        None if depth is None else warp(depth, move, side, nearest=True).astype(np.float32),
        compose(move, picture.square_from_image),
    )


def load(folder: Path, case: Case, recipe: LandmarkRecipe) -> Picture:
    """Read a case's files into the square. Raises RunError naming the file that cannot be used."""
    side = recipe.image_px
    colour = depth = None
    if "depth" in recipe.channels:
        if case.depth is None:
            raise RunError(f"Image {case.image} has no registered depth; choose a recipe without depth.")
        depth = read_depth(folder / case.depth)
    square = square_of(case.width, case.height, recipe.frame, depth)
    if square is None:
        raise NobodyThere(
            f"Nobody stands within two metres of the camera in image {case.image}, by its depth; "
            "leave it out, or choose a recipe that does not frame the body."
        )
    if "colour" in recipe.channels:
        colour = _shrunk(read_colour(folder / case.colour), side, square)
    small = None if depth is None else _shrunk_depth(depth, side, square)
    return Picture(colour, small, square.placement(side))


def read_colour(path: Path) -> NDArray[np.uint8]:
    """(h, w, 3) RGB. Raises RunError."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise RunError(f"{path.name} is not a readable picture.")
    return np.asarray(pixels, dtype=np.uint8)


def read_film(path: Path) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(h, w) grey, with as many bits as are stored. Raises RunError."""
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise RunError(f"{path.name} is not a readable film of 8 or 16 bits.")
    return np.asarray(pixels, dtype=np.uint8) if pixels.itemsize == 1 else np.asarray(pixels, dtype=np.uint16)


def read_depth(path: Path) -> NDArray[np.float32]:
    """(h, w) mm, 0 where there is no reading. Raises RunError."""
    try:
        depth = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} is not a readable depth map: {error}") from error
    if depth.ndim != 2 or depth.dtype != np.uint16:
        raise RunError(f"{path.name} must be a 2-D uint16 depth map in mm, not {depth.ndim}-D {depth.dtype}.")
    return np.asarray(depth, dtype=np.float32)


def _shrunk(pixels: NDArray[np.uint8], side: int, square: Square) -> NDArray[np.uint8]:
    """In the square: averaged over areas first where it gets smaller, so that nothing aliases."""
    return _placed(pixels, side, square).astype(np.uint8)


def _shrunk_depth(depth_mm: NDArray[np.float32], side: int, square: Square) -> NDArray[np.float32]:
    """As `_shrunk`, but averaging valid readings only; a pixel that is mostly holes is a hole."""
    valid = (depth_mm > 0).astype(np.float32)
    total, weight = _placed(depth_mm * valid, side, square), _placed(valid, side, square)
    return np.where(weight > 0.5, total / np.maximum(weight, 1e-6), 0).astype(np.float32)


def _placed(pixels: NDArray[Any], side: int, square: Square) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    smaller = np.asarray(pixels)
    scale = side / square.side
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        smaller = np.asarray(cv2.resize(smaller, size, interpolation=cv2.INTER_AREA))
    # What rounding the size left over is carried by the transform, so that points and pixels stay together.
    near = square.placement(side)
    near[:, 0] *= width / smaller.shape[1]
    near[:, 1] *= height / smaller.shape[0]
    return warp(smaller, near, side)
