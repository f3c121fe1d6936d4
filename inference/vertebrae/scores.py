"""How well found vertebrae agree with labelled ones: the figures of the field, each named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.spine.aasce import aasce_angles
from inference.vertebrae.films import Floats

SEVERITIES: Final = ("below 10", "10 to 25", "25 to 40", "40 and more")
_BOUNDS: Final = (10.0, 25.0, 40.0)
_QUANTILES: Final = {"median": 50, "p90": 90, "p95": 95}


@dataclass(frozen=True, slots=True)
class FilmScore:
    """One film. `distances_px` (17, 4) of the corners; `corner_heights`: their mean in heights of the film's
    own vertebrae; `normalised_mse`: mean over the 136 coordinates x / width, y / height; `found_deg`,
    `true_deg` (3,): the challenge's angles; `smape_percent`: 100 x sum |a - b| / sum (a + b) over the
    three."""

    distances_px: Floats
    corner_heights: float
    normalised_mse: float
    found_deg: Floats
    true_deg: Floats

    @property
    def corner_px(self) -> float:
        return float(self.distances_px.mean())

    @property
    def smape_percent(self) -> float:
        total = float((self.found_deg + self.true_deg).sum())
        return 100 * float(np.abs(self.found_deg - self.true_deg).sum()) / total if total > 0 else 0.0

    @property
    def major_error_deg(self) -> float:
        """Of the largest angle, signed: found minus true."""
        return float(self.found_deg[0] - self.true_deg[0])


def score(
    found_px: Floats, true_px: Floats, width: int, height: int, true_deg: Floats | None = None
) -> FilmScore:
    """Corners (17, 4, 2) found on a film against the labelled ones; `true_deg`: the folder's own angles, else
    those of the labelled corners."""
    distances = np.hypot(*np.moveaxis(found_px - true_px, -1, 0))
    heights = np.hypot(*np.moveaxis(true_px[:, 2:] - true_px[:, :2], -1, 0)).mean()
    return FilmScore(
        distances_px=distances,
        corner_heights=float(distances.mean() / heights),
        normalised_mse=float((((found_px - true_px) / (width, height)) ** 2).mean()),
        found_deg=np.array(aasce_angles(found_px, height)),
        true_deg=np.array(aasce_angles(true_px, height)) if true_deg is None else true_deg,
    )


def severity(major_deg: float) -> int:
    """The class of a largest angle: index into `SEVERITIES`."""
    return int(np.searchsorted(_BOUNDS, major_deg, side="right"))


def weighted_kappa(found: Sequence[int], true: Sequence[int]) -> float:
    """Cohen's kappa with quadratic weights (Cohen, Psychological Bulletin 1968); NaN when all are alike."""
    classes = len(SEVERITIES)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (list(found), list(true)), 1)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
    weights = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    chance = float((weights * expected).sum())
    return 1 - float((weights * counts).sum()) / chance if chance else float("nan")


def summary(scores: Sequence[FilmScore]) -> dict[str, float]:
    """Flat figures over films; empty when there are none."""
    if not scores:
        return {"images": 0}
    found, true = (np.array([getattr(one, name) for one in scores]) for name in ("found_deg", "true_deg"))
    off = found - true
    distances = np.array([one.distances_px for one in scores])
    figures = {
        "images": len(scores),
        "points": int(distances.size),
        "error_px_mean": float(distances.mean()),
        **{f"error_px_{name}": float(np.percentile(distances, q)) for name, q in _QUANTILES.items()},
        "corner_heights_mean": float(np.mean([one.corner_heights for one in scores])),
        "normalised_mse": float(np.mean([one.normalised_mse for one in scores])),
        "smape_percent": float(np.mean([one.smape_percent for one in scores])),
        "major_within_5_deg_percent": 100 * float((np.abs(off[:, 0]) <= 5).mean()),
        "severity_kappa": weighted_kappa(
            [severity(value) for value in found[:, 0]], [severity(value) for value in true[:, 0]]
        ),
    }
    for index, name in enumerate(("major", "second", "third")):
        spread = float(off[:, index].std(ddof=1)) if len(scores) > 1 else float("nan")
        bias = float(off[:, index].mean())
        figures |= {
            f"{name}_mae_deg": float(np.abs(off[:, index]).mean()),
            f"{name}_median_deg": float(np.median(np.abs(off[:, index]))),
            f"{name}_bias_deg": bias,
            f"{name}_lower_limit_deg": bias - 1.96 * spread,
            f"{name}_upper_limit_deg": bias + 1.96 * spread,
            f"{name}_pearson": _pearson(found[:, index], true[:, index]),
        }
    # JSON knows no NaN: a figure that one film cannot have is left out.
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def _pearson(found: Floats, true: Floats) -> float:
    """Correlation; NaN where one of them does not vary."""
    if len(found) < 2 or not found.std() or not true.std():
        return float("nan")
    return float(np.corrcoef(found, true)[0, 1])


def bootstrapped_mean(
    values: Floats, patients: Sequence[str], rng: np.random.Generator, rounds: int = 2000
) -> tuple[float, float]:
    """The 95 % interval of the mean of one value per film, drawn by patient: a patient's films are alike."""
    _, person = np.unique(np.asarray(patients), return_inverse=True)
    people = int(person.max()) + 1
    sums, counts = np.bincount(person, values, people), np.bincount(person, minlength=people)
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=rounds)
    low, high = np.percentile((drawn @ sums) / (drawn @ counts), [2.5, 97.5])
    return float(low), float(high)
