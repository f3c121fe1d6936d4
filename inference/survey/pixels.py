"""Grey levels and depths of the pictures of one split, summed up picture by picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.survey.histogram import Histogram

# Where the back of a child stands before the camera (seed 000, 3.1.1 and table 3).
BACK_MM = (1200, 1800)
_CHANNELS = ("red", "green", "blue")
_FARTHEST_MM = 65535


class Pixels:
    """What was counted so far; two can be added."""

    def __init__(self) -> None:
        self.levels: dict[str, Histogram] = {}
        self.depth_mm = Histogram(_FARTHEST_MM + 1)

    def add_colour(self, picture: NDArray[np.uint8]) -> None:
        """(h, w, 3), RGB."""
        for index, name in enumerate(_CHANNELS):
            self._of(name).add(picture[:, :, index])

    def add_film(self, picture: NDArray[np.uint8]) -> None:
        """(h, w, 3) of a radiograph, whose three channels are one."""
        self._of("grey").add(picture[:, :, 0])

    def add_depth(self, depth_mm: NDArray[np.uint16]) -> None:
        """(h, w), 0 where nothing was measured."""
        self.depth_mm.add(depth_mm)

    def _of(self, name: str) -> Histogram:
        return self.levels.setdefault(name, Histogram(256))

    def __add__(self, other: "Pixels") -> "Pixels":
        total = Pixels()
        total.depth_mm = self.depth_mm + other.depth_mm
        for name in [*self.levels, *(name for name in other.levels if name not in self.levels)]:
            total.levels[name] = self.levels.get(name, Histogram(256)) + other.levels.get(
                name, Histogram(256)
            )
        return total

    def summary(self) -> dict[str, Any]:
        """`levels`: one entry per channel, 0 to 255. `depth_mm`: None where there is no depth.

        `whole` has every pixel, also those without a reading, which are 0, as table 3 has them; `back` lies
        inside BACK_MM; `beyond` are the readings outside of it; `holes` is the share without a reading.
        """
        near, far = BACK_MM
        beyond = Histogram(_FARTHEST_MM + 1, self.depth_mm.counts.copy())
        beyond.counts[near : far + 1] = 0
        whole = self.depth_mm.summary()
        return {
            "levels": [{"name": name, **(found.summary() or {})} for name, found in self.levels.items()],
            "depth_mm": None
            if whole is None
            else {
                "whole": whole,
                "back": self.depth_mm.summary(near, far),
                "beyond": beyond.summary(1),
                "holes": self.depth_mm.share(0, 0),
                "back_share": self.depth_mm.share(near, far),
            },
        }
