"""What the two networks are taught and what is read from them: their channels and their cells.

Both answer at a quarter of their input: the centre of cell (i, j) lies at ((j + 0.5) * 4, (i + 0.5) * 4).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.vertebrae.films import VERTEBRAE, Floats, Grey
from inference.vertebrae.strip import COLUMNS, ROWS, Strip

Maps = NDArray[np.float32]

CELL_PX: Final = 4
CELL_ROWS: Final = ROWS // CELL_PX
CELL_COLUMNS: Final = COLUMNS // CELL_PX
UNIT_PX: Final = 16.0
"""Offsets of corners are learned in this many strip px, which makes them about 1."""

# Channels of the strip network.
CENTRE: Final = slice(0, 1)
CORNERS: Final = slice(1, 5)
HEATS: Final = slice(0, 5)
OFFSETS: Final = slice(5, 13)
TILTS: Final = slice(13, 15)
LOG_SPREADS: Final = slice(15, 25)
"""Logarithms of the Laplace spreads of the eight offsets and the two tilts."""
LEVEL: Final = slice(25, 26)
STRIP_OUTPUTS: Final = 26
STRIP_CHANNELS: Final = 2

# Channels of the finder.
LINE: Final = 0
FINDER_LEVEL: Final = 1
FINDER_OUTPUTS: Final = 2
FINDER_CHANNELS: Final = 1

_SIGMA_ROWS: Final = 1.25
_SIGMA_COLUMNS: Final = 1.0
_REACH: Final = 5
"""Rows of cells; beyond four sigmas a Gaussian is drawn as 0."""
_NEAR: Final = 0.2
_LOCAL_BOX: Final = (37, 73)
"""Columns and rows over which contrast is local: about a vertebra and its discs."""


@dataclass(frozen=True, slots=True)
class StripTargets:
    """For one strip: `heats` (5, rows, columns) Gaussians of height 1; `regressed` (10, rows, columns),
    offsets in `UNIT_PX` and tilts in radians against the strip's; `near` (rows, columns), 1 where they are
    asked for; `level` (rows,), 0 at the top of T1 and 17 at the bottom of L5; `on_column` (rows, columns)."""

    heats: Maps
    regressed: Maps
    near: Maps
    level: Maps
    on_column: Maps


def strip_input(greys: Maps) -> Maps:
    """The strip network's input (2, ROWS, COLUMNS): the greys standardised, and their local contrast."""
    flat = (greys - greys.mean()) / (greys.std() + 1e-3)
    off = greys - _around(greys)
    local = off / (np.sqrt(np.maximum(_around(off * off), 0)) + 2.0)
    return np.stack([flat, local]).astype(np.float32)


def _around(values: Maps) -> Maps:
    """The mean of what surrounds each pixel: two boxes, nearly a Gaussian and much quicker than one."""
    for _ in range(2):
        values = np.asarray(cv2.blur(values, _LOCAL_BOX, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
    return values


def strip_targets(strip: Strip, corners_px: Floats, mirrored: bool) -> StripTargets:
    """Targets for corners (17, 4, 2) in film px; `mirrored`: the strip's columns are given in reverse
    order."""
    corners = strip.strip_from_film(corners_px)
    tilts = np.radians(_endplate_tilts_deg(corners_px) - strip.tilt_deg(corners.mean(axis=1)[:, 1])[:, None])
    if mirrored:
        corners = corners[:, [1, 0, 3, 2]] * (-1, 1) + (COLUMNS, 0)
        tilts = -tilts
    centres = corners.mean(axis=1)
    heats = np.zeros((5, CELL_ROWS, CELL_COLUMNS), np.float32)
    regressed = np.zeros((10, CELL_ROWS, CELL_COLUMNS), np.float32)
    rows, columns = (np.arange(size, dtype=np.float64) + 0.5 for size in (CELL_ROWS, CELL_COLUMNS))
    for body, centre, two in zip(corners, centres, tilts, strict=True):
        for channel, point in enumerate([centre, *body]):
            part = _rows_near(point)
            heat = _gaussian(point / CELL_PX, rows[part], columns)
            if channel == 0:
                mine = heat > heats[0, part]
                at = np.stack(np.meshgrid(columns, rows[part]), axis=2) * CELL_PX
                offsets = (body[:, None, None] - at[None]) / UNIT_PX
                regressed[:8, part][:, mine] = offsets.transpose(0, 3, 1, 2).reshape(8, *mine.shape)[:, mine]
                regressed[8:, part][:, mine] = two[:, None]
            np.maximum(heats[channel, part], heat, out=heats[channel, part])
    level = np.interp(rows * CELL_PX, *_level_knots(corners)).astype(np.float32)
    middle = np.interp(rows * CELL_PX, centres[:, 1], centres[:, 0]) / CELL_PX
    on_column = (np.abs(columns[None] - middle[:, None]) < 3).astype(np.float32)
    return StripTargets(heats, regressed, (heats[0] > _NEAR).astype(np.float32), level, on_column)


def _rows_near(point: Floats) -> slice:
    """The rows of cells that a point's Gaussian reaches."""
    row = int(np.clip(point[1] / CELL_PX, 0, CELL_ROWS - 1))
    return slice(max(row - _REACH, 0), row + _REACH + 1)


def _gaussian(cell: Floats, rows: Floats, columns: Floats) -> Maps:
    along = np.exp(-((rows - cell[1]) ** 2) / (2 * _SIGMA_ROWS**2))
    across = np.exp(-((columns - cell[0]) ** 2) / (2 * _SIGMA_COLUMNS**2))
    return np.asarray(along[:, None] * across[None], dtype=np.float32)


def _level_knots(corners: Floats) -> tuple[Floats, Floats]:
    """Rows at which the level is known: the middle of each vertebra, and straight on beyond the first and
    last."""
    middles = corners.mean(axis=1)[:, 1]
    steps = np.diff(middles)
    above, below = middles[0] - 3 * steps[0], middles[-1] + 3 * steps[-1]
    levels = np.arange(VERTEBRAE) + 0.5
    knots = np.concatenate([[above], middles, [below]])
    return np.maximum.accumulate(knots), np.concatenate([[levels[0] - 3], levels, [levels[-1] + 3]])


def _endplate_tilts_deg(corners_px: Floats) -> Floats:
    across = corners_px[:, [1, 3]] - corners_px[:, [0, 2]]
    return np.asarray(np.degrees(np.arctan2(across[..., 1], across[..., 0])))


def finder_input(grey: Grey | Maps) -> Maps:
    """The finder's input (1, height, width): the greys standardised."""
    values = grey.astype(np.float32)
    return np.asarray((values - values.mean()) / (values.std() + 1e-3))[None]


def finder_targets(line_px: Floats, corners_px: Floats, height: int, width: int) -> tuple[Maps, Maps, Maps]:
    """For a finder's input of a size: `line` (rows,), the column's middle in cells, NaN above and below it;
    `level` (rows,), as in `StripTargets`; `on_column` (rows, columns), 1 where the level is asked for."""
    rows, columns = height // CELL_PX, width // CELL_PX
    at = (np.arange(rows) + 0.5) * CELL_PX
    knots, levels = _level_knots(corners_px)
    level = np.interp(at, knots, levels).astype(np.float32)
    middle = np.interp(at, np.maximum.accumulate(line_px[:, 1]), line_px[:, 0]) / CELL_PX
    inside = (at >= line_px[0, 1]) & (at <= line_px[-1, 1])
    near = np.abs(np.arange(columns)[None] + 0.5 - middle[:, None]) < 2
    asked = near & (at > knots[0])[:, None] & (at < knots[-1])[:, None]
    return np.where(inside, middle, np.nan).astype(np.float32), level, asked.astype(np.float32)
