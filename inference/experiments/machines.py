"""How like its own film a child's film is when another machine takes it: on films of phantoms.

    python -m inference.experiments.machines [--count 60] [--seed 77] [--recipe pair-column]

A back says nothing of the machine that took its film: of its tone curve, its noise, its collimation.
Figures that see these are therefore to be held against what a real film of the same child by a machine
drawn anew has, not against 1: a synthetic film may be above it only by averaging over machines. The same
machine with other noise is given beside it. Figures are those of `training.film_metrics`, in the recipe's
frame and contrast.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.experiments.phantoms import CORNERS, FILM, points_of, schema_spec
from inference.networks import alignment, contrast, pairs
from inference.phantom.body import Body, build_body
from inference.phantom.design import draw_study
from inference.phantom.labels import labels_json
from inference.phantom.options import Options
from inference.phantom.radiograph import Machine, develop, draw_machine, exposure, quantised
from inference.phantom.shoot import furnished
from inference.recipes.catalogue import RECIPES
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Film
from inference.training.film_metrics import FilmScores


def compared(seed: int, count: int, recipe: SynthesisRecipe) -> dict[str, dict[str, float]]:
    """The figures of the same machine and of another, over the first `count` phantoms of a seed; those whose
    film lacks a point are passed over."""
    scores = {"same machine": FilmScores(), "another machine": FilmScores()}
    for index in range(count):
        body = build_body(draw_study(seed, index, Options()))
        film = _film(body)
        if film is None:
            continue
        # The study's own film has the first child of this stream.
        rng = body.design.stream("exposure").spawn(2)[1]
        integral = exposure(*body.soft_parts(), body.bones(), body.design.film, body.design.stream("bone"))
        machines = (body.design.machine, body.design.machine, draw_machine(rng))
        own, same, another = (_seen(integral, body, machine, film, recipe, rng) for machine in machines)
        scores["same machine"].add(own[0], same[0], own[1])
        scores["another machine"].add(own[0], another[0], own[1])
    return {name: of.summary() for name, of in scores.items()}


def _film(body: Body) -> Film | None:
    """What is known of a body's film, without its picture."""
    scene = furnished(body)
    labels = labels_json(body, *scene.seen())
    ends, corners = (points_of(labels, "radiograph", name) for name in (FILM, CORNERS))
    if None in (*ends, *corners):
        return None
    film = body.design.film
    return Film("film", "", film.width, film.height, film.turned, ends, corners)


def _seen(
    integral: NDArray[np.float64],
    body: Body,
    machine: Machine,
    film: Film,
    recipe: SynthesisRecipe,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The film in the recipe's frame, and where it has pixels."""
    grey = quantised(develop(integral, body.design.film, machine, rng), 8).astype(np.uint8)
    move = pairs.film_aligned(film, recipe, schema_spec(FILM)["points"])
    inside = alignment.inside(grey.shape, move, recipe.size)
    return contrast.METHODS[recipe.contrast](alignment.resampled(grey, move, recipe.size), inside), inside


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.experiments.machines", description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=77)
    makers = sorted(name for name, recipe in RECIPES.items() if isinstance(recipe, SynthesisRecipe))
    parser.add_argument("--recipe", default="pair-column", choices=makers)
    asked = parser.parse_args(arguments)
    recipe = RECIPES[asked.recipe]
    if not isinstance(recipe, SynthesisRecipe):
        raise TypeError("the choices are recipes of synthesis")
    print(json.dumps(compared(asked.seed, asked.count, recipe), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
