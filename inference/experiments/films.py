"""Films of phantoms for a reader of vertebrae: what it may learn from before there are enough real ones.

    python -m inference.experiments.films PHANTOMS RUN [--recipe vertebrae] [--epochs N]
    python -m inference.training RUN

PHANTOMS: a folder by `python -m inference.phantom`. The weights, as start.safetensors in the run folder of
real films (`python -m inference.training.folder`), are where that training begins. Pictures are linked, not
copied.

Exit status: 0 done, 1 where something cannot be used.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from inference.experiments.phantoms import CORNERS, linked, points_of, schema_spec, split_at
from inference.recipes.base import Recipe
from inference.recipes.catalogue import RECIPES
from inference.rundir import Case, RunDir, RunError


def films_of(studies: Path, out: Path, recipe: Recipe) -> RunDir:
    """A run folder of the studies' films with their 68 corners, split as their pairs are.

    A film that lacks a corner is passed over. Raises RunError where there is none.
    """
    run = RunDir(out)
    cases = []
    for index, study in enumerate(sorted(path.parent for path in studies.glob("*/labels.json"))):
        corners = points_of(json.loads((study / "labels.json").read_text()), "radiograph", CORNERS)
        film = cv2.imread(str(study / "radiograph.png"), cv2.IMREAD_UNCHANGED)
        if film is None or None in corners:
            continue
        picture = linked(study / "radiograph.png", run, f"{study.name}.png")
        height, width = film.shape[:2]
        cases.append(Case(study.name, split_at(index), width, height, picture, None, corners))
    if not cases:
        raise RunError(f"{studies} holds no films of phantoms; make some with python -m inference.phantom.")
    run.write_spec({"kind": "training", "recipe": recipe.to_dict(), "schema": schema_spec(CORNERS)}, cases)
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.experiments.films", description=__doc__)
    parser.add_argument("phantoms", type=Path, help="a folder of phantoms")
    parser.add_argument("run", type=Path, help="the run folder to make")
    readers = sorted(name for name, recipe in RECIPES.items() if recipe.target == "radiograph")
    parser.add_argument("--recipe", default="vertebrae", choices=readers)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    asked = parser.parse_args(arguments)
    try:
        recipe = RECIPES[asked.recipe]
        if asked.epochs is not None:
            recipe = recipe.with_changes({"epochs": asked.epochs})
        films_of(asked.phantoms, asked.run, recipe)
    except (OSError, KeyError, ValueError, RunError) as error:
        print(f"films: {error}", file=sys.stderr)
        return 1
    print(f"python -m inference.training {asked.run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
