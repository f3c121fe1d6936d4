"""`python -m inference.training.folder DATA RUN --recipe NAME`: a run folder from films in the AASCE layout.

For researchers without a server: `python -m inference.training RUN` then trains it. With `--fold K` the films
of that fold (`inference.vertebrae.films.folds`) are the test and are never learned from nor chosen by; a
tenth of the other patients is the validation. Pictures are linked, not copied: leave DATA where it is.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from annotation.spine.schemas import BUILT_IN
from inference.recipes.base import Recipe
from inference.recipes.catalogue import RECIPES
from inference.rundir import Case, RunDir, RunError
from inference.vertebrae.films import FOLDS, Film, FolderError, folds, known_faults, read_folder

_SCHEMA: Final = "vertebrae68"
_VALIDATION_SHARE: Final = 10


def make_run(data: Path, path: Path, recipe: Recipe, fold: int | None, accelerator: str = "auto") -> RunDir:
    """The run folder. Films whose labels are known to be wrong are not learned from, but are tested on.

    Raises FolderError where the data cannot be read, RunError where the run folder is already one.
    """
    if (path / "spec.json").exists():
        raise RunError(f"{path} is a run folder already: train it, or name another.")
    films = read_folder(data)
    held_out = set(folds(films)[fold]) if fold is not None else set()
    split_of = _splits(films, held_out)
    faults = known_faults(films)
    run = RunDir(path)
    cases = []
    for index, film in enumerate(films):
        if index in faults and split_of[index] != "test":
            continue
        height, width = film.grey().shape
        link = run.file("images", f"{film.row:05d}{film.path.suffix}")
        link.symlink_to(film.path.resolve())
        points = film.corners_px(width, height).reshape(-1, 2).tolist()
        cases.append(
            Case(
                image=film.name,
                split=split_of[index],
                width=width,
                height=height,
                colour=f"images/{link.name}",
                depth=None,
                points_px=tuple((x, y) for x, y in points),
            )
        )
    schema = BUILT_IN[_SCHEMA]
    described = {
        "name": schema.name,
        "points": list(schema.point_names),
        "mirrored_order": list(schema.mirrored_order),
    }
    spec = {"kind": "training", "recipe": recipe.to_dict(), "schema": described, "accelerator": accelerator}
    run.write_spec(spec, cases)
    return run


def _splits(films: Sequence[Film], held_out: set[int]) -> list[str]:
    """Every tenth of the patients that are not held out validates."""
    others = sorted({film.patient for index, film in enumerate(films) if index not in held_out})
    validating = set(others[::_VALIDATION_SHARE])
    return [
        "test" if index in held_out else "validation" if film.patient in validating else "train"
        for index, film in enumerate(films)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.training.folder", description=__doc__)
    parser.add_argument("data", type=Path, help="a folder in the AASCE layout")
    parser.add_argument("run", type=Path, help="the run folder to make")
    parser.add_argument("--recipe", required=True, choices=sorted(_names()))
    parser.add_argument(
        "--fold", type=int, choices=range(FOLDS), help="the fold that is held out as the test"
    )
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    asked = parser.parse_args(arguments)
    try:
        recipe = RECIPES[asked.recipe]
        if asked.epochs is not None:
            recipe = recipe.with_changes({"epochs": asked.epochs})
        run = make_run(asked.data, asked.run, recipe, asked.fold)
    except (FolderError, RunError, ValueError) as error:
        print(f"folder: {error}", file=sys.stderr)
        return 1
    print(f"python -m inference.training {run.path}")
    return 0


def _names() -> list[str]:
    return [name for name, recipe in RECIPES.items() if recipe.target == "radiograph"]


if __name__ == "__main__":
    sys.exit(main())
