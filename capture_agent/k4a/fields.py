"""Checked entries of the JSON that describes cameras: each function gives the value or a clear
CameraError.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from capture_agent.k4a.errors import UnusableFile

ORIGIN_OFFSET_PX = {"corner": 0.0, "centre": 0.5}
"""What to add to a pixel coordinate of a file to come to SpineWeb's convention, by its `pixel_origin`."""


class CameraError(UnusableFile):
    """A camera description is incomplete or impossible."""


def mapping(data: object, what: str) -> Mapping[str, Any]:
    """`data` itself where it is a JSON object; else CameraError."""
    if not isinstance(data, Mapping):
        raise CameraError(f"{what} must be a JSON object.")
    return data


def number(entries: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """The finite number under `name`; CameraError where it is missing or is none."""
    value = entries.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CameraError(f"The entry {name} must be a finite number.")
    return float(value)


def whole(entries: Mapping[str, Any], name: str) -> int:
    """The whole number under `name`; CameraError where it is missing or is none."""
    value = number(entries, name)
    if value != int(value):
        raise CameraError(f"The entry {name} must be a whole number.")
    return int(value)


def numbers(values: object, count: int | None, name: str) -> list[float]:
    """`count` finite numbers (any count where None) of a list; CameraError otherwise."""
    if (
        not isinstance(values, Sequence)
        or isinstance(values, str)
        or (count is not None and len(values) != count)
    ):
        raise CameraError(f"The entry {name} must be a list of {count or 'finite'} numbers.")
    return [number({name: value}, name) for value in values]


def pixel_origin_offset(entries: Mapping[str, Any]) -> float:
    """px to add to the file's pixel coordinates; CameraError for an unknown `pixel_origin`."""
    origin = entries.get("pixel_origin", "centre")
    if not isinstance(origin, str) or origin not in ORIGIN_OFFSET_PX:
        raise CameraError('The entry pixel_origin must be "corner" or "centre".')
    return ORIGIN_OFFSET_PX[origin]
