"""A film straightened along its column: a strip whose rows follow the spine and whose columns cross it.

In the strip every vertebra lies upright, whatever the curve and however the film is turned, and the column
fills the strip's height however loosely the film is cropped. So a small network sees seventeen alike bodies
at high resolution. Rows are sampled finer than columns, because a tilt is a difference of heights.

Frames. Film: px, x right, y down, (0, 0) the outer corner. Strip: px likewise, (column, row); row 0 lies a
margin above the column's top. A strip's row is `scale` film px long, its column `ACROSS * scale`.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from inference.vertebrae.films import Floats, Grey

ROWS: Final = 1024
COLUMNS: Final = 96
ACROSS: Final = 2.0
"""A strip column is this many times wider than a row is high."""
MARGIN: Final = 0.07
"""What a strip shows above and below the column, as a share of the column's length: more than a vertebra."""
_SMOOTHING: Final = 0.035
"""Width of the Gaussian that smooths a centreline, as a share of its length: half a vertebra."""
_DENSE: Final = 512


@dataclass(frozen=True, slots=True)
class Strip:
    """Where each row of a strip lies on the film.

    `centre_px` (ROWS + 1, 2): the middle of the strip at rows 0..ROWS, in film px, evenly spaced. `right`
    (ROWS + 1, 2): unit vectors across, towards image right on an upright film. `scale`: film px per row.
    """

    centre_px: Floats
    right: Floats
    scale: float

    @property
    def down(self) -> Floats:
        """Unit vectors (ROWS + 1, 2) along the column, downward."""
        return np.stack([-self.right[:, 1], self.right[:, 0]], axis=1)

    def film_from_strip(self, points: Floats) -> Floats:
        """Points (..., 2) of the strip, as (column, row), in film px."""
        column, row = points[..., 0], points[..., 1]
        offset = ((column - COLUMNS / 2) * ACROSS * self.scale)[..., None]
        # Beyond its ends the strip goes on straight.
        beyond = (row - np.clip(row, 0, ROWS))[..., None] * self.scale
        return (
            self._at(self.centre_px, row)
            + offset * self._at(self.right, row)
            + beyond * self._at(self.down, row)
        )

    def strip_from_film(self, points: Floats) -> Floats:
        """Points (..., 2) in film px as (column, row) of the strip: the foot of each on the centreline."""
        flat = points.reshape(-1, 2)
        near = ((flat[:, None] - self.centre_px[None]) ** 2).sum(axis=2).argmin(axis=1).astype(np.float64)
        for _ in range(4):
            off = flat - self._at(self.centre_px, near)
            along = (off * self._at(self.down, near)).sum(axis=1) / self.scale
            beyond = np.clip(near, 0, ROWS) != near
            near = np.where(beyond, np.clip(near, 0, ROWS) + along, near + along)
        off = flat - self._at(self.centre_px, near)
        column = (off * self._at(self.right, near)).sum(axis=1) / (ACROSS * self.scale) + COLUMNS / 2
        return np.stack([column, near], axis=1).reshape(points.shape)

    def tilt_deg(self, row: Floats) -> Floats:
        """How the strip itself tilts at some rows, in degrees: positive when its right side lies lower."""
        right = self._at(self.right, np.asarray(row, dtype=np.float64))
        return np.degrees(np.arctan2(right[..., 1], right[..., 0]))

    def straighten(self, film: Grey, border: int = cv2.BORDER_CONSTANT) -> NDArray[np.float32]:
        """The film's greys on the strip, (ROWS, COLUMNS); beyond the film's edge black, or as cv2's `border`
        says.

        Give a film that was shrunk so that `scale` is about 1, or fine detail folds into noise.
        """
        offset = ((np.arange(COLUMNS) + 0.5 - COLUMNS / 2) * (ACROSS * self.scale)).astype(np.float32)
        centre = (0.5 * (self.centre_px[:-1] + self.centre_px[1:]) - 0.5).astype(np.float32)
        right = (0.5 * (self.right[:-1] + self.right[1:])).astype(np.float32)
        x, y = (centre[:, axis, None] + offset * right[:, axis, None] for axis in (0, 1))
        return np.asarray(cv2.remap(film, x, y, cv2.INTER_LINEAR, borderMode=border), dtype=np.float32)

    @staticmethod
    def _at(table: Floats, row: Floats) -> Floats:
        """Rows between table rows, linearly; the ends beyond them."""
        place = np.clip(row, 0, ROWS)
        below = np.minimum(place.astype(np.intp), ROWS - 1)
        share = (place - below)[..., None]
        return np.asarray(table[below] * (1 - share) + table[below + 1] * share)


def along(line_px: Floats) -> Strip:
    """The strip along a line (n, 2), n >= 2, in film px, from the top of the highest vertebra to the bottom
    of the lowest. Raises ValueError when the line has no length.
    """
    steps = np.hypot(*np.diff(line_px, axis=0).T)
    length = float(steps.sum())
    if not length > 0:
        raise ValueError("a centreline needs two different points")
    place = np.concatenate([[0.0], np.cumsum(steps)]) / length
    dense = _resampled(line_px, place, np.linspace(0, 1, _DENSE))
    # Straight on beyond both ends, in the direction of the end's outer eighth, before the smoothing.
    beyond = np.arange(1, _DENSE // 4 + 1)[:, None]
    first, last = (
        (dense[end] - dense[other]) / (_DENSE // 8)
        for end, other in ((0, _DENSE // 8), (-1, -1 - _DENSE // 8))
    )
    longer = np.concatenate([dense[0] + first * beyond[::-1], dense, dense[-1] + last * beyond])
    smooth = gaussian_filter1d(longer, _SMOOTHING * _DENSE, axis=0, mode="nearest")
    middle = smooth[_DENSE // 4 : _DENSE // 4 + _DENSE]
    length = float(np.hypot(*np.diff(middle, axis=0).T).sum())
    steps = np.hypot(*np.diff(smooth, axis=0).T)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    start = run[_DENSE // 4] - MARGIN * length
    span = (1 + 2 * MARGIN) * length
    centre = _resampled(smooth, run, start + span * np.linspace(0, 1, ROWS + 1))
    down = np.gradient(centre, axis=0)
    down /= np.hypot(*down.T)[:, None]
    return Strip(centre, np.stack([down[:, 1], -down[:, 0]], axis=1), span / ROWS)


def column_line(corners_px: Floats) -> Floats:
    """The middle of a labelled column (n, 4, 2) from its top to its bottom: (n + 2, 2) px."""
    top, bottom = corners_px[0, :2].mean(axis=0), corners_px[-1, 2:].mean(axis=0)
    return np.concatenate([top[None], corners_px.mean(axis=1), bottom[None]])


def _resampled(points: Floats, place: Floats, wanted: Floats) -> Floats:
    return np.stack([np.interp(wanted, place, points[:, axis]) for axis in (0, 1)], axis=1)
