"""Trains the rows of a table, each as a program on a folder of its own, and measures what came of them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from inference.experiments import measuring
from inference.experiments.readers import reader_of
from inference.experiments.tables import AnyRecipe, Row, Table
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import FILM_LANDMARKS, RunDir, RunError
from inference.training.landmarks import PRETRAINED

_SPLIT = "test"


@dataclass
class Measured:
    """A row as it was trained: its figures, or why there are none; `films`: for the sheet."""

    name: str
    paper: dict[str, float]
    figures: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    films: measuring.Films | None = None


def run_table(
    table: Table, data: RunDir, out: Path, *, shrink: Callable[[AnyRecipe], AnyRecipe] = lambda recipe: recipe
) -> list[Measured]:
    """Train every row of the table on the pairs of `data` and measure it on their test split.

    A row that was trained before is not trained again: an interrupted call goes on. A row that fails says
    why and the others go on. Raises RunError where the data has nothing to test on.
    """
    if not any(case.split == _SPLIT for case in data.cases()):
        raise RunError("The data has no test split: freeze it with one, or make more phantoms.")
    rows = [
        _trained(replace(row, recipe=shrink(row.recipe)), number, data, out)
        for number, row in numbered(table)
    ]
    if table.kind == "synthesis":
        first = replace(table.rows[0], recipe=shrink(table.rows[-1].recipe))
        rows += _baselines(first.recipe, data)
    return rows


def numbered(table: Table) -> list[tuple[int, Row]]:
    return list(enumerate(table.rows, start=1))


def _trained(row: Row, number: int, data: RunDir, out: Path) -> Measured:
    run = prepared(row, data, out / f"row-{number}")
    measured = Measured(row.name, dict(row.paper))
    if not (run.path / "result.json").exists():
        print(f"row {number}, {row.name}: training", flush=True)
        command = [sys.executable, "-m", "inference.training", str(run.path)]
        with (run.path / "log.txt").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)  # noqa: S603
        if done.returncode:
            measured.failed = (
                run.failure() or f"The training ended with status {done.returncode}; see log.txt."
            )
            print(f"row {number}, {row.name}: {measured.failed}", flush=True)
            return measured
    result = run.result()
    measured.figures = {
        name: v for name, v in result["metrics"][_SPLIT].items() if isinstance(v, int | float)
    }
    measured.figures["seconds"] = result["seconds"]
    if isinstance(row.recipe, SynthesisRecipe):
        split = measuring.load_split(run, row.recipe, _SPLIT)
        measured.films = measuring.synthesised(split, row.recipe, run.path / "weights.safetensors")
        measured.figures |= _anatomy(measured.films, row.recipe, data)
    return measured


def prepared(row: Row, data: RunDir, path: Path) -> RunDir:
    """The row's run folder: its own recipe on the pictures of `data`, which are not copied."""
    run = RunDir(path)
    spec = {**data.spec(), "recipe": row.recipe.to_dict()}
    known = run.path / "spec.json"
    if known.exists() and json.loads(known.read_text())["recipe"] != spec["recipe"]:
        shutil.rmtree(run.path)  # the row is another one now: what was trained is not it
        run = RunDir(path)
    for name in ("images", "depth", PRETRAINED, FILM_LANDMARKS):
        source, target = (data.path / name).resolve(), run.path / name
        if source.exists() and not target.is_symlink():
            os.symlink(source, target)
    run.write_spec(spec, data.cases())
    return run


def _baselines(recipe: AnyRecipe, data: RunDir) -> list[Measured]:
    """What the mean film and the film of the most alike child score: a network must do better."""
    if not isinstance(recipe, SynthesisRecipe):
        return []
    split, taught = (measuring.load_split(data, recipe, name) for name in (_SPLIT, "train"))
    found = []
    for name, films in (
        ("baseline: mean film", measuring.mean_film(split, taught, recipe)),
        ("baseline: most alike landmarks", measuring.nearest_film(split, taught, recipe)),
    ):
        figures = {**measuring.likeness(films), **_anatomy(films, recipe, data)}
        found.append(Measured(name, {}, figures, films=films))
    return found


def _anatomy(films: measuring.Films, recipe: SynthesisRecipe, data: RunDir) -> dict[str, float]:
    """Cobb and corner errors, where the data knows every film's corners and has a reader of films."""
    reader = data.path / FILM_LANDMARKS
    if not reader.exists() or not all(case.film and case.film.corners_px for case in films.cases):
        return {}
    names: list[str] = data.spec()["film_schema"]["points"]
    return measuring.anatomy(films, reader_of(reader), recipe, names)
