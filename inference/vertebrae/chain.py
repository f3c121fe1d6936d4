"""From what the networks saw to an ordered column: the spine's line on a film, the vertebrae on a strip.

Both are found by dynamic programming, so that a rib or a doubtful disc cannot put the order wrong: the line
may not leap from row to row, and the vertebrae come one below the other at distances that occur in people.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

from inference.vertebrae.films import VERTEBRAE, Floats
from inference.vertebrae.heads import (
    CELL_PX,
    CENTRE,
    CORNERS,
    FINDER_LEVEL,
    LEVEL,
    LINE,
    LOG_SPREADS,
    OFFSETS,
    TILTS,
    UNIT_PX,
    Maps,
)
from inference.vertebrae.strip import COLUMNS, MARGIN, ROWS

Indices = NDArray[np.intp]

LEVEL_SCALE: Final = 9.0
LEVEL_MIDDLE: Final = 8.5
"""A level is learned as (level - 8.5) / 9, which lies about within -1 and 1."""

_LEAP_PENALTY: Final = 0.7
_MOST_LEAP: Final = 2

# Pitch of neighbouring vertebrae as a share of the column: T1-T2 is the smallest, L4-L5 the largest (means
# over the challenge's training films, smoothed).
_PITCH_SHARES: Final = np.linspace(0.0375, 0.0775, VERTEBRAE - 1)
_PITCH_SPREAD: Final = 0.16
_LEVEL_SPREAD: Final = 0.45


@dataclass(frozen=True, slots=True)
class SpineLine:
    """The column's middle on a finder's input: `line_px` (n, 2) from the top of T1 to the bottom of L5.

    `confidence`: mean probability of the line's cells, 0..1. `unseen`: how many levels of the seventeen lie
    where the picture ends. `rough`: deviation of the level along the line from a smooth course, in levels.
    """

    line_px: Floats
    confidence: float
    unseen: float
    rough: float


@dataclass(frozen=True, slots=True)
class Column:
    """Vertebrae on a strip, from above downward, in strip px.

    `corners` (n, 4, 2); `spread` (n, 4, 2), the network's own Laplace spread of each coordinate; `tilts` (n,
    2), of the endplates against the strip in radians, and `tilt_spread` (n, 2); `heights` (n,), the centres'
    probability; `heat_corners` (n, 4, 2) and `heat_moments` (n, 4, 2, 2), from the corners' heatmaps near
    `corners`; `levels` (n,), what the level map says at each centre; `score`, of the whole chain.
    """

    corners: Floats
    spread: Floats
    tilts: Floats
    tilt_spread: Floats
    heights: Floats
    heat_corners: Floats
    heat_moments: Floats
    levels: Floats
    score: float


def read_line(maps: Maps) -> SpineLine:
    """The column's line from a finder's answer (2, rows, columns)."""
    logits = log_softmax(maps[LINE].astype(np.float64), axis=1)
    path = _steady_path(logits)
    rows, columns = logits.shape
    share = np.exp(logits)
    cells = np.arange(columns)
    near = share * (np.abs(cells[None] - path[:, None]) <= _MOST_LEAP)
    weight = near.sum(axis=1)
    x = (near @ (cells + 0.5)) / weight * CELL_PX
    y = (np.arange(rows) + 0.5) * CELL_PX
    level = (near * (maps[FINDER_LEVEL] * LEVEL_SCALE + LEVEL_MIDDLE)).sum(axis=1) / weight
    use = (level > -0.5) & (level < VERTEBRAE + 0.5)
    if use.sum() < 8:
        use = np.ones(rows, dtype=bool)
    course, rough = _smooth_course(level[use], y[use], weight[use])
    # A column that is not there may be anywhere; one that is lies not far beyond the picture.
    reach = np.array([-0.5, 1.5]) * rows * CELL_PX
    top, bottom = np.clip(np.polyval(course, [0.0, float(VERTEBRAE)]), *reach)
    if not bottom - top > 8 * CELL_PX:
        top, bottom = y[use][0], y[use][-1]
    wanted = np.linspace(top, bottom, 64)
    shown = (wanted >= 0) & (wanted <= rows * CELL_PX)
    smooth_x = _through(x, y, weight, wanted)
    inside = (y >= top) & (y <= bottom)
    confidence = float(weight[inside].mean()) if inside.any() else 0.0
    return SpineLine(
        np.stack([smooth_x, wanted], axis=1), confidence, float((~shown).mean() * VERTEBRAE), rough
    )


def _through(x: Floats, y: Floats, weight: Floats, wanted: Floats) -> Floats:
    """x at the wanted heights; beyond the picture straight on from its outermost eighth."""
    found = np.interp(wanted, y, x)
    span = max(2, len(y) // 8)
    for beyond, part in ((wanted < y[0], slice(0, span)), (wanted > y[-1], slice(-span, None))):
        if beyond.any():
            slope, start = np.polyfit(y[part], x[part], 1, w=weight[part] + 1e-3)
            found[beyond] = slope * wanted[beyond] + start
    return np.asarray(found)


def _steady_path(logits: Floats) -> Indices:
    """Per row the column of the path with the greatest sum that leaps at most two columns a row (Viterbi)."""
    rows, columns = logits.shape
    best = logits[0]
    came = np.zeros((rows, columns), dtype=np.intp)
    leaps = np.arange(-_MOST_LEAP, _MOST_LEAP + 1)
    for row in range(1, rows):
        padded = np.pad(best, _MOST_LEAP, constant_values=-np.inf)
        options = np.stack(
            [
                padded[_MOST_LEAP + leap : _MOST_LEAP + leap + columns] - _LEAP_PENALTY * abs(leap)
                for leap in leaps
            ]
        )
        choice = options.argmax(axis=0)
        came[row] = np.arange(columns) + leaps[choice]
        best = options[choice, np.arange(columns)] + logits[row]
    path = np.empty(rows, dtype=np.intp)
    path[-1] = int(best.argmax())
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path


def _smooth_course(level: Floats, y: Floats, weight: Floats) -> tuple[Floats, float]:
    """A cubic y(level), fitted so that strays weigh little; and the mean deviation from it in levels."""
    trust = np.ones(len(y))
    course = np.polyfit(level, y, 1)
    for _ in range(6):
        course = np.polyfit(level, y, 3 if len(y) >= 16 else 1, w=np.sqrt(weight * trust) + 1e-6)
        off = np.abs(np.polyval(course, level) - y)
        trust = 1 / np.maximum(off / (np.median(off) + 1e-6), 1)
    pitch = max((y[-1] - y[0]) / max(np.ptp(level), 1.0), 1e-6)
    return course, float(np.average(off, weights=weight) / pitch)


def read_column(maps: Maps, count: int = VERTEBRAE) -> Column:
    """`count` vertebrae from a strip network's answer (26, rows, columns)."""
    heat = expit(maps[CENTRE][0].astype(np.float64))
    level = maps[LEVEL][0] * LEVEL_SCALE + LEVEL_MIDDLE
    peak_column = heat.argmax(axis=1)
    at_rows = np.arange(len(heat))
    row_heat = heat[at_rows, peak_column]
    width = heat.shape[1]
    middle = slice(width // 4, width - width // 4)
    row_level = np.median(level[:, middle], axis=1)
    chosen, score = _best_chain(row_heat, row_level, count)
    cells = [_weights_near(heat, int(row), int(peak_column[row])) for row in chosen]
    read = [_read_body(maps, where, weights) for where, weights in cells]
    corners = np.array([body[:8] for body in read]).reshape(-1, 4, 2)
    spreads = np.array([body[8:18] for body in read])
    tilts = np.array([body[18:20] for body in read])
    heat_corners, moments = _read_corners(expit(maps[CORNERS].astype(np.float64)), corners)
    return Column(
        corners=corners,
        spread=spreads[:, :8].reshape(-1, 4, 2),
        tilts=tilts,
        tilt_spread=spreads[:, 8:],
        heights=row_heat[chosen],
        heat_corners=heat_corners,
        heat_moments=moments,
        levels=row_level[chosen],
        score=score,
    )


def _best_chain(row_heat: Floats, row_level: Floats, count: int) -> tuple[Indices, float]:
    """Rows of the `count` centres with the best sum of heat, level and pitch; and that sum."""
    rows = len(row_heat)
    expected = (
        _PITCH_SHARES
        if count == VERTEBRAE
        else np.interp(np.linspace(0, 1, count - 1), np.linspace(0, 1, VERTEBRAE - 1), _PITCH_SHARES)
        * (VERTEBRAE - 1)
        / (count - 1)
    )
    pitch = expected * (ROWS / CELL_PX) / (1 + 2 * MARGIN)
    seen = np.log(row_heat + 0.01)
    gaps = np.arange(1, int(pitch.max() * 1.9) + 1)
    numbers = (np.arange(count) + 0.5) * VERTEBRAE / count
    agrees = -np.minimum((row_level[None] - numbers[:, None]) ** 2 / (2 * _LEVEL_SPREAD**2), 4.0)
    best = seen + agrees[0]
    came = np.zeros((count, rows), dtype=np.intp)
    for number in range(1, count):
        likely = -((np.log(gaps / pitch[number - 1])) ** 2) / (2 * _PITCH_SPREAD**2)
        options = np.full((len(gaps), rows), -np.inf)
        for place, gap in enumerate(gaps):
            options[place, gap:] = best[: rows - gap] + likely[place]
        choice = options.argmax(axis=0)
        came[number] = np.arange(rows) - gaps[choice]
        best = options[choice, np.arange(rows)] + seen + agrees[number]
    chosen = np.empty(count, dtype=np.intp)
    chosen[-1] = int(best.argmax())
    for number in range(count - 1, 0, -1):
        chosen[number - 1] = came[number, chosen[number]]
    return chosen, float(best.max())


def _weights_near(heat: Floats, row: int, column: int) -> tuple[tuple[slice, slice], Floats]:
    """The cells around a centre and how much each has to say."""
    where = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
    weights = heat[where] + 1e-9
    return where, weights / weights.sum()


def _read_body(maps: Maps, where: tuple[slice, slice], weights: Floats) -> Floats:
    """Eight corner coordinates, ten spreads, two tilts, averaged over the cells around a centre."""
    rows, columns = (
        np.arange(part.start, part.start + size) + 0.5
        for part, size in zip(where, weights.shape, strict=True)
    )
    patch = maps[(slice(None), *where)].astype(np.float64)
    x, y = np.meshgrid(columns * CELL_PX, rows * CELL_PX)
    own = np.stack([x, y] * 4) + patch[OFFSETS] * UNIT_PX
    spreads = np.exp(np.clip(patch[LOG_SPREADS], -5, 3)) * np.array([UNIT_PX] * 8 + [0.25] * 2)[:, None, None]
    everything = np.concatenate([own, spreads, patch[TILTS]])
    return np.asarray((everything * weights).sum(axis=(1, 2)))


def _read_corners(heats: Floats, guesses: Floats) -> tuple[Floats, Floats]:
    """Means and moments, in strip px, of the corners' heat near each guess."""
    _, rows, columns = heats.shape
    x, y = np.meshgrid((np.arange(columns) + 0.5) * CELL_PX, (np.arange(rows) + 0.5) * CELL_PX)
    means, moments = np.empty_like(guesses), np.empty((*guesses.shape, 2))
    for body, four in enumerate(guesses):
        for corner, guess in enumerate(four):
            near = np.exp(-((x - guess[0]) ** 2) / (2 * 6.0**2) - ((y - guess[1]) ** 2) / (2 * 8.0**2))
            weight = (heats[corner] + 1e-6) * near
            weight /= weight.sum()
            mean = np.array([(weight * x).sum(), (weight * y).sum()])
            off = np.stack([x - mean[0], y - mean[1]])
            means[body, corner] = mean
            moments[body, corner] = np.einsum("hw,ihw,jhw->ij", weight, off, off)
    return means, moments


def mirrored(column: Column) -> Column:
    """What was read from a mirrored strip, on the strip itself."""

    def flipped(points: Floats) -> Floats:
        return points[:, [1, 0, 3, 2]] * (-1, 1) + (COLUMNS, 0)

    return replace(
        column,
        corners=flipped(column.corners),
        spread=column.spread[:, [1, 0, 3, 2]],
        tilts=-column.tilts,
        heat_corners=flipped(column.heat_corners),
        heat_moments=column.heat_moments[:, [1, 0, 3, 2]] * np.array([[1, -1], [-1, 1]]),
    )


def averaged(one: Column, other: Column) -> Column:
    """The mean of two readings of the same vertebrae; their disagreement adds to the spread."""
    between = np.abs(one.heat_corners - other.heat_corners) / 2
    return Column(
        corners=(one.corners + other.corners) / 2,
        spread=np.hypot((one.spread + other.spread) / 2, between),
        tilts=(one.tilts + other.tilts) / 2,
        tilt_spread=(one.tilt_spread + other.tilt_spread) / 2,
        heights=(one.heights + other.heights) / 2,
        heat_corners=(one.heat_corners + other.heat_corners) / 2,
        heat_moments=(one.heat_moments + other.heat_moments) / 2,
        levels=(one.levels + other.levels) / 2,
        score=(one.score + other.score) / 2,
    )
