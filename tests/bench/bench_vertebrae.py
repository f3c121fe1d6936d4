"""Reading vertebrae on a film of 2400 x 900: seconds per film by one thread, and the program's memory.

With the shipped weights where they are, else with a network of that size that knows nothing.
"""

import resource
import time

import numpy as np
import torch
from measure import report

from inference.networks.straightened import Straightened
from inference.prediction.vertebrae import VertebraPredictor
from inference.recipes.catalogue import RECIPES
from inference.recipes.vertebrae import VertebraRecipe
from inference.shipped import shipped
from inference.vertebrae.angles import Calibration
from tests.inference.made_films import made_film

FILMS = 12
MOST_S, MOST_MIB = 1.0, 1536


def predictor() -> VertebraPredictor:
    recipe = RECIPES["vertebrae"]
    assert isinstance(recipe, VertebraRecipe)
    try:
        one = shipped("vertebrae")
    except KeyError:
        torch.manual_seed(1)
        network = Straightened(width=recipe.width, finder_width=recipe.finder_width)
        return VertebraPredictor(network, Calibration())
    assert isinstance(one.recipe, VertebraRecipe)
    return VertebraPredictor.from_file(one.path, one.recipe)


def main() -> None:
    torch.set_num_threads(1)  # as the program does
    reader = predictor()
    films = [made_film(np.random.default_rng(seed), 900, 2400)[0] for seed in range(3)]
    reader.found(films[0])
    seconds, worked = [], []
    for turn in range(FILMS):
        began, used = time.perf_counter(), time.process_time()
        reader.found(films[turn % len(films)])
        seconds.append(time.perf_counter() - began)
        worked.append(time.process_time() - used)
    report("vertebrae and angles of a film", seconds, unit="s", aim=f"<= {MOST_S}")
    report("the same, processor time", worked, unit="s", note="beside other work it counts, not the clock")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("the program that reads it, memory", [held], unit="MiB", aim=f"<= {MOST_MIB}")


if __name__ == "__main__":
    main()
