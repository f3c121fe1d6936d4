"""What trained weights are worth on phantoms that nobody tuned on, along the whole way of the data.

    python -m inference.experiments.heldout PHANTOMS OUT --landmarks W [--film W --reader W]

PHANTOMS: a folder by `python -m inference.phantom` with a seed of its own. Landmarks are found on the backs,
films are made from the landmarks that were found (`found`) and from the true ones (`true`), and a reader of
films measures the vertebral corners and the major Cobb angle of synthetic and real films alike. Intervals of
95 % are by bootstrap over phantoms. Results on phantoms say what can be learnt, not how a child is read; what
the mean film and the most alike child's film score is in the tables of `python -m inference.experiments`.

OUT gets heldout.json, heldout.md and films.png. Exit status: 0 done, 1 where something cannot be used.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.experiments import measuring
from inference.experiments.phantoms import pairs_in
from inference.experiments.readers import Reader, reader_of
from inference.experiments.reporting import sheet
from inference.experiments.running import Measured
from inference.networks import weights
from inference.prediction.start import predict
from inference.recipes.catalogue import recipe_of
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, Points, RunDir, RunError, sha256_of, write_json
from inference.shipped import FOLDER

Floats = NDArray[np.float64]
_RESAMPLED = 2000
_READER = FOLDER / "vertebrae.safetensors"
_COLUMNS = {
    "histogram intersection": "{histogram_intersection:.3f}",
    "aHash": "{ahash:.2f}",
    "dHash": "{dhash:.2f}",
    "pHash": "{phash:.2f}",
    "MS-SSIM": "{ms_ssim:.3f}",
    "corner error, 0.1 % of C7-S1": "{corner_error:.1f}",
    "Cobb MAE deg (95 %)": "{cobb_mae_deg:.2f} ({cobb_mae_deg_low:.2f} to {cobb_mae_deg_high:.2f})",
    "bias": "{cobb_bias_deg:+.2f}",
    "limits of agreement": "{cobb_limit_low_deg:+.1f} to {cobb_limit_high_deg:+.1f}",
    "r": "{cobb_r:.3f}",
    "90 % within deg (of the others)": "{cobb_90_percent_deg:.1f} ({cobb_90_percent_coverage:.1%})",
    "unread": "{cobb_unread:.0f}",
    "no film": "{without_film:.0f}",
}
# The same of the real films, by the same reader.
_REAL = {title: form.replace("{c", "{reader_c") for title, form in _COLUMNS.items() if "{c" in form}
_QUANTILES = {"median": 50, "p95": 95}


def measure(data: RunDir, out: Path, *, landmarks: Path, film: Path | None, reader: Path) -> dict[str, Any]:
    """All figures by name of part: `landmarks`, and with `film` also `found` and `true`.

    `data`: pairs of phantoms. Raises RunError.
    """
    cases = data.cases()
    found = found_points(data, out / "landmarks", landmarks)
    figures: dict[str, Any] = {"phantoms": len(cases), "landmarks": landmark_figures(data, cases, found)}
    if film is None:
        return figures
    recipe = recipe_of(weights.read_tensors(film)[1]["recipe"])
    if not isinstance(recipe, SynthesisRecipe):
        raise RunError(f"{film.name} does not synthesise films.")
    reads = Remembering(reader_of(reader))
    own = [replace(case, points_px=found[case.image]) for case in cases if case.image in found]
    kinds = {
        "found": measuring.synthesised(_framed(data, own, recipe), recipe, film),
        "true": measuring.synthesised(measuring.split_of(data, cases, recipe), recipe, film),
    }
    for name, films in kinds.items():
        figures[name] = film_figures(films, data, recipe, reads)
        figures[name]["without_film"] = float(len(cases) - len(films.cases))
    rows = [Measured(name, {}, films=films) for name, films in kinds.items()]
    (out / "films.png").write_bytes(cv2.imencode(".png", sheet(rows))[1].tobytes())
    return figures


class Remembering:
    """A reader that reads no film twice: the real ones stand beside both kinds of synthetic ones."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[bytes, Floats] = {}

    def read(self, films: NDArray[np.uint8]) -> Floats:
        for film in films:
            if film.tobytes() not in self._known:
                self._known[film.tobytes()] = self._reader.read(film[None])[0]
        return np.stack([self._known[film.tobytes()] for film in films])


def _framed(data: RunDir, cases: list[Case], recipe: SynthesisRecipe) -> measuring.Split:
    """The cases whose points make a frame: from points that a network has muddled there comes no film."""
    splits = []
    for case in cases:
        try:
            splits.append(measuring.split_of(data, [case], recipe))
        except RunError as error:
            print(error, file=sys.stderr)
    if not splits:
        raise RunError("The landmarks that were found make no frame on any back.")
    return measuring.Split(
        [case for split in splits for case in split.cases],
        [sheet for split in splits for sheet in split.sheets],
    )


def found_points(data: RunDir, path: Path, landmarks: Path) -> dict[str, Points]:
    """The points that a landmark network finds on each back, by image; of those it refuses there are none."""
    run = RunDir(path)
    for name in ("images", "depth"):
        if not (run.path / name).is_symlink():
            os.symlink((data.path / name).resolve(), run.path / name)
    shutil.copyfile(landmarks, run.path / "weights.safetensors")
    card = weights.read_tensors(landmarks)[1]
    spec = {"kind": "inference", "recipe": card["recipe"], "schema": card["schema"]}
    cases = [replace(case, split="predict", film=None) for case in data.cases()]
    run.write_spec({**spec, "weights_sha256": sha256_of(run.path / "weights.safetensors")}, cases)
    predict(run)
    answers = {case["image"]: case.get("points") for case in run.result()["cases"]}
    return {
        image: tuple((point["x"], point["y"]) for point in points)
        for image, points in answers.items()
        if points is not None
    }


def landmark_figures(data: RunDir, cases: list[Case], found: dict[str, Points]) -> dict[str, float]:
    """Errors in mm and px over all points of all phantoms, and how many were refused."""
    sizes = data.spec()["mm_per_px"]
    answered = [case for case in cases if case.image in found]
    off = [np.linalg.norm(_array(found[case.image]) - _array(case.points_px), axis=1) for case in answered]
    px = np.array(off)
    mm = px * np.array([sizes[case.image] for case in answered])[:, None]
    figures = {"refused": float(len(cases) - len(answered))}
    for unit, errors in (("mm", mm), ("px", px)):
        for name, percent in _QUANTILES.items():
            figures |= _with_interval(f"error_{unit}_{name}", errors, percent)
    figures["within_10_mm"] = float((mm <= 10).mean())
    return figures


def film_figures(
    films: measuring.Films, data: RunDir, recipe: SynthesisRecipe, reader: Reader
) -> dict[str, float]:
    """Likeness and anatomy of synthetic films; see `measuring`."""
    names = data.spec()["film_schema"]["points"]
    return {
        **measuring.likeness(films),
        **measuring.anatomy(films, reader, recipe, names),
    }


def _array(points: Points) -> Floats:
    return np.array([point or (np.nan, np.nan) for point in points], dtype=np.float64)


def _with_interval(name: str, errors: Floats, percent: float) -> dict[str, float]:
    """A quantile of (phantoms, points), and its 95 % interval by bootstrap over phantoms."""
    picks = np.random.default_rng(0).integers(0, len(errors), (_RESAMPLED, len(errors)))
    spread = [np.percentile(errors[pick], percent) for pick in picks]
    low, high = np.percentile(spread, [2.5, 97.5])
    value = float(np.percentile(errors, percent))
    return {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}


def as_markdown(figures: dict[str, Any]) -> str:
    """The figures as people read them."""
    points = figures["landmarks"]

    def row(name: str, unit: str) -> str:
        low, high = points[f"{name}_low"], points[f"{name}_high"]
        return f"{points[name]:.2f} {unit} (95 % {low:.2f} to {high:.2f})"

    lines = [
        f"# {figures['phantoms']} held-out phantoms",
        "",
        f"Landmarks: median {row('error_mm_median', 'mm')}, 95 % within {row('error_mm_p95', 'mm')}, "
        f"{points['within_10_mm']:.1%} within 10 mm, {points['refused']:.0f} backs refused.",
    ]
    if "found" not in figures:
        return "\n".join(lines) + "\n"
    lines += [
        "",
        f"| film | {' | '.join(_COLUMNS)} |",
        f"|---|{'---|' * len(_COLUMNS)}",
    ]
    for name, forms, kind in (
        ("from found landmarks", _COLUMNS, "found"),
        ("from true landmarks", _COLUMNS, "true"),
        ("the real one", _REAL, "true"),
    ):
        cells = [_cell(forms.get(title, ""), figures[kind]) for title in _COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(form: str, figures: dict[str, float]) -> str:
    """Empty where too little could be read for such a figure."""
    try:
        return form.format_map(figures)
    except KeyError:
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.experiments.heldout", description=__doc__)
    parser.add_argument("phantoms", type=Path, help="a folder of phantoms, or a run folder of their pairs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--landmarks", type=Path, required=True, help="weights that find back landmarks")
    parser.add_argument("--film", type=Path, help="weights that synthesise films")
    parser.add_argument("--reader", type=Path, default=_READER, help="weights that read vertebral corners")
    asked = parser.parse_args(arguments)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        data = pairs_in(asked.phantoms, asked.out / "pairs")
        figures = measure(data, asked.out, landmarks=asked.landmarks, film=asked.film, reader=asked.reader)
        write_json(asked.out / "heldout.json", figures)
    except (OSError, KeyError, ValueError, RunError) as error:
        print(f"heldout: {error}", file=sys.stderr)
        return 1
    (asked.out / "heldout.md").write_text(as_markdown(figures), encoding="utf-8")
    print(as_markdown(figures))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
