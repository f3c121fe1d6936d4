"""What a trained row is worth on cases that no row has seen, and what the simplest guesses are worth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference.experiments.readers import Reader
from inference.networks import contrast, pairs, weights
from inference.networks.registry import build_generator
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, RunDir, RunError
from inference.training.film_metrics import FilmScores
from inference.vertebrae.angles import major_cobb_deg

Film = NDArray[np.uint8]
_RESAMPLED = 2000


@dataclass(frozen=True, slots=True)
class Films:
    """The real and the synthetic films of a split, (n, H, W), and where the real ones are."""

    cases: list[Case]
    real: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    made: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Split:
    """Sheets of one split with their points, in the recipe's frame."""

    cases: list[Case]
    sheets: list[pairs.Sheet]


def load_split(run: RunDir, recipe: SynthesisRecipe, split: str) -> Split:
    return split_of(run, [case for case in run.cases() if case.split == split], recipe)


def split_of(run: RunDir, cases: list[Case], recipe: SynthesisRecipe) -> Split:
    """The sheets of these cases of a run."""
    spec = run.spec()
    names, film_names = spec["schema"]["points"], spec["film_schema"]["points"]
    return Split(cases, [pairs.load(run.path, case, recipe, names, film_names) for case in cases])


def synthesised(split: Split, recipe: SynthesisRecipe, weights_file: Path) -> Films:
    """The split's films by a trained generator."""
    tensors, _ = weights.read_tensors(weights_file)
    network = build_generator(recipe, len(split.sheets[0].points_px))
    weights.load_into(network, tensors, weights_file.name)
    network.eval()
    with torch.inference_mode():
        made = [
            network(torch.from_numpy(pairs.inputs(sheet, recipe))[None])[0, 0].numpy()
            for sheet in split.sheets
        ]
    return _films(split, recipe, np.stack([contrast.levels(film) for film in made]))


def mean_film(split: Split, taught: Split, recipe: SynthesisRecipe) -> Films:
    """The mean of the training films, for everybody: a baseline."""
    real = [pairs.film_of(sheet, recipe) for sheet in taught.sheets]
    total = sum(film.astype(np.float64) for film, _ in real)
    count = sum(inside.astype(np.int64) for _, inside in real)
    mean = np.rint(total / np.maximum(count, 1)).astype(np.uint8)
    return _films(split, recipe, np.stack([mean] * len(split.sheets)))


def nearest_film(split: Split, taught: Split, recipe: SynthesisRecipe) -> Films:
    """The film of the child in the training set whose landmarks lie most alike: a baseline."""
    known = np.stack([sheet.points_px for sheet in taught.sheets])
    made = []
    for sheet in split.sheets:
        distances = np.nansum((known - sheet.points_px) ** 2, axis=(1, 2))
        made.append(pairs.film_of(taught.sheets[int(distances.argmin())], recipe)[0])
    return _films(split, recipe, np.stack(made))


def _films(split: Split, recipe: SynthesisRecipe, made: Film) -> Films:
    real = [pairs.film_of(sheet, recipe) for sheet in split.sheets]
    return Films(
        split.cases, np.stack([film for film, _ in real]), np.stack([mask for _, mask in real]), made
    )


def likeness(films: Films) -> dict[str, float]:
    """The figures of `film_metrics` over the split."""
    scores = FilmScores()
    for real, made, inside in zip(films.real, films.made, films.inside, strict=True):
        scores.add(real, made, inside)
    return scores.summary()


def anatomy(films: Films, reader: Reader, recipe: SynthesisRecipe, film_names: list[str]) -> dict[str, float]:
    """What a reader of films finds in the synthetic ones, against the truth: the figures that count.

    Corner errors in shares of the vertebral column's height (C7 to sacrum) x 1000, and the major Cobb angle:
    mean absolute error, bias (read - true) with its limits of agreement, correlation. `_low`, `_high`: 95 %
    by bootstrap over cases. The same reader on the real films says how much of it is the reader's own error
    (`reader_`).
    """
    true = np.stack([_true_corners(case, recipe, film_names) for case in films.cases])
    scale = np.array([0.5, 1.0]) / recipe.size  # a frame is half as wide as high, whatever its pixels
    figures: dict[str, float] = {}
    for prefix, seen in (("", films.made), ("reader_", films.real)):
        read = reader.read(seen)
        off = np.linalg.norm((read - true) * scale, axis=2)
        figures[f"{prefix}corner_error"] = float(np.nanmedian(off)) * 1000
        angles = np.array(
            [
                [major_cobb_deg(one * scale), major_cobb_deg(other * scale)]
                for one, other in zip(read, true, strict=True)
            ]
        )
        figures |= {f"{prefix}{name}": value for name, value in agreement(angles).items()}
    return figures


def _true_corners(case: Case, recipe: SynthesisRecipe, film_names: list[str]) -> NDArray[np.float64]:
    corners = None if case.film is None else pairs.corners_aligned(case.film, recipe, film_names)
    if corners is None:
        raise RunError(f"Nobody has set the vertebral corners on the film of image {case.image}.")
    return corners


def agreement(angles_deg: NDArray[np.float64]) -> dict[str, float]:
    """Of (n, 2) angles, read and true: MAE with its interval, bias and limits of agreement, correlation; and
    the error that nine of ten in the first half stay within, with the share of the second half that does.

    What could not be read counts as unread and in none of the others.
    """
    known = angles_deg[np.isfinite(angles_deg).all(axis=1)]
    figures = {"cobb_unread": float(len(angles_deg) - len(known))}
    if len(known) < 2:
        return figures
    difference = known[:, 0] - known[:, 1]
    picks = np.random.default_rng(0).integers(0, len(known), (_RESAMPLED, len(known)))
    low, high = np.percentile(np.abs(difference)[picks].mean(axis=1), [2.5, 97.5])
    spread = 1.96 * float(difference.std(ddof=1))
    bias = float(difference.mean())
    nine_in_ten, coverage = _conformal(np.abs(difference))
    flat = min(known.std(axis=0)) < 1e-9
    return figures | {
        "cobb_mae_deg": float(np.abs(difference).mean()),
        "cobb_mae_deg_low": float(low),
        "cobb_mae_deg_high": float(high),
        "cobb_bias_deg": bias,
        "cobb_limit_low_deg": bias - spread,
        "cobb_limit_high_deg": bias + spread,
        "cobb_90_percent_deg": nine_in_ten,
        "cobb_90_percent_coverage": coverage,
        "cobb_r": float("nan") if flat else float(np.asarray(np.corrcoef(known.T))[0, 1]),
    }


def _conformal(off: NDArray[np.float64]) -> tuple[float, float]:
    """Half of a 90 % interval by the first half of the errors (split conformal prediction), and how many of
    the second half it holds."""
    half = -(-len(off) // 2)
    rank = min(half, int(np.ceil(0.9 * (half + 1))))
    width = float(np.sort(off[:half])[rank - 1])
    return width, float((off[half:] <= width).mean())
