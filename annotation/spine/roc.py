"""How well readers tell two classes apart: ROC curve, area under it, sensitivity and specificity.

A score says how sure a reader is that a case is positive; higher is surer, and equal scores are ties.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from annotation.spine.agreement import Estimate
from annotation.spine.geometry import Array, checked_points

_BESIDE = 1e-9


@dataclass(frozen=True, slots=True)
class RocPoint:
    """What calling positive all cases of at least a threshold's score gives."""

    false_positive_rate: float
    true_positive_rate: float


def roc_curve(negative: ArrayLike, positive: ArrayLike) -> list[RocPoint]:
    """The empirical ROC curve, from (0, 0) to (1, 1), one further point for each score that was given.

    `negative` (m,) and `positive` (n,) are the scores of either class, m and n >= 1. Raises ValueError for
    an empty class or a score that is no finite number.
    """
    low, high = _checked(negative, positive)
    thresholds = np.unique(np.concatenate([low, high]))[::-1]
    points = [RocPoint(0.0, 0.0)]
    points += [RocPoint(float((low >= t).mean()), float((high >= t).mean())) for t in thresholds]
    return points


def auc(negative: ArrayLike, positive: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """The area under the empirical ROC curve: how often a positive case scores above a negative one.

    Ties count half (Mann-Whitney; Hanley & McNeil 1982, Radiology 143:29). The limits are the two areas of
    which the found one lies as far as chance allows, by Hanley & McNeil's variance: Newcombe 2006, Stat Med
    25:559, method 5. They stay within 0 and 1 and do not collapse where the classes are told apart wholly.
    Arguments and errors as `roc_curve`.
    """
    low, high = _checked(negative, positive)
    order = np.sign(high[:, None] - low[None, :])
    area = float((order + 1).mean() / 2)
    z = _z(confidence)

    def too_far(limit: float) -> float:
        return (area - limit) ** 2 - z**2 * auc_variance(limit, len(low), len(high))

    # Just beside the found area: at an area of 0 or 1 itself, where nothing varies, `too_far` is nil.
    lower = 0.0 if area == 0 else _root(too_far, 0.0, area - _BESIDE)
    upper = 1.0 if area == 1 else _root(too_far, area + _BESIDE, 1.0)
    return Estimate(area, lower, upper)


def auc_variance(area: float, negatives: int, positives: int) -> float:
    """The variance of an area under the curve that is truly `area`, from so many cases of each class.

    Hanley & McNeil 1982, equation 2 and its exponential Q1 and Q2, with both class sizes in the weights
    replaced by their mean (Newcombe 2006, method 5), so that either class may be called positive.
    """
    weight = (negatives + positives) / 2 - 1
    spread = 1 + weight * (1 - area) / (2 - area) + weight * area / (1 + area)
    return area * (1 - area) * spread / (negatives * positives)


def proportion(hits: int, trials: int, *, confidence: float = 0.95) -> Estimate:
    """A share with its score interval: Wilson 1927, J Am Stat Assoc 22:209. Needs at least one trial."""
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"{hits} of {trials} is no share")
    z, share = _z(confidence), hits / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    margin = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return Estimate(share, max(middle - margin, 0.0), min(middle + margin, 1.0))


def _checked(negative: ArrayLike, positive: ArrayLike) -> tuple[Array, Array]:
    low, high = (
        checked_points(scores, (None,), name)
        for scores, name in ((negative, "negative"), (positive, "positive"))
    )
    if len(low) == 0 or len(high) == 0:
        raise ValueError("a ROC curve needs cases of both classes")
    return low, high


def _root(function: Callable[[float], float], lower: float, upper: float) -> float:
    # Here, since every web process would carry its 40 MiB.
    from scipy import optimize

    return float(optimize.brentq(function, lower, upper))


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(special.ndtri((1 + confidence) / 2))
