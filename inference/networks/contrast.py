"""Grey levels of films: four ways to make those of different machines alike (seed 000, 4.3.3 and 5.2.3).

Each takes a film as (h, w) uint8 or uint16 and gives uint8. `inside`: where the film is; what a crop put
around it (the padding) neither counts nor changes, and stays 0.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.recipes.synthesis import Contrast

Film = NDArray[np.uint8] | NDArray[np.uint16]
Levels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STRETCH_PERCENT = (2.0, 98.0)
CLAHE_CLIP = 2.0
CLAHE_TILES = 8


def stretch(film: Film, inside: Mask | None = None) -> Levels:
    """Linear from the 2nd and 98th percentile to 0 and 255; what lies beyond them is 0 or 255.

    The seed prints the slope upside down; this is the one its text describes.
    """
    known = film if inside is None else film[inside]
    if not known.size:
        return np.zeros(film.shape, dtype=np.uint8)
    low, high = np.percentile(known, STRETCH_PERCENT)
    ramp = (film.astype(np.float64) - low) * (255 / max(high - low, 1.0))
    return _within(np.rint(np.clip(ramp, 0, 255)).astype(np.uint8), inside)


def equalise(film: Film, inside: Mask | None = None) -> Levels:
    """Each level becomes the share of pixels that are no lighter, so that all levels are equally frequent.

    Gonzalez, Woods: Digital Image Processing, section 3.3, counted from the darkest level there is.
    """
    grey = plain(film)
    known = grey if inside is None else grey[inside]
    counts = np.bincount(known.ravel(), minlength=256)
    below = np.cumsum(counts)
    darkest = int(counts[counts > 0][0]) if known.size else 0
    if known.size == darkest:  # one level only, or none
        return _within(grey, inside)
    table = np.rint(255 * np.clip((below - darkest) / (known.size - darkest), 0, 1)).astype(np.uint8)
    return _within(table[grey], inside)


def clahe(film: Film, inside: Mask | None = None) -> Levels:
    """Each part in its own levels, none more than `CLAHE_CLIP` times as frequent as the mean.

    Zuiderveld, Graphics Gems IV, 1994. Tiles as the reading page has them: eight across and as many down as
    make them square.
    """
    grey = plain(film)
    height, width = grey.shape
    tiles = (CLAHE_TILES, max(1, round(CLAHE_TILES * height / width)))
    made = cv2.createCLAHE(clipLimit=CLAHE_CLIP, tileGridSize=tiles).apply(grey)
    return _within(np.asarray(made, dtype=np.uint8), inside)


def plain(film: Film, inside: Mask | None = None) -> Levels:
    """As it is: 8 bits unchanged, more bits from the film's darkest to its lightest value."""
    if film.dtype == np.uint8:
        return _within(np.asarray(film, dtype=np.uint8), inside)
    low, high = float(film.min()), float(film.max())
    return _within(np.rint((film - low) * (255 / max(high - low, 1.0))).astype(np.uint8), inside)


METHODS: dict[Contrast, Callable[[Film, Mask | None], Levels]] = {
    "stretch": stretch,
    "equalise": equalise,
    "clahe": clahe,
    "none": plain,
}


def signed(levels: Levels) -> NDArray[np.float32]:
    """0..255 -> [-1, 1], where a generator's tanh ends."""
    return levels.astype(np.float32) / np.float32(127.5) - np.float32(1)


def levels(values: NDArray[np.float32]) -> Levels:
    """[-1, 1] -> 0..255: the inverse of `signed`."""
    made: Levels = np.rint(np.clip((values + 1) * 127.5, 0, 255)).astype(np.uint8)
    return made


def _within(made: Levels, inside: Mask | None) -> Levels:
    return made if inside is None else np.where(inside, made, 0).astype(np.uint8)
