"""Agreement between readers, or between a reader and a model: ICC, SEM, MDC95, Bland-Altman, kappa.

`ratings` is (n subjects, k readers), complete. Confidence limits are two-sided, 95 % unless asked otherwise.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from annotation.spine.geometry import Array, checked_points


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its confidence limits."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences first - second: mean, standard deviation, and the limits of agreement bias -+ 1.96 SD."""

    bias: Estimate
    sd: float
    lower_limit: Estimate
    upper_limit: Estimate
    n: int


@dataclass(frozen=True, slots=True)
class _MeanSquares:
    subjects: float
    readers: float
    error: float
    n: int
    k: int


def icc_2_1(ratings: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """ICC(2,1): absolute agreement of a single reading; readers are a sample of all readers.

    Shrout & Fleiss 1979, Psychol Bull 86:420; limits of McGraw & Wong 1996, Psychol Methods 1:30, ICC(A,1).
    Raises ValueError for fewer than two subjects or readers, or when all subjects are rated alike.
    """
    ms = _mean_squares(ratings)
    n, k = ms.n, ms.k
    if ms.error == 0 and ms.readers == 0:
        return Estimate(1.0, 1.0, 1.0)
    if ms.error == 0 and ms.subjects == 0:
        raise ValueError("the subjects do not differ: agreement on them cannot be told from chance")
    r = (ms.subjects - ms.error) / (ms.subjects + (k - 1) * ms.error + k * (ms.readers - ms.error) / n)
    # The weights estimate a ratio of variances, which no negative estimate of the ICC can make negative.
    odds = max(r, 0.0) / (1 - max(r, 0.0))
    a = k * odds / n
    b = 1 + k * odds * (n - 1) / n
    spread = (a * ms.readers) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1))
    freedom = (a * ms.readers + b * ms.error) ** 2 / spread
    f_lower = _f_quantile(confidence, n - 1, freedom)
    f_upper = _f_quantile(confidence, freedom, n - 1)
    rest = k * ms.readers + (k * n - k - n) * ms.error
    lower = n * (ms.subjects - f_lower * ms.error) / (f_lower * rest + n * ms.subjects)
    upper = n * (f_upper * ms.subjects - ms.error) / (rest + n * f_upper * ms.subjects)
    return Estimate(r, lower, upper)


def icc_3_1(ratings: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """ICC(3,1): consistency of a single reading; these readers are all that matter. Sources as `icc_2_1`."""
    ms = _mean_squares(ratings)
    n, k = ms.n, ms.k
    if ms.error == 0:
        return Estimate(1.0, 1.0, 1.0)
    f = ms.subjects / ms.error
    f_lower = f / _f_quantile(confidence, n - 1, (n - 1) * (k - 1))
    f_upper = f * _f_quantile(confidence, (n - 1) * (k - 1), n - 1)
    value, lower, upper = ((each - 1) / (each + k - 1) for each in (f, f_lower, f_upper))
    return Estimate(value, lower, upper)


def sem(ratings: ArrayLike, *, kind: Literal["agreement", "consistency"] = "agreement") -> float:
    """Standard error of a single reading, in the unit of the ratings.

    "agreement" counts what readers differ by on average as error, "consistency" does not. De Vet 2006,
    J Clin Epidemiol 59:1033. Raises ValueError as `icc_2_1`, but lets all ratings be the same.
    """
    ms = _mean_squares(ratings, must_vary=False)
    if kind == "consistency":
        return math.sqrt(ms.error)
    if kind == "agreement":
        return math.sqrt(max(ms.readers - ms.error, 0.0) / ms.n + ms.error)
    raise ValueError(f"kind must be 'agreement' or 'consistency', not {kind!r}")


def mdc95(sem_value: float) -> float:
    """The smallest change that chance alone exceeds in 5 % of pairs of readings: 1.96 * sqrt(2) * SEM."""
    if not (math.isfinite(sem_value) and sem_value >= 0):
        raise ValueError(f"a standard error of measurement cannot be {sem_value}")
    return 1.96 * math.sqrt(2) * sem_value


def bland_altman(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> BlandAltman:
    """Bias and 95 % limits of agreement of two series (n,) on the same subjects, n >= 3.

    Limits and their standard errors as in Bland & Altman 1999, Stat Methods Med Res 8:135, section 2.
    """
    a = checked_points(first, (None,), "first")
    difference = a - checked_points(second, a.shape, "second")
    n = len(difference)
    if n < 3:
        raise ValueError(f"limits of agreement need at least three pairs, not {n}")
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = _t_quantile(confidence, n - 1)
    bias_margin = t * sd / math.sqrt(n)
    limit_margin = t * sd * math.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    lower, upper = bias - 1.96 * sd, bias + 1.96 * sd
    return BlandAltman(
        bias=Estimate(bias, bias - bias_margin, bias + bias_margin),
        sd=sd,
        lower_limit=Estimate(lower, lower - limit_margin, lower + limit_margin),
        upper_limit=Estimate(upper, upper - limit_margin, upper + limit_margin),
        n=n,
    )


def weighted_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    categories: Sequence[Hashable],
    *,
    weights: Literal["none", "linear", "quadratic"] = "quadratic",
    confidence: float = 0.95,
) -> Estimate:
    """Cohen's kappa of two readers' categories, given in their order; near ones count as nearly equal.

    Cohen 1968, Psychol Bull 70:213; standard error of Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323.
    Raises ValueError for an unknown category, unequal lengths, or when both readers used a single category.
    """
    share = _shares(first, second, categories)
    agreement = _agreement_weights(len(categories), weights)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed, expected = float((agreement * share).sum()), float(rows @ agreement @ columns)
    if math.isclose(expected, 1.0):
        raise ValueError("kappa is not defined: both readers used one and the same category throughout")
    kappa = (observed - expected) / (1 - expected)
    marginal = (agreement @ columns)[:, None] + (rows @ agreement)[None, :]
    scatter = float((share * (agreement - marginal * (1 - kappa)) ** 2).sum())
    variance = scatter - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(variance, 0.0) / len(first)) / (1 - expected)
    margin = float(special.ndtri(_upper_tail(confidence))) * error
    return Estimate(kappa, max(kappa - margin, -1.0), min(kappa + margin, 1.0))


def _shares(first: Sequence[Hashable], second: Sequence[Hashable], categories: Sequence[Hashable]) -> Array:
    place = {category: index for index, category in enumerate(categories)}
    if len(place) < 2 or len(place) != len(categories):
        raise ValueError("categories: give at least two, each once")
    if len(first) != len(second) or len(first) == 0:
        raise ValueError(
            f"both readers must have rated the same subjects, not {len(first)} and {len(second)}"
        )
    counts = np.zeros((len(place), len(place)))
    for pair in zip(first, second, strict=True):
        unknown = [rating for rating in pair if rating not in place]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of the categories")
        counts[place[pair[0]], place[pair[1]]] += 1
    return counts / len(first)


def _agreement_weights(size: int, weights: str) -> Array:
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / (size - 1)
    if weights == "none":
        return np.asarray(np.eye(size))
    if weights not in ("linear", "quadratic"):
        raise ValueError(f"weights must be 'none', 'linear' or 'quadratic', not {weights!r}")
    return np.asarray(1.0 - distance ** (1 if weights == "linear" else 2))


def _mean_squares(ratings: ArrayLike, *, must_vary: bool = True) -> _MeanSquares:
    """Two-way analysis of variance without replication, Shrout & Fleiss 1979, table 2."""
    table = checked_points(ratings, (None, None), "ratings")
    n, k = table.shape
    if n < 2 or k < 2:
        raise ValueError(f"ratings: at least two subjects and two readers are needed, not {n} and {k}")
    if must_vary and (table == table[0, 0]).all():
        raise ValueError("ratings are all the same: agreement cannot be told from a lack of differences")
    grand, of_subject, of_reader = table.mean(), table.mean(axis=1), table.mean(axis=0)
    residual = table - of_subject[:, None] - of_reader[None, :] + grand
    # What is left of exact zeros by rounding must not become a degree of agreement.
    noise = (np.finfo(np.float64).eps * float(np.abs(table).max())) ** 2 * n * k
    squares = (
        k * ((of_subject - grand) ** 2).sum() / (n - 1),
        n * ((of_reader - grand) ** 2).sum() / (k - 1),
        (residual**2).sum() / ((n - 1) * (k - 1)),
    )
    subjects, readers, error = (float(square) if square > noise else 0.0 for square in squares)
    return _MeanSquares(subjects, readers, error, n, k)


def _upper_tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return (1 + confidence) / 2


def _f_quantile(confidence: float, over: float, under: float) -> float:
    return float(special.fdtri(over, under, _upper_tail(confidence)))


def _t_quantile(confidence: float, freedom: float) -> float:
    return float(special.stdtrit(freedom, _upper_tail(confidence)))
