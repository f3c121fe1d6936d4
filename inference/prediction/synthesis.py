"""Synthetic X-rays by trained weights: backs with their landmarks in, films and where they lie out."""

import time
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from inference.networks import contrast, pairs, unlike, weights
from inference.networks.pairs import ENDS
from inference.networks.pictures import apply
from inference.networks.registry import build_generator
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, RunDir, RunError, write_bytes


def predict(run: RunDir, recipe: SynthesisRecipe) -> None:
    """Synthesise a film for every back of the folder, as films/IMAGE.png; leave result.json.

    Each answer has the film's own C7 and sacrum, which hold by its making, and `film_from_back`: the
    transform (2, 3) of stored pixels of the back to pixels of the film. The film lies as the back does, seen
    from behind. A back unlike those of the training is `flagged` with the reason instead. Raises RunError.
    """
    spec = run.spec()
    names: list[str] = spec["schema"]["points"]
    network, ranges = _network(run, spec["weights_sha256"], recipe, len(names))
    began = time.monotonic()
    cases = run.cases()
    answers = []
    for number, case in enumerate(cases, start=1):
        answers.append(_answer(network, ranges, run, case, recipe, names))
        eta_s = round((len(cases) - number) * (time.monotonic() - began) / number, 1)
        run.append_progress({"kind": "step", "step": number, "steps": len(cases), "eta_s": eta_s})
    run.write_result({"cases": answers, "seconds": round(time.monotonic() - began, 3)})


def _network(
    run: RunDir, digest: str, recipe: SynthesisRecipe, points: int
) -> tuple[nn.Module, unlike.Ranges]:
    """The recipe's generator with the folder's weights, and the ranges of what it was taught with."""
    tensors, card = weights.read_named(run.path / "weights.safetensors", digest)
    network = build_generator(recipe, points)
    weights.load_into(network, tensors, "weights.safetensors")
    return network.eval(), card.get("ranges", {})


@torch.inference_mode()
def _answer(
    network: nn.Module,
    ranges: unlike.Ranges,
    run: RunDir,
    case: Case,
    recipe: SynthesisRecipe,
    names: list[str],
) -> dict[str, Any]:
    sheet = pairs.load(run.path, case, recipe, names, None)
    strange = unlike.unlike(unlike.quantities(sheet.grey, sheet.depth_mm), ranges)
    if strange is not None:
        return {"image": case.image, "flagged": strange.reason}
    values = network(torch.from_numpy(pairs.inputs(sheet, recipe))[None])[0, 0].float().numpy()
    if not np.isfinite(values).all():
        raise RunError(f"The network gave no numbers for image {case.image}.")
    content = cv2.imencode(".png", contrast.levels(values))[1].tobytes()
    path = run.file("films", f"{case.image}.png")
    write_bytes(path, content)
    ends = apply(sheet.aligned_from_image, np.array([case.points_px[names.index(name)] for name in ENDS]))
    return {
        "image": case.image,
        "film": f"films/{path.name}",
        "film_from_back": np.round(sheet.aligned_from_image, 6).tolist(),
        "points": [
            {"name": name, "x": round(float(x), 2), "y": round(float(y), 2)}
            for name, (x, y) in zip(ENDS, ends, strict=True)
        ],
    }
