"""How far two readings of one Cobb angle differ by chance, and whether a change stands out from that.

95 % limits of Morrissy et al., "Measurement of the Cobb angle on radiographs of patients who have
scoliosis", J Bone Joint Surg Am 1990; 72: 320-327.
"""

import math
from dataclasses import dataclass
from typing import Literal

SOURCE = "Morrissy 1990, 95 % limits"

Readers = Literal["same", "different"]
Levels = Literal["own", "fixed"]

_ROUNDING_DEG = 1e-9
_LIMITS_DEG: dict[tuple[str, str], float] = {
    ("same", "own"): 4.9,
    ("same", "fixed"): 3.8,
    ("different", "own"): 7.2,
    ("different", "fixed"): 6.3,
}


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one curve between two visits, beside what chance alone may do."""

    change_deg: float
    """Growth of the curve: positive when it has become larger towards its earlier side."""
    error_deg: float
    measurable: bool
    """False reads "no measurable change": smaller than the error of reading."""


def reading_error_deg(*, readers: Readers = "same", levels: Levels = "own") -> float:
    """The 95 % limit of the difference between two readings of one film, in degrees.

    `readers`: the same one twice, or two different ones. `levels`: each reading chose its "own" end
    vertebrae, or they were "fixed" beforehand. Raises ValueError for any other word.
    """
    if (readers, levels) not in _LIMITS_DEG:
        raise ValueError(
            f"readers={readers!r}, levels={levels!r}: use 'same' or 'different', 'own' or 'fixed'"
        )
    return _LIMITS_DEG[readers, levels]


def measurable_change(
    earlier_deg: float, later_deg: float, *, readers: Readers = "same", levels: Levels = "own"
) -> Change:
    """The change from an earlier to a later signed Cobb angle of the same curve, held against the error.

    A change is measurable when it is at least the reading error. Raises ValueError as `reading_error_deg`
    does, and for an angle that is not a finite number.
    """
    if not (math.isfinite(earlier_deg) and math.isfinite(later_deg)):
        raise ValueError(f"both angles must be finite numbers, not {earlier_deg} and {later_deg}")
    error_deg = reading_error_deg(readers=readers, levels=levels)
    towards = 1.0 if (earlier_deg or later_deg) >= 0 else -1.0
    change_deg = towards * (later_deg - earlier_deg)
    measurable = abs(change_deg) > error_deg - _ROUNDING_DEG
    return Change(change_deg, error_deg, measurable)
