"""`python -m inference.experiments.ship`: a training on phantoms becomes weights that ship.

    python -m inference.experiments.ship RUN --name backs --commit COMMIT --what "2,400 phantoms, seed 1" \\
        [--heldout heldout.json] [--out inference/weights]

RUN: the folder of a training that is done. With the figures of `inference.experiments.heldout`, measured with
the file that an earlier call wrote, the card says what these weights are worth on phantoms nobody tuned on.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from inference.networks.halved import write_shipped
from inference.recipes.catalogue import recipe_of
from inference.rundir import RunDir, RunError

# By kind of recipe: the part of the held-out figures that speaks of it, and what must be known before use.
_PART: Final = {"landmarks": "landmarks", "synthesis": "found"}
_LIMITS: Final = {
    "landmarks": (
        "Learned from simulated children only: on real ones it is a first proposal to correct, and its "
        "doubts are those of the phantom.",
        "Expects one bare back by an Azure Kinect at 1.2 to 1.8 m, depth registered.",
    ),
    "synthesis": (
        "Learned from simulated children only. It shows how a synthetic film looks on this platform; no "
        "angle measured on it says anything about a real child.",
        "A film is drawn from the skin alone: what does not show on the back, as a vertebra's shape or an "
        "implant, is made up.",
    ),
}


def ship(
    run: RunDir,
    out: Path,
    *,
    commit: str,
    what: str,
    heldout: dict[str, Any] | None,
    limits: Sequence[str] = (),
) -> Path:
    """Write the weights of a finished training and their card beside each other at `out`; the card's path.

    Raises RunError where the training is not done or is of a kind that phantoms do not teach.
    """
    spec, result = run.spec(), run.result()
    recipe = recipe_of(spec["recipe"])
    if recipe.kind not in _PART:
        raise RunError(
            f"{run.path} is a training of {recipe.kind}; landmarks and synthesis ship from phantoms."
        )
    taught = [case for case in run.cases() if case.split == "train"]
    names = "\n".join(sorted(case.image for case in taught))
    metrics = dict(result["metrics"])
    if heldout is not None:
        metrics["held-out phantoms"] = {"images": heldout["phantoms"], **heldout[_PART[recipe.kind]]}
    card = {
        "title": recipe.title,
        "summary": recipe.summary,
        "schema": spec["schema"]["name"],
        "commit": commit,
        "data": {
            "what": what,
            "images": len(taught),
            "subjects": len(taught),
            "digest": hashlib.sha256(names.encode()).hexdigest(),
        },
        "result": {**result, "metrics": metrics},
        "limits": [*_LIMITS[recipe.kind], *limits],
    }
    return write_shipped(run.path / "weights.safetensors", out, card, {})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.experiments.ship", description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of the training")
    parser.add_argument("--name", required=True, help="of the two files")
    parser.add_argument("--commit", required=True, help="by which it was trained")
    parser.add_argument("--what", required=True, help="a sentence on the phantoms it was trained on")
    parser.add_argument("--heldout", type=Path, help="figures by inference.experiments.heldout")
    parser.add_argument("--limit", action="append", default=[], help="what else must be known before use")
    parser.add_argument("--out", type=Path, default=Path("inference/weights"))
    asked = parser.parse_args(arguments)
    try:
        heldout = None if asked.heldout is None else json.loads(asked.heldout.read_text(encoding="utf-8"))
        run = RunDir(asked.run)
        told = {"commit": asked.commit, "what": asked.what, "heldout": heldout, "limits": asked.limit}
        print(ship(run, asked.out / asked.name, **told))
    except (OSError, KeyError, ValueError, RunError) as error:
        print(f"ship: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
