"""Films as they come in life: loosely cropped, turned, under- or overexposed. What is found goes back.

A disturbance carries a film to another one and says by which affine map, so that what a reader finds is
compared on the film as it was: the truth stays the same truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from annotation.spine.geometry import inverted, mapped
from inference.vertebrae.films import Floats, Grey


@dataclass(frozen=True, slots=True)
class Disturbed:
    """`film`, and `new_from_old` (3, 3), which carries px of the old film along."""

    film: Grey
    new_from_old: Floats

    def back(self, points_px: Floats) -> Floats:
        """Points of the disturbed film on the film as it was."""
        return mapped(inverted(self.new_from_old), points_px)


def _padded(share: float) -> Callable[[Grey], Disturbed]:
    """Grey margins of so much of its height above and below, and twice of its width aside."""

    def disturb(film: Grey) -> Disturbed:
        down, across = round(share * film.shape[0]), round(2 * share * film.shape[1])
        fill = int(np.median(film) // 4)
        wide = cv2.copyMakeBorder(film, down, down, across, across, cv2.BORDER_CONSTANT, value=[fill])
        return Disturbed(np.asarray(wide, np.uint8), np.array([[1.0, 0, across], [0, 1, down], [0, 0, 1]]))

    return disturb


def _neighbours(film: Grey) -> Disturbed:
    """The film's own edges mirrored outward: ribs, arms and a second pelvis where there should be nothing."""
    down, across = film.shape[0] // 6, film.shape[1] // 3
    wide = cv2.copyMakeBorder(film, down, down, across, across, cv2.BORDER_REFLECT)
    return Disturbed(np.asarray(wide, np.uint8), np.array([[1.0, 0, across], [0, 1, down], [0, 0, 1]]))


def _turned(turn_deg: float) -> Callable[[Grey], Disturbed]:
    """Turned clockwise about its middle, on a canvas that holds all of it."""

    def disturb(film: Grey) -> Disturbed:
        turn = np.radians(turn_deg)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        old = np.array(film.shape[::-1], dtype=np.float64)
        new = np.ceil(np.abs(matrix) @ old)
        offset = new / 2 - matrix @ (old / 2)
        # cv2 counts from the centre of the first pixel.
        shifted = offset + matrix @ np.array([0.5, 0.5]) - 0.5
        size = (int(new[0]), int(new[1]))
        turned = cv2.warpAffine(film, np.column_stack([matrix, shifted]), size, flags=cv2.INTER_LINEAR)
        return Disturbed(
            np.asarray(turned, np.uint8), np.vstack([np.column_stack([matrix, offset]), [0, 0, 1]])
        )

    return disturb


def _exposed(gamma: float) -> Callable[[Grey], Disturbed]:
    def disturb(film: Grey) -> Disturbed:
        return Disturbed((255 * (film / 255.0) ** gamma).round().astype(np.uint8), np.eye(3))

    return disturb


def _noisy(film: Grey) -> Disturbed:
    noise = np.random.default_rng(1).normal(0, 12, film.shape)
    return Disturbed(np.clip(film + noise, 0, 255).astype(np.uint8), np.eye(3))


DISTURBANCES: Final[dict[str, Callable[[Grey], Disturbed]]] = {
    "none": lambda film: Disturbed(film, np.eye(3)),
    "pad-15": _padded(0.15),
    "pad-30": _padded(0.30),
    "neighbours": _neighbours,
    "turn-5": _turned(5),
    "turn-10": _turned(10),
    "dark": _exposed(2.0),
    "bright": _exposed(0.5),
    "noise": _noisy,
}
