"""The plot of a comparison; the only module of this package that needs matplotlib."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot

from inference.phantom.figures import Measured
from inference.phantom.measures import LEVELS, REACH, STEPS, THORACIC

PHANTOM, REAL = "tab:blue", "tab:orange"


def draw(phantom: Measured, real: Measured, path: Path) -> None:
    """Write the plot as PNG: shapes in the first row, pictures in the second."""
    figure, axes = pyplot.subplots(2, 4, figsize=(17, 8), layout="constrained")
    for found, name, colour in ((phantom, "phantom", PHANTOM), (real, "real", REAL)):
        _shapes(axes[0], found, name, colour)
        _pictures(axes[1], found, name, colour)
    for axis in axes.flat:
        axis.legend(fontsize=8)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _shapes(axes: Any, found: Measured, name: str, colour: str) -> None:
    style = {"histtype": "step", "density": True, "color": colour, "label": name}
    axes[0].hist([s.major_deg for s in found.shapes], np.arange(0, 105, 5), **style)
    axes[0].set_title("major Cobb angle, deg")
    right = np.array([s.apex if s.right else np.nan for s in found.shapes])
    left = np.array([np.nan if s.right else s.apex for s in found.shapes])
    count = np.isfinite(right).sum() + np.isfinite(left).sum()
    bins = np.arange(-0.5, 17.5)
    for values, sign in ((right, 1), (left, -1)):
        shares = np.histogram(values[np.isfinite(values)], bins)[0] / count
        axes[1].step(
            np.arange(17), sign * shares, where="mid", color=colour, label=name if sign > 0 else None
        )
    axes[1].set_xticks(range(0, 17, 2), LEVELS[::2])
    axes[1].set_title("apex of the major curve: right above, left below")
    for quantity, line in (("width", "-"), ("height", "--"), ("disc", ":")):
        values = 100 * np.median([getattr(s, quantity) for s in found.shapes], axis=0)
        axes[2].plot(values, line, color=colour, label=f"{name}, {quantity}")
    axes[2].set_title("proportions, % of the column")
    axes[3].plot(np.linspace(2, 254, 64), found.histograms.mean(0), color=colour, label=name)
    axes[3].set_title("grey levels round the column")


def _pictures(axes: Any, found: Measured, name: str, colour: str) -> None:
    across = np.linspace(REACH, -REACH, STEPS)
    mean = found.profiles.mean(0)
    for axis, levels, title in (
        (axes[0], slice(0, THORACIC), "thoracic"),
        (axes[1], slice(THORACIC, 17), "lumbar"),
    ):
        for kind, line, what in ((0, "-", "endplates"), (1, "--", "walls")):
            profile = mean[levels, kind].mean(0)
            axis.plot(across, profile - profile.mean(), line, color=colour, label=f"{name}, {what}")
        axis.set_title(f"{title} edges: grey from outside (+) to inside (-), vertebral heights")
    axes[2].plot(np.arange(1, found.spectra.shape[1] + 1), found.spectra.mean(0), color=colour, label=name)
    axes[2].set_xscale("log")
    axes[2].set_title("power spectrum on vertebrae, log10")
    axes[3].hist(
        found.contrasts.ravel(),
        np.arange(-30, 80, 4),
        histtype="step",
        density=True,
        color=colour,
        label=name,
    )
    axes[3].set_title("contrast of edges, grey")
