"""Published and measured sizes of the growing spine, as tables per level.

Frontal widths, heights and disc heights are medians over 456 real spine films of the AASCE collection
(Wu et al., MICCAI 2017 / AASCE 2019), as fractions of the length of the column from the upper endplate
of T1 to the lower endplate of L5, so that phantom and real films have the same proportions. Body
depths, pedicle and process sizes follow Panjabi et al., Spine 16:888 (1991, thoracic), 17:299 (1992, lumbar)
and 16:861 (1991, cervical), rounded and smoothed over the levels, in mm for an adult column of 440 mm:
pedicles narrowest at T4 and widest at L5, highest at T11 and T12. Stature: CDC growth charts (2000).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CERVICAL: Final = ("C3", "C4", "C5", "C6")
LABELLED: Final = ("C7", *(f"T{i}" for i in range(1, 13)), *(f"L{i}" for i in range(1, 6)))
LEVELS: Final = (*CERVICAL, *LABELLED)
"""All modelled vertebrae, top to bottom; C3..C6 only complete the picture."""
FIRST_LABELLED: Final = len(CERVICAL)
T1: Final = LEVELS.index("T1")
L5: Final = LEVELS.index("L5")
REFERENCE_COLUMN_MM: Final = 440.0


def _by_level(*regions: list[float]) -> Floats:
    """One value for each of LEVELS, from its cervical, thoracic and lumbar part."""
    return np.array([value for region in regions for value in region])


UPPER_WIDTH: Final[Floats] = _by_level(
    [0.038, 0.041, 0.046, 0.053, 0.064],
    [0.0714, 0.0666, 0.0621, 0.0605, 0.0608, 0.0628, 0.0646, 0.0673, 0.0706, 0.0725, 0.0773, 0.0821],
    [0.0867, 0.0895, 0.0938, 0.0973, 0.1036],
)
LOWER_WIDTH: Final[Floats] = _by_level(
    [0.038, 0.042, 0.047, 0.055, 0.066],
    [0.0687, 0.0644, 0.0607, 0.0614, 0.0628, 0.0653, 0.0679, 0.0707, 0.0733, 0.0777, 0.0821, 0.0870],
    [0.0901, 0.0914, 0.0958, 0.1019, 0.1083],
)
HEIGHT: Final[Floats] = _by_level(
    [0.027, 0.027, 0.027, 0.027, 0.0275],
    [0.0286, 0.0320, 0.0348, 0.0372, 0.0393, 0.0399, 0.0403, 0.0413, 0.0423, 0.0444, 0.0465, 0.0488],
    [0.0505, 0.0507, 0.0524, 0.0549, 0.0530],
)
DISC_BELOW: Final[Floats] = _by_level(
    [0.011, 0.011, 0.011, 0.011, 0.0115],
    [0.0116, 0.0121, 0.0129, 0.0127, 0.0123, 0.0127, 0.0131, 0.0135, 0.0142, 0.0161, 0.0180, 0.0200],
    [0.0217, 0.0231, 0.0234, 0.0236, 0.0230],
)
DEPTH_MM: Final[Floats] = _by_level(
    [15.0, 15.5, 15.5, 16.0, 16.5],
    [17.0, 18.5, 20.5, 22.5, 24.0, 25.5, 26.5, 27.5, 28.5, 29.5, 30.0, 30.5],
    [31.5, 32.0, 32.5, 32.5, 32.0],
)
PEDICLE_WIDTH_MM: Final[Floats] = _by_level(
    [5.5, 5.5, 5.8, 6.0, 6.6],
    [8.2, 6.8, 5.6, 5.2, 5.3, 5.6, 5.8, 6.2, 6.6, 7.2, 8.0, 8.0],
    [8.0, 8.3, 10.0, 12.5, 16.0],
)
PEDICLE_HEIGHT_MM: Final[Floats] = _by_level(
    [7.0, 7.0, 7.0, 7.2, 7.5],
    [9.0, 11.0, 11.3, 11.5, 11.3, 11.6, 11.8, 12.3, 13.5, 14.5, 16.0, 15.8],
    [15.6, 15.0, 14.6, 14.8, 15.5],
)
SPINOUS_MM: Final[Floats] = _by_level(
    [24.0, 24.0, 27.0, 32.0, 38.0],
    [38.0, 37.0, 36.0, 36.0, 36.0, 36.0, 36.0, 35.0, 33.0, 31.0, 29.0, 29.0],
    [32.0, 34.0, 34.0, 30.0, 25.0],
)
"""Length of the spinous process behind the canal."""
SPINOUS_DROP_DEG: Final[Floats] = _by_level(
    [20.0, 20.0, 20.0, 20.0, 22.0],
    [32.0, 40.0, 48.0, 54.0, 58.0, 60.0, 58.0, 54.0, 46.0, 36.0, 26.0, 18.0],
    [14.0, 12.0, 12.0, 12.0, 14.0],
)
TRANSVERSE_MM: Final[Floats] = _by_level(
    [26.0, 26.0, 27.0, 28.0, 33.0],
    [38.0, 35.0, 32.0, 31.0, 30.5, 30.0, 29.5, 29.0, 28.0, 27.0, 24.0, 22.0],
    [34.0, 37.0, 41.0, 39.0, 40.0],
)
"""Half distance between the tips of the transverse processes."""
SAGITTAL_REFERENCE_DEG: Final[Floats] = _by_level(
    [-6.0, -9.0, -13.0, -18.0, -21.0],
    [-21.0, -20.0, -17.0, -13.0, -8.5, -4.0, 0.0, 3.5, 6.5, 9.0, 11.0, 12.5],
    [12.5, 10.0, 4.5, -5.0, -18.0],
)
"""Pitch of each body, positive when the front is higher: 34 deg kyphosis T1-T12, 50 deg lordosis L1-S1."""
SACRAL_SLOPE_REFERENCE_DEG: Final = -36.0


def stature_mm(sex: str, age_years: float) -> float:
    """Median standing height (CDC growth charts, 2000) for sex 'F' or 'M' and 10-18 years."""
    ages = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0]
    girls = [1385.0, 1445.0, 1510.0, 1570.0, 1600.0, 1620.0, 1625.0, 1630.0, 1632.0]
    boys = [1385.0, 1435.0, 1490.0, 1560.0, 1640.0, 1700.0, 1735.0, 1755.0, 1765.0]
    return float(np.interp(age_years, ages, girls if sex == "F" else boys))


def column_length_mm(stature: float) -> float:
    """Length T1..L5 of a straight column for a standing height in mm.

    Half of the sitting height, which is 0.51-0.53 of the standing one (Arch Argent Pediatr 111:309, 2013).
    """
    return 0.261 * stature
