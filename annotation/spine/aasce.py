"""The three angles of the AASCE 2019 challenge, exactly as its organisers computed them.

Kept apart from `cobb` because they are good for one thing only, comparison with the challenge. They go by
size, not by region; they jump when a landmark moves a little; they depend on the height of the image.
"""

import numpy as np
from numpy.typing import ArrayLike

from annotation.spine.geometry import Array, checked_points

_VERTEBRAE = 17


def aasce_angles(corners_px: ArrayLike, image_height_px: float) -> tuple[float, float, float]:
    """The challenge's three angles in degrees, of 17 vertebrae T1-L5 in an image of the given height.

    `corners_px` (17, 4, 2), TL TR BL BR in px of the stored image. The rule:

    1. A[i, j] is the unsigned angle between the mid-planes (left mid-point to right mid-point) of
       vertebrae i and j; the first angle is the largest, found at i < j.
    2. The column is C-shaped when its endplate midpoints lie on one side of the chord from the first to
       the last, else S-shaped (so too when the chord is exactly vertical or horizontal). The official code
       leaves out the superior endplate of L5: with it, 10 of the 481 training images come out wrong.
    3. C: the others are A[first, i] and A[last, j].
    4. S, inferior endplates i and j on average in the upper half of the image: the largest A[i, 0..i] and
       A[j, j..last]. S otherwise: the largest A[i, 0..i], found at k, and the largest A[k, 0..k].

    Raises ValueError for a wrong shape, a missing number, or a vertebra without width.
    """
    corners = checked_points(corners_px, (_VERTEBRAE, 4, 2), "corners_px")
    if not image_height_px > 0:
        raise ValueError(f"image_height_px must be positive, not {image_height_px}")
    angles = _angles_between_midplanes(corners)
    i, j = divmod(int(angles.argmax()), _VERTEBRAE)
    upper = angles[i, : i + 1]
    midpoints = corners.reshape(-1, 2, 2).mean(axis=1)
    if _is_c_shaped(midpoints):
        second, third = angles[0, i], angles[-1, j]
    elif midpoints[2 * i + 1, 1] + midpoints[2 * j + 1, 1] < image_height_px:
        second, third = upper.max(), angles[j, j:].max()
    else:
        k = int(upper.argmax())
        second, third = upper.max(), angles[k, : k + 1].max()
    return float(angles[i, j]), float(second), float(third)


def _angles_between_midplanes(corners: Array) -> Array:
    across = corners[:, [1, 3]].mean(axis=1) - corners[:, [0, 2]].mean(axis=1)
    if not across.any(axis=1).all():
        row = int(np.flatnonzero(~across.any(axis=1))[0])
        raise ValueError(f"vertebra {row + 1}: its left and right midpoints coincide")
    cross = np.outer(across[:, 0], across[:, 1])
    # atan2 of |cross| and dot keeps its precision near 0 and 180 degrees, where acos loses it.
    return np.asarray(np.degrees(np.arctan2(np.abs(cross - cross.T), across @ across.T)))


def _is_c_shaped(midpoints: Array) -> bool:
    chord = midpoints[-1] - midpoints[0]
    if not chord.all():
        return False
    offset = midpoints[1:-2] - midpoints[0]
    side = offset[:, 0] * chord[1] - offset[:, 1] * chord[0]
    return bool((side >= 0).all() or (side <= 0).all())
