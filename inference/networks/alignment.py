"""A back and its film brought to one frame by C7 and the sacrum (seed 000, 4.3.2), and what is in it.

The frame is the crop from C7 down to the sacrum, half as wide as high, about the middle between the two:
`alignmentCrop` in the browser's `core/alignment.ts` gives the same numbers. Frames of coordinates: `image` is
stored pixels of the back's picture or of the film, `aligned` those of the crop, (0, 0) its outer corner.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.networks.pictures import Affine, apply, inverse

Point = tuple[float, float]
_FINEST = 16  # a film shrunk by more than this is no longer looked at


@dataclass(frozen=True, slots=True)
class Crop:
    """A box in stored pixels; it may reach beyond the picture, where there is nothing."""

    left: float
    top: float
    width: float
    height: float


def alignment_crop(c7: Point, sacrum: Point, margin: float = 0.0) -> Crop:
    """The box of a back or film. `margin`: how much further it reaches above and below, as a share of the
    distance from C7 to the sacrum; the paper has none. Raises ValueError where C7 is not above the sacrum.
    """
    distance = sacrum[1] - c7[1]
    if not distance > 0:
        raise ValueError("C7 does not lie above the sacrum: look at the landmarks, or turn the picture")
    height = distance * (1 + 2 * margin)
    return Crop((c7[0] + sacrum[0] - height / 2) / 2, c7[1] - margin * distance, height / 2, height)


def aligned_from_image(crop: Crop, size: tuple[int, int], *, mirrored: bool = False) -> Affine:
    """The transform (2, 3) of a crop onto `size` (width, height).

    `mirrored`: the picture is stored as from in front, and is turned over on the way.
    """
    across, down = size[0] / crop.width, size[1] / crop.height
    if mirrored:
        across, start = -across, crop.left + crop.width
    else:
        start = crop.left
    return np.array([[across, 0, -start * across], [0, down, -crop.top * down]], dtype=np.float64)


def resampled(pixels: NDArray[Any], target_from_source: Affine, size: tuple[int, int]) -> NDArray[Any]:
    """Pixels in a frame of `size` (width, height), moved by a transform; outside the picture 0.

    Where it gets smaller each new pixel is the mean over the area it came from, so that nothing aliases: it
    is resampled at a whole multiple of the size, linearly, and that is averaged.
    """
    # Of a flattening transform nothing is left to average.
    scale = math.sqrt(abs(float(np.linalg.det(target_from_source[:, :2]))))
    finer = min(_FINEST, max(1, math.ceil(1 / max(scale, 1e-6) - 1e-9)))
    by_centres = target_from_source * finer
    by_centres[:, 2] += by_centres[:, :2] @ [0.5, 0.5] - 0.5
    width, height = size
    # The edge goes on beyond the picture while interpolating, so that it does not darken towards it.
    made = cv2.warpAffine(
        np.asarray(pixels),
        by_centres,
        (width * finer, height * finer),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if finer > 1:
        made = cv2.resize(made, size, interpolation=cv2.INTER_AREA)
    made[~inside(pixels.shape, target_from_source, size)] = 0
    return np.asarray(made)


def inside(shape: tuple[int, ...], target_from_source: Affine, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(height, width): which pixels of the frame have their centre in a picture of `shape`."""
    columns, rows = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    x, y = np.moveaxis(apply(inverse(target_from_source), np.stack([columns, rows], axis=-1)), -1, 0)
    return np.asarray((x >= 0) & (x <= shape[1]) & (y >= 0) & (y <= shape[0]))


def resampled_depth(
    depth_mm: NDArray[Any], target_from_source: Affine, size: tuple[int, int]
) -> NDArray[np.float32]:
    """As `resampled`, of valid readings only; a pixel that is mostly holes is a hole (0)."""
    depth = depth_mm.astype(np.float32)
    total = resampled(depth, target_from_source, size)
    weight = resampled((depth > 0).astype(np.float32), target_from_source, size)
    return np.where(weight > 0.5, total / np.maximum(weight, 1e-6), 0).astype(np.float32)
