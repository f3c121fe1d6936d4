"""What can be evaluated: weights of ours, seeds 002 and 004, a cross-validation, and two blind rules.

A cross-validation is a folder with fold-0 to fold-4, each with the weights that did not see the patients of
that fold (`inference.vertebrae.films.folds`); each film is then read by its own fold's weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch

from annotation.spine.aasce import aasce_angles
from annotation.spine.cobb import Curve
from annotation.spine.shape import in_order
from inference.networks import weights
from inference.networks.bpd_cnn import BpdCnn
from inference.prediction.vertebrae import VertebraPredictor
from inference.recipes.catalogue import recipe_of
from inference.recipes.vertebrae import CascadeRecipe, RegressionRecipe, VertebraRecipe
from inference.rundir import RunError, sha256_of
from inference.training import cascade, regression
from inference.vertebrae.angles import Calibration
from inference.vertebrae.doubts import angle_doubt, spine_doubts
from inference.vertebrae.films import FOLDS, VERTEBRAE, Film, Floats, Grey, folds


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader says of a film.

    `angles_deg` (3,); `corners_px` (17, 4, 2) or None where it gives angles alone; `doubt_deg` (3,),
    halves of 90 % intervals; `curves`: the clinical ones, each with its; `calibration`: by what both were
    stretched; `abstains`: why they are not to be used; `drawn_px` (n, 17, 4, 2): columns that the film may
    also show.
    """

    angles_deg: Floats
    corners_px: Floats | None = None
    doubt_deg: Floats | None = None
    curves: Sequence[tuple[Curve, float]] = ()
    calibration: Calibration = field(default_factory=Calibration)
    abstains: str | None = None
    drawn_px: Floats | None = None


Reader = Callable[[Grey], Answer]


@dataclass(frozen=True, slots=True)
class Panel:
    """A reader for each film of a folder, and what is to be told of it."""

    reader_of: Callable[[int], Reader]
    described: dict[str, object]


def panel(name: str, films: Sequence[Film]) -> Panel:
    """The readers that a command line names: a weights file, its folder, a cross-validation, or a rule.

    Raises RunError that says what is wanted.
    """
    if name in _RULES:
        return _by_fold(films, [_RULES[name](films, part) for part in folds(films)], {"rule": name})
    path = Path(name)
    parts = [path / f"fold-{number}" for number in range(FOLDS)]
    if all(part.is_dir() for part in parts):
        files = [_weights_file(part) for part in parts]
        described: dict[str, object] = {"folds": [sha256_of(file) for file in files]}
        return _by_fold(films, [_trained(file) for file in files], described)
    file = _weights_file(path)
    reader = _trained(file)
    return Panel(lambda _: reader, {"weights": sha256_of(file), "file": file.name})


def _by_fold(films: Sequence[Film], readers: Sequence[Reader], described: dict[str, object]) -> Panel:
    fold_of = {index: number for number, part in enumerate(folds(films)) for index in part}
    return Panel(lambda index: readers[fold_of[index]], described)


def _weights_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob("*.safetensors"))
    # Of a run folder its result; of `inference/weights` the ones for vertebrae.
    named = [file for file in found if file.stem in ("weights", "vertebrae")] or found
    if len(named) != 1:
        raise RunError(
            f"{path}: give a .safetensors file, a folder with one, a folder with fold-0 to fold-{FOLDS - 1}, "
            f"or one of: {', '.join(_RULES)}."
        )
    return named[0]


def _trained(file: Path) -> Reader:
    """A reader by weights, whose header says by which recipe they were trained."""
    _, card = weights.read_tensors(file)
    try:
        recipe = recipe_of(card.get("recipe"))
    except ValueError as error:
        raise RunError(f"{file}: {error}") from error
    match recipe:
        case VertebraRecipe():
            return _ours(file, recipe)
        case CascadeRecipe():
            return _cascade(file, recipe)
        case RegressionRecipe():
            return _regression(file, recipe)
    raise RunError(f"{file} was trained by {recipe.name}, which reads no vertebrae.")


def _ours(file: Path, recipe: VertebraRecipe) -> Reader:
    predictor = VertebraPredictor.from_file(file, recipe)

    def read(film: Grey) -> Answer:
        reading = predictor.found(film)
        reasons = spine_doubts(reading.found.line, reading.found.heights)
        return Answer(
            angles_deg=np.array([angle.value_deg for angle in reading.angles]),
            corners_px=reading.found.corners_px,
            drawn_px=reading.drawn_px,
            doubt_deg=np.array([angle.doubt_deg for angle in reading.angles]),
            curves=reading.curves,
            calibration=predictor.calibration,
            abstains=" ".join(reasons) or angle_doubt(reading.angles[0], reading.curves),
        )

    return read


def _cascade(file: Path, recipe: CascadeRecipe) -> Reader:
    """Seed 004; the starting shape disturbed where the recipe says so (figure 8)."""
    network = cascade.built(recipe)
    weights.load_into(network, weights.read_tensors(file)[0], file.name)
    network.eval()
    noise = cascade.start_noise(recipe)

    @torch.inference_mode()
    def read(film: Grey) -> Answer:
        return _of_shares(network.read(cascade.as_input(film)[None], noise).numpy(), film)

    return read


def _regression(file: Path, recipe: RegressionRecipe) -> Reader:
    """Seed 002, of the corners T1 to L5 (C7 comes first and is left out where it was learned too)."""
    tensors, _ = weights.read_tensors(file)
    points = len(tensors["dense.5.bias"]) // 2 if "dense.5.bias" in tensors else 4 * VERTEBRAE
    network = BpdCnn(points=points, height=recipe.height_px, width=recipe.width_px)
    weights.load_into(network, tensors, file.name)
    network.eval()

    @torch.inference_mode()
    def read(film: Grey) -> Answer:
        shares = network(torch.from_numpy(regression.as_input(film, recipe))[None])[0].numpy()
        return _of_shares(shares[-4 * VERTEBRAE :].reshape(VERTEBRAE, 4, 2), film)

    return read


def _of_shares(shares: Floats, film: Grey) -> Answer:
    """Corners (17, 4, 2) as shares of the film's size."""
    corners = np.asarray(shares, dtype=np.float64) * film.shape[::-1]
    return Answer(np.array(aasce_angles(corners, film.shape[0])), corners)


def _constant(films: Sequence[Film], part: Sequence[int]) -> Reader:
    """The median angles of the other folds, whatever the film shows."""
    others = [film.angles_deg for index, film in enumerate(films) if index not in set(part)]
    known = [angles for angles in others if angles is not None]
    if not known:
        raise RunError("The folder has no angles.csv: there are no medians to answer with.")
    medians = np.median(known, axis=0)
    return lambda _: Answer(medians)


def _mean_shape(films: Sequence[Film], part: Sequence[int]) -> Reader:
    """The mean of the other folds' corners, as shares of width and height, and its angles."""
    mean = np.mean([in_order(film.landmarks) for i, film in enumerate(films) if i not in set(part)], axis=0)

    def read(film: Grey) -> Answer:
        return _of_shares(mean, film)

    return read


_RULES: Final[dict[str, Callable[[Sequence[Film], Sequence[int]], Reader]]] = {
    "constant": _constant,
    "mean-shape": _mean_shape,
}
