"""Cobb angles of found vertebrae with intervals that mean what they say.

The corners' covariance is pushed through the rule by drawing columns (Monte Carlo); how far such deviations
must be stretched to hold the truth nine times in ten is learned from films that the network had not seen
(split conformal prediction: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, JASA 2018, with the deviation as the
scale).

The challenge's rule jumps: its second and third angle change altogether where a column turns from C to S. So
its angles are medians over columns drawn near the one found, which take no jump that most of them do not. A
clinical curve's angle stays that of the corners, as a reader would measure it.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np

from annotation.spine.aasce import aasce_angles
from annotation.spine.cobb import LEAST_CURVE_DEG, Curve, curve_between, endplate_tilts_deg, find_curves
from inference.vertebrae.films import LEVELS, Floats

DRAWS: Final = 200
SPREAD: Final = 0.5
"""By which share of their deviations the corners are moved for the medians: by all of it, the largest of many
noisy tilts is too large. Chosen on fold 0 of the challenge's films, and held to on the others."""
COVERAGE: Final = 0.9
MOST_DOUBT_DEG: Final = 10.0
"""An angle that may be off by more than this is not given (readers differ by up to 7.2 deg, Morrissy
1990)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """By what a deviation is multiplied to give half of a 90 % interval: of the challenge's three angles,
    and of a clinical curve.

    The values unless given are those of the weights that ship, learned from the five folds of
    `inference/evaluate/README.md`. With those of a normal distribution (1.645) another network of that recipe
    gave no angle on 53 % of the films of fold 0.
    """

    aasce: tuple[float, float, float] = (1.79, 1.61, 1.84)
    curve: float = 1.27

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """What `to_dict` wrote."""
        first, second, third = data["aasce"]
        return cls((float(first), float(second), float(third)), float(data["curve"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Angle:
    """An angle in degrees, and half of its 90 % interval."""

    value_deg: float
    doubt_deg: float

    @property
    def interval_deg(self) -> tuple[float, float]:
        return self.value_deg - self.doubt_deg, self.value_deg + self.doubt_deg


def major_cobb_deg(corners: Floats) -> float:
    """The size of the largest curve of 68 corners, T1 to L5; 0 where there is none, NaN where they cross."""
    try:
        curves = find_curves(corners.reshape(-1, 4, 2), LEVELS, least_deg=1.0)
    except ValueError:
        return float("nan")
    return max((abs(curve.angle_deg) for curve in curves), default=0.0)


def draws(corners_px: Floats, covariance_px2: Floats, rng: np.random.Generator) -> Floats:
    """Columns (DRAWS, n, 4, 2) as they may also be, each corner on its own."""
    roots = np.linalg.cholesky(covariance_px2)
    noise = rng.standard_normal((DRAWS, *corners_px.shape))
    return np.asarray(corners_px + np.einsum("...ij,...j->...i", roots, noise))


def aasce_medians(corners_px: Floats, drawn_px: Floats, image_height_px: float) -> Floats:
    """The challenge's three angles in degrees, (3,), of 17 vertebrae and columns that they may also be.

    Raises ValueError as `aasce_angles` does.
    """
    near = corners_px + SPREAD * (drawn_px - corners_px)
    return np.asarray(np.median([aasce_angles(one, image_height_px) for one in near], axis=0))


def aasce_with_doubt(
    corners_px: Floats, drawn_px: Floats, image_height_px: float, calibration: Calibration
) -> tuple[Angle, Angle, Angle]:
    """The challenge's three angles of 17 vertebrae. Raises ValueError as `aasce_angles` does."""
    values = aasce_medians(corners_px, drawn_px, image_height_px)
    deviations = np.std([aasce_angles(one, image_height_px) for one in drawn_px], axis=0)
    first, second, third = (
        Angle(float(value), factor * float(deviation))
        for value, factor, deviation in zip(values, calibration.aasce, deviations, strict=True)
    )
    return first, second, third


def curves_with_doubt(
    corners_px: Floats, drawn_px: Floats, calibration: Calibration
) -> list[tuple[Curve, float]]:
    """The clinical curves of T1 to L5, each with half of its 90 % interval in degrees.

    The draws move the endplates of the end vertebrae found; that other vertebrae might be the ends is what
    the calibration's factor makes up for. Nothing where the corners make no column.
    """
    try:
        curves = find_curves(corners_px, LEVELS)
    except ValueError:
        return []
    tilts = np.array([endplate_tilts_deg(one) for one in drawn_px]) if curves else np.empty(0)
    found = []
    for curve in curves:
        upper, lower = _ends(curve)
        found.append((curve, calibration.curve * float(np.std(tilts[:, lower, 1] - tilts[:, upper, 0]))))
    return found


def true_angle_deg(curve: Curve, true_px: Floats) -> float:
    """What a found curve's angle should be by the true corners, T1 to L5; its sign is the curve's side.

    That is the angle of the true curve to the same side which shares at least half of the found curve's
    vertebrae, and the most of them; where there is none, the true angle between the same two vertebrae.
    Raises ValueError where the true corners make no column.
    """
    upper, lower = _ends(curve)

    def shared(other: Curve) -> int:
        above, below = _ends(other)
        return min(lower, below) - max(upper, above) + 1

    alike = [
        one
        for one in find_curves(true_px, LEVELS, least_deg=LEAST_CURVE_DEG / 2)
        if one.angle_deg * curve.angle_deg > 0 and 2 * shared(one) >= lower - upper + 1
    ]
    if alike:
        return max(alike, key=shared).angle_deg
    return curve_between(true_px, LEVELS, LEVELS[upper], LEVELS[lower]).angle_deg


def _ends(curve: Curve) -> tuple[int, int]:
    return LEVELS.index(str(curve.upper_level)), LEVELS.index(str(curve.lower_level))


def conformal_factor(errors_deg: Floats, deviations_deg: Floats, coverage: float = COVERAGE) -> float:
    """The factor on the deviations that covers the errors of so many of n unseen films: the ceil((n + 1)
    c)-th smallest ratio. Raises ValueError with too few films for that."""
    ratios = np.sort(np.abs(errors_deg) / np.maximum(deviations_deg, 1e-6))
    rank = int(np.ceil((len(ratios) + 1) * coverage))
    if rank > len(ratios):
        raise ValueError(f"{len(ratios)} films are too few to cover {coverage:.0%}")
    return float(ratios[rank - 1])
