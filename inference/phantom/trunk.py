"""The straight, symmetric trunk: rib cage and skin as cross-sections over height.

Sizes are key sections of a slim 14-year-old with a 440 mm column, chosen by eye against photographs and
films, not taken from a table; everything scales with the column, breadth and thickness with the body build.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from inference.phantom.morphometry import Floats

# y, half width, skin behind the column's centre line, skin in front of it, exponent of the superellipse
_SKIN: Final = np.array(
    [
        [-640, 58, 60, 52, 2.0],
        [-560, 55, 54, 56, 2.0],
        [-520, 55, 55, 58, 2.0],
        [-492, 60, 58, 60, 2.0],
        [-472, 78, 61, 62, 2.0],
        [-456, 104, 62, 66, 2.1],
        [-440, 132, 62, 74, 2.2],
        [-424, 156, 62, 84, 2.4],
        [-408, 168, 62, 94, 2.5],
        [-385, 170, 63, 105, 2.5],
        [-350, 163, 64, 116, 2.4],
        [-310, 151, 65, 124, 2.3],
        [-265, 144, 66, 130, 2.3],
        [-210, 139, 67, 134, 2.3],
        [-150, 130, 69, 130, 2.3],
        [-100, 119, 73, 122, 2.3],
        [-65, 116, 77, 116, 2.3],
        [-30, 124, 82, 112, 2.35],
        [10, 141, 89, 112, 2.4],
        [50, 155, 104, 106, 2.4],
        [90, 163, 119, 98, 2.4],
        [130, 166, 122, 92, 2.4],
        [175, 164, 112, 88, 2.4],
        [240, 158, 92, 86, 2.4],
        [330, 146, 80, 84, 2.4],
        [480, 124, 66, 76, 2.4],
        [640, 112, 60, 66, 2.4],
        [760, 104, 62, 58, 2.4],
    ],
    dtype=np.float64,
)
# y (at the back of the ring), half width, behind the column, in front of it
_CAGE: Final = np.array(
    [
        [-470, 30, 20, 30],
        [-440, 53, 36, 52],
        [-410, 78, 43, 72],
        [-370, 106, 47, 92],
        [-320, 121, 48, 104],
        [-260, 128, 48, 112],
        [-200, 128, 47, 114],
        [-150, 123, 45, 110],
        [-90, 112, 42, 100],
        [-40, 102, 38, 90],
        [20, 95, 38, 85],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True)
class Build:
    """Size of one trunk. scale: column / 440 mm; breadth: skeletal width; padding_mm: fat under the skin."""

    scale: float
    breadth: float
    padding_mm: float
    hip_factor: float


def angles(count: int) -> Floats:
    """Directions around the trunk, 0 = straight back, pi/2 = right; half as dense in front as behind."""
    even = np.linspace(-np.pi, np.pi, count, endpoint=False)
    return np.asarray(even - 0.35 * np.sin(even))


def section(
    half_width: Floats, behind: Floats, ahead: Floats, exponent: Floats, angle: Floats
) -> tuple[Floats, Floats]:
    """Superellipse: x and forward (both relative to the column) for each height and angle (broadcast)."""
    depth, middle = (ahead + behind) / 2, (ahead - behind) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    x = half_width * np.sign(sin) * np.abs(sin) ** (2 / exponent)
    forward = middle - depth * np.sign(cos) * np.abs(cos) ** (2 / exponent)
    return x, forward


def skin_section(build: Build, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Skin of the straight body at heights y (..., 1) mm and angles: x and forward of the column, mm."""
    keys = y / build.scale
    width, behind, ahead, exponent = (PchipInterpolator(_SKIN[:, 0], _SKIN[:, k])(keys) for k in range(1, 5))
    hips = 1 + (build.hip_factor - 1) / (1 + np.exp(-(keys + 20.0) / 25.0))
    soft = build.padding_mm * np.clip((keys + 520.0) / 150.0, 0.3, 1.0)
    return section(
        width * build.scale * build.breadth * hips + soft,
        behind * build.scale + 0.5 * soft,
        ahead * build.scale * build.breadth + soft,
        exponent,
        angle,
    )


def cage_section(build: Build, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Middle surface of the ribs at heights y and angles: x and forward of the column, mm."""
    keys = y / build.scale
    width, behind, ahead = (
        PchipInterpolator(_CAGE[:, 0], _CAGE[:, k])(np.clip(keys, -470, 20)) for k in (1, 2, 3)
    )
    exponent = np.full_like(width, 2.15)
    return section(
        width * build.scale * build.breadth,
        behind * build.scale,
        ahead * build.scale * build.breadth,
        exponent,
        angle,
    )
