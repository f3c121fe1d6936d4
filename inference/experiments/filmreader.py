"""A reader of films in the frame of a synthesis: what measures the vertebrae on synthetic films.

    python -m inference.experiments.filmreader PHANTOMS OUT [--passes 20]

PHANTOMS: a folder by `python -m inference.phantom`, or a run folder of their pairs. OUT gets
reader.safetensors, and the pairs. The reader learns from real-look films and their true corners only; no
synthetic film, and no back, is ever shown to it. Its network is that which finds vertebrae from backs
(`networks.column`), with the film in the place of the back: it is taught places and tilts together, where a
body is 22 pixels wide. On the films that validate it is set to read their angles right in the mean.

Exit status: 0 done, 1 where something cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from inference.experiments.phantoms import pairs_in
from inference.networks import weights
from inference.networks.column import ColumnNetwork
from inference.recipes.catalogue import RECIPES
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import RunDir, RunError
from inference.training.columns import unbiased_gain
from inference.training.dataset import ahead
from inference.training.engine import precision_here
from inference.training.losses import column_loss
from inference.training.pairs import Pairs

READS: Final = "films"
READER: Final = "reader.safetensors"
_RATE: Final = 2e-3
_WIDTH: Final = 16


def network_for(recipe: SynthesisRecipe) -> ColumnNetwork:
    """The reader of films (B, 1, H, W) in a recipe's frame, in [-1, 1]; freshly initialised."""
    return ColumnNetwork(channels=1, size=recipe.size, depth=None, width=_WIDTH)


def learn(taught: Pairs, recipe: SynthesisRecipe, *, passes: int) -> ColumnNetwork:
    """A reader after so many passes over the films, each moved and toned anew."""
    torch.manual_seed(recipe.seed)
    network = network_for(recipe)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.expect(taught.mean_column())
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, passes)
    halved = precision_here("bf16-mixed", "cpu") == "bf16-mixed"
    for number in range(1, passes + 1):
        total = 0.0
        for step, batch in enumerate(ahead(taught.shuffled(number)), start=1):
            torch.manual_seed(int(np.random.SeedSequence([recipe.seed, number, step]).generate_state(1)[0]))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halved):
                found = network(_toned(batch.films))
            loss = column_loss(found, batch.corners_px, recipe.size)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach()) * len(batch.films)
        rates.step()
        print(f"pass {number} of {passes}: loss {total / len(taught):.3f}", flush=True)
    network.eval()
    return network


@torch.no_grad()
def calibrate(network: ColumnNetwork, kept_back: Pairs) -> None:
    """Set the gain by real films that were not learnt from; see `training.columns.unbiased_gain`."""
    network.gain.fill_(1.0)
    both = [(network(batch.films), batch.corners_px) for batch in kept_back.in_order()]
    found, true = (torch.cat(one).double().numpy() for one in zip(*both, strict=True))
    network.gain.fill_(unbiased_gain(found, true, network.expected.numpy(), kept_back.recipe.size))


def _pairs(run: RunDir, split: str, recipe: SynthesisRecipe) -> Pairs:
    cases = [case for case in run.cases() if case.split == split and case.film and case.film.corners_px]
    if not cases:
        raise RunError(f"No film of the {split} split has its vertebral corners set.")
    spec = run.spec()
    return Pairs(run, cases, recipe, spec["schema"], spec["film_schema"])


def _toned(films: Tensor) -> Tensor:
    """Other tones and grain, as another machine would give."""
    power, grain = torch.rand(2, len(films), 1, 1, 1)
    levels = ((films + 1) / 2).clamp(0, 1) ** (0.6 + 0.9 * power)
    toned: Tensor = 2 * levels - 1 + 0.08 * grain * torch.randn_like(films)
    return toned


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.experiments.filmreader", description=__doc__)
    parser.add_argument("phantoms", type=Path, help="a folder of phantoms, or a run folder of their pairs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--recipe", default="pair-column", help="the synthesis whose films it reads")
    parser.add_argument("--passes", type=int, default=20)
    asked = parser.parse_args(arguments)
    recipe = RECIPES.get(asked.recipe)
    try:
        if not isinstance(recipe, SynthesisRecipe):
            raise RunError(f"{asked.recipe} is no recipe for a synthesis of films.")
        run = pairs_in(asked.phantoms, asked.out / "pairs")
        taught, kept_back = (_pairs(run, split, recipe) for split in ("train", "validation"))
        network = learn(taught, recipe, passes=asked.passes)
        calibrate(network, kept_back)
        card = {"reads": READS, "recipe": recipe.to_dict(), "films": len(taught), "passes": asked.passes}
        asked.out.mkdir(parents=True, exist_ok=True)
        weights.save_tensors(asked.out / READER, network.state_dict(), card)
    except (OSError, KeyError, ValueError, RunError) as error:
        print(f"filmreader: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
