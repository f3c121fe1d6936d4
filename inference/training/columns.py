"""What trainings of a column network measure on pairs that they do not learn from."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from inference.vertebrae.angles import major_cobb_deg

Floats = NDArray[np.float64]
_FRAME: Final = (128, 256)  # px; half as wide as high, as on the child
_LEAST, _MOST = 0.8, 1.3
_FEWEST = 20  # columns; of fewer the mean angle says too little


def angles_deg(corners_px: Floats, size: tuple[int, int]) -> Floats:
    """The major angle of each column (n, 68, 2) in a frame of `size` (width, height); NaN where none is."""
    return np.array([major_cobb_deg(one) for one in corners_px * (np.array(_FRAME) / size)])


def unbiased_gain(found_px: Floats, true_px: Floats, expected_px: Floats, size: tuple[int, int]) -> float:
    """How far columns must be driven from the expected one for their major angles to be right in the mean.

    `found_px`, `true_px`: (n, 68, 2), the first as found without a gain; `expected_px`: (68, 2). A network
    that lowers the error of what it cannot know shrinks it towards the mean: curves come out too flat, most
    of all on children it has not seen. This gives up a little of each one's error for a mean that is right.
    1 with fewer than 20 columns that have an angle; between 0.8 and 1.3.
    """
    true = angles_deg(true_px, size)
    if np.isfinite(angles_deg(found_px, size) - true).sum() < _FEWEST:
        return 1.0

    def bias(gain: float) -> float:
        driven = angles_deg(expected_px + gain * (found_px - expected_px), size)
        return float(np.nan_to_num(np.nanmean(driven - true)))

    if bias(_LEAST) >= 0:
        return _LEAST
    if bias(_MOST) <= 0:
        return _MOST
    return float(brentq(bias, _LEAST, _MOST, xtol=1e-3))
