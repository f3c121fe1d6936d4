"""How columns of vertebrae look, and which vertebra of a labelled one does not.

A probabilistic principal component model (Tipping, Bishop: Probabilistic Principal Component Analysis, JRSS
B 1999) of the column with its curve taken out: each body in the frame of its own stretch of the column, and
the way from each body to the next, all as shares of the column's length. A curve, however large, is therefore
never odd; a vertebra passed over, named twice, drawn too large or with exchanged corners is. Each body is
judged by what the model expects of it from all the others.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from annotation.spine.geometry import Array, checked_points

VERTEBRAE: Final = 17
_PER_BODY: Final = 9
"""Eight coordinates of the corners about the body's centre, and the way to the next body."""
_FILE: Final = Path(__file__).with_name("shape_model.json")

ODD_FROM: Final = 3.5
"""A body this many standard deviations from what the others lead to expect is shown to a person. Of the
challenge's 450 films without a gross fault 1.6 % have such a body (the films the model was fitted to)."""

Fault = Literal["order", "twice", "skipped", "shape"]
_WORDS: Final[dict[Fault, tuple[str, str]]] = {
    "order": ("lies above the vertebra before it", "lie above the vertebrae before them"),
    "twice": ("lies on the vertebra above it", "lie on the vertebrae above them"),
    "skipped": (
        "is followed by a gap, as if a vertebra had been passed over",
        "are followed by gaps, as if vertebrae had been passed over",
    ),
    "shape": ("has an unusual shape", "have unusual shapes"),
}
"""Of one vertebra, and of several."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A vertebra that a person should look at. `row` counts from the top; `score`: standard deviations."""

    row: int
    fault: Fault
    score: float


@dataclass(frozen=True, slots=True)
class ShapeModel:
    """`mean` (n,), `modes` (k, n) with deviations `spread` (k,); `rest`, the deviation of what is left."""

    mean: Array
    modes: Array
    spread: Array
    rest: float

    @classmethod
    def fitted(cls, columns_px: ArrayLike, modes: int) -> Self:
        """The model of columns (count, 17, 4, 2) in px. Raises ValueError with fewer columns than modes."""
        features = np.array([column_features(column) for column in np.asarray(columns_px, dtype=np.float64)])
        if len(features) <= modes:
            raise ValueError(f"{modes} modes need more than {modes} columns, not {len(features)}")
        mean = features.mean(axis=0)
        _, singular, directions = np.linalg.svd(features - mean, full_matrices=False)
        variances = singular**2 / len(features)
        rest = float(variances[modes:].sum() / (features.shape[1] - modes))
        spread = np.sqrt(np.maximum(variances[:modes] - rest, 0))
        return cls(mean, directions[:modes], spread, float(np.sqrt(rest)))

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Self:
        """The model that `to_json` wrote."""
        mean, modes, spread = (np.array(data[name], dtype=np.float64) for name in ("mean", "modes", "spread"))
        return cls(mean, modes, spread, float(str(data["rest"])))

    def to_json(self) -> dict[str, object]:
        """Plain numbers, rounded to what matters: a hundred-thousandth of the column's length."""
        return {
            "mean": self.mean.round(5).tolist(),
            "modes": self.modes.round(4).tolist(),
            "spread": self.spread.round(6).tolist(),
            "rest": round(self.rest, 7),
        }

    def scores(self, corners_px: ArrayLike) -> Array:
        """How odd each body is: (17,) Mahalanobis distances, brought to the scale of one number's deviation.

        Body v against its expectation from the others: with L the inverse covariance and d the deviation from
        the mean, the distance is that of (L d)_v under L_vv (the conditional normal distribution).
        """
        deviation = column_features(corners_px) - self.mean
        covariance = self.modes.T @ np.diag(self.spread**2) @ self.modes + self.rest**2 * np.eye(
            len(self.mean)
        )
        inverse = np.linalg.inv(covariance)
        pulled = inverse @ deviation
        found = np.empty(VERTEBRAE)
        for row in range(VERTEBRAE):
            mine = slice(row * _PER_BODY, (row + 1) * _PER_BODY)
            distance = float(pulled[mine] @ np.linalg.solve(inverse[mine, mine], pulled[mine]))
            found[row] = np.sqrt(max(distance, 0.0) / _PER_BODY)
        return found


def column_features(corners_px: ArrayLike) -> Array:
    """A column (17, 4, 2), TL TR BL BR, without its place, size and curve: (153,) shares of its length.

    Per body: its corners about its centre as (across, along) the chord from the body above to the body below,
    and the distance to the next body (0 for the last). Raises ValueError when neighbours coincide.
    """
    corners = checked_points(corners_px, (VERTEBRAE, 4, 2), "corners_px")
    centres = corners.mean(axis=1)
    steps = np.hypot(*np.diff(centres, axis=0).T)
    length = float(steps.sum())
    above, below = centres[[0, *range(VERTEBRAE - 1)]], centres[[*range(1, VERTEBRAE), VERTEBRAE - 1]]
    chords = below - above
    sizes = np.hypot(*chords.T)
    if not length > 0 or not sizes.all():
        raise ValueError("two neighbouring vertebrae lie at the same place: move one of them")
    down = chords / sizes[:, None]
    right = np.stack([down[:, 1], -down[:, 0]], axis=1)
    about = corners - centres[:, None]
    local = np.stack([(about * axis[:, None]).sum(axis=2) for axis in (right, down)], axis=2) / length
    ways = np.append(steps, 0.0) / length
    return np.concatenate([local.reshape(VERTEBRAE, 8), ways[:, None]], axis=1).ravel()


def oddities(corners_px: ArrayLike, model: ShapeModel | None = None) -> list[Oddity]:
    """The vertebrae of a labelled column (17, 4, 2) that a person should look at, from above downward.

    `model`: the shipped one unless given. Raises ValueError for a wrong shape or a missing number.
    """
    corners = checked_points(corners_px, (VERTEBRAE, 4, 2), "corners_px")
    shape = model or shipped()
    steps = _steps_along(corners)
    usual = (
        shape.mean.reshape(VERTEBRAE, _PER_BODY)[:-1, -1] * float(np.median(np.abs(steps))) * (VERTEBRAE - 1)
    )
    if (steps <= 0).any():
        return [Oddity(int(row) + 1, "order", float("inf")) for row in np.flatnonzero(steps <= 0)]
    found = {
        int(row) + 1: Oddity(int(row) + 1, "twice", float("inf"))
        for row in np.flatnonzero(steps < 0.4 * usual)
    }
    scores = shape.scores(corners)
    wide = np.append(steps, 0.0) > 1.5 * np.append(usual, np.inf)
    for row in np.flatnonzero(scores > ODD_FROM):
        fault: Fault = "skipped" if wide[row] else "shape"
        found.setdefault(int(row), Oddity(int(row), fault, float(scores[row])))
    return [found[row] for row in sorted(found)]


def told(found: Sequence[Oddity], levels: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """One sentence per fault, with the levels that it is about; `levels` are those of the column's rows."""
    sentences = []
    for fault, (of_one, of_several) in _WORDS.items():
        odd = tuple(levels[each.row] for each in found if each.fault == fault)
        if odd:
            sentences.append((odd, f"{', '.join(odd)} {of_one if len(odd) == 1 else of_several}."))
    return sentences


def in_order(corners_px: ArrayLike) -> Array:
    """The bodies (n, 4, 2) of a column, the last one moved to the top when it lies above the first.

    Labels made by a program that counted from the wrong row come so: 18 of the challenge's 481 films.
    """
    corners = checked_points(corners_px, (None, 4, 2), "corners_px")
    centres = corners.mean(axis=1)
    return np.roll(corners, 1, axis=0) if centres[-1, 1] < centres[0, 1] else corners


@cache
def shipped() -> ShapeModel:
    """The model of the challenge's films whose labels are not known to be wrong: numbers, nothing of them."""
    return ShapeModel.from_json(json.loads(_FILE.read_text(encoding="utf-8")))


def _steps_along(corners: Array) -> Array:
    """How far each body lies below the one above it, along the line from the second to the last but one."""
    centres = corners.mean(axis=1)
    down = centres[-2] - centres[1]
    size = float(np.hypot(*down))
    if size == 0:
        raise ValueError("the column has no length: its vertebrae lie at the same place")
    return np.asarray(np.diff(centres, axis=0) @ (down / size))
