"""Figures over many films, phantom beside real, and their table.

Each distance between phantom and real stands beside the same distance between two random halves of the real
films: what a perfect phantom would score.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import ks_2samp, wasserstein_distance

from inference.phantom.measures import (
    LEVELS,
    Sample,
    Shape,
    edge_contrast,
    edge_profiles,
    histogram,
    normalised,
    shape_of,
    spectrum,
)
from inference.phantom.morphometry import Floats

EDGES: Final = ("thoracic endplates", "thoracic walls", "lumbar endplates", "lumbar walls")
CURVED_DEG: Final = 10.0


@dataclass(frozen=True)
class Measured:
    """What was measured on each film of one kind; arrays over films first."""

    shapes: list[Shape]
    histograms: Floats
    profiles: Floats
    contrasts: Floats
    spectra: Floats

    def half(self, chosen: Sequence[int]) -> "Measured":
        """Some of the films."""
        picked = list(chosen)
        return Measured(
            [self.shapes[i] for i in picked],
            self.histograms[picked],
            self.profiles[picked],
            self.contrasts[picked],
            self.spectra[picked],
        )


def measure(films: Iterable[Sample]) -> Measured:
    """Measure every film whose corners are a column."""
    shapes, histograms, profiles, contrasts, spectra = [], [], [], [], []
    for film in films:
        try:
            shapes.append(shape_of(film.corners))
        except ValueError:
            continue
        sample = normalised(film)
        across = edge_profiles(sample)
        histograms.append(histogram(sample))
        profiles.append(across.reshape(17, 2, 2, -1).mean(2))
        contrasts.append(edge_contrast(across))
        spectra.append(spectrum(sample))
    if len(shapes) < 2:
        raise ValueError("fewer than two films could be measured")
    return Measured(shapes, np.array(histograms), np.array(profiles), np.array(contrasts), np.array(spectra))


def compared(phantom: Measured, real: Measured, seed: int = 0) -> dict[str, Any]:
    """All figures, as plain JSON values."""
    order = np.random.default_rng(seed).permutation(len(real.shapes))
    halves = real.half(order[::2].tolist()), real.half(order[1::2].tolist())
    return {
        "films": {"phantom": len(phantom.shapes), "real": len(real.shapes)},
        "shape": {
            "phantom": _shape_figures(phantom),
            "real": _shape_figures(real),
        },
        "distance": {
            "phantom_to_real": _distances(phantom, real),
            "real_half_to_half": _distances(*halves),
        },
        "edge_contrast_grey": {
            name: {
                "phantom": _quantiles(phantom.contrasts[:, k]),
                "real": _quantiles(real.contrasts[:, k]),
            }
            for k, name in enumerate(EDGES)
        },
        "proportions": _proportions(phantom, real),
    }


def _shape_figures(found: Measured) -> dict[str, Any]:
    major = np.array([s.major_deg for s in found.shapes])
    curved = [s for s in found.shapes if s.major_deg >= CURVED_DEG]
    apex = np.array([s.apex for s in curved])
    thoracic = [s for s in curved if s.apex < LEVELS.index("T12") - 0.5]
    other = [s for s in curved if s.apex >= LEVELS.index("T12") - 0.5]
    return {
        "major_deg": _quantiles(major),
        "no_curve_share": round(float(np.mean(major < CURVED_DEG)), 3),
        "curves_mean": round(float(np.mean([s.curves for s in found.shapes])), 2),
        "apex_quartiles": [LEVELS[round(float(q))] for q in np.quantile(apex, [0.25, 0.5, 0.75])],
        "right_share_thoracic": _right_share(thoracic),
        "right_share_other": _right_share(other),
    }


def _right_share(shapes: Sequence[Shape]) -> float | None:
    return _rounded(sum(s.right for s in shapes) / len(shapes)) if shapes else None


def _quantiles(values: Floats) -> list[float]:
    """10, 50 and 90 %."""
    return [round(float(q), 2) for q in np.quantile(values, [0.1, 0.5, 0.9])]


def _distances(one: Measured, other: Measured) -> dict[str, float]:
    """Kolmogorov-Smirnov for the shapes, shares and grey levels for the pictures."""

    def column(found: Measured, name: str) -> Floats:
        # Rounded, so that what is equal but for the last bits is equal.
        return np.round([getattr(s, name) for s in found.shapes], 6)

    def apices(found: Measured) -> Floats:
        values = column(found, "apex")
        return values[np.isfinite(values)]

    grey = np.linspace(2, 254, 64)
    means = one.histograms.mean(0), other.histograms.mean(0)
    return {
        "major angle, KS": _rounded(ks_2samp(column(one, "major_deg"), column(other, "major_deg")).statistic),
        "apex level, KS": _rounded(ks_2samp(apices(one), apices(other)).statistic),
        "pooled histogram, total variation": _rounded(0.5 * np.abs(means[0] - means[1]).sum()),
        "pooled histogram, earth mover (grey)": _rounded(wasserstein_distance(grey, grey, *means)),
        "edge profiles, RMS (grey)": _rounded(
            np.sqrt(((_centred(one.profiles) - _centred(other.profiles)) ** 2).mean())
        ),
        "power spectrum, RMS (log10)": _rounded(
            np.sqrt(((one.spectra.mean(0) - other.spectra.mean(0)) ** 2).mean())
        ),
    }


def _centred(profiles: Floats) -> Floats:
    """Mean profile of each level and kind of edge, without its mean grey."""
    mean = profiles.mean(0)
    return np.asarray(mean - mean.mean(-1, keepdims=True))


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _proportions(phantom: Measured, real: Measured) -> dict[str, Any]:
    """Medians over films, % of the column, and the largest and mean relative difference over the levels."""
    found = {}
    for name in ("width", "height", "disc"):
        ours, theirs = (
            100 * np.median([getattr(s, name) for s in which.shapes], axis=0) for which in (phantom, real)
        )
        off = 100 * np.abs(ours / theirs - 1)
        found[name] = {
            "phantom_percent": np.round(ours, 2).tolist(),
            "real_percent": np.round(theirs, 2).tolist(),
            "mean_difference_percent": _rounded(off.mean()),
            "largest_difference_percent": _rounded(off.max()),
        }
    return found


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [f"Films: {found['films']['phantom']} phantom, {found['films']['real']} real.", ""]
    lines += ["| shape (the angle: 10, 50, 90 %) | phantom | real |", "|---|---|---|"]
    ours, theirs = found["shape"]["phantom"], found["shape"]["real"]
    lines += [f"| {name.replace('_', ' ')} | {ours[name]} | {theirs[name]} |" for name in ours]
    lines += ["", "| distance | phantom to real | real half to half |", "|---|---|---|"]
    near, floor = found["distance"]["phantom_to_real"], found["distance"]["real_half_to_half"]
    lines += [f"| {name} | {near[name]} | {floor[name]} |" for name in near]
    lines += ["", "| contrast of edges, grey (10, 50, 90 %) | phantom | real |", "|---|---|---|"]
    lines += [f"| {n} | {v['phantom']} | {v['real']} |" for n, v in found["edge_contrast_grey"].items()]
    lines += ["", "| share of the column | mean difference | largest difference |", "|---|---|---|"]
    lines += [
        f"| {n} | {v['mean_difference_percent']} % | {v['largest_difference_percent']} % |"
        for n, v in found["proportions"].items()
    ]
    return "\n".join(lines) + "\n"
