"""Landmarks by trained weights: pictures in, points in stored pixels out."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from inference.networks import heatmaps, pictures, weights
from inference.networks.registry import build
from inference.recipes import Recipe
from inference.rundir import Case, RunDir, RunError, sha256_of

# Below this height of the peak the network itself is in doubt (targets are 1 high).
UNCERTAIN_BELOW = 0.35


def predict(run: RunDir) -> None:
    """Predict every case of the folder; leave result.json. Raises RunError."""
    spec = run.spec()
    recipe = Recipe.from_dict(spec["recipe"])
    names: list[str] = spec["schema"]["points"]
    network = _network(run, spec, recipe, len(names))
    began = time.monotonic()
    cases = run.cases()
    answers = []
    for number, case in enumerate(cases, start=1):
        answers.append({"image": case.image, "points": _points(network, run, case, recipe, names)})
        eta_s = round((len(cases) - number) * (time.monotonic() - began) / number, 1)
        run.append_progress({"kind": "step", "step": number, "steps": len(cases), "eta_s": eta_s})
    run.write_result({"cases": answers, "seconds": round(time.monotonic() - began, 3)})


def _network(run: RunDir, spec: dict[str, Any], recipe: Recipe, points: int) -> nn.Module:
    """The recipe's network with the folder's weights, whose bytes must be those the spec names."""
    path = run.path / "weights.safetensors"
    if not path.is_file() or sha256_of(path) != spec["weights_sha256"]:
        raise RunError("The weights are missing or are not the bytes that this model version names.")
    tensors, _ = weights.read_tensors(path)
    network = build(recipe, points)
    weights.load_into(network, tensors, path.name)
    return network.eval()


@torch.inference_mode()
def _points(
    network: nn.Module, run: RunDir, case: Case, recipe: Recipe, names: list[str]
) -> list[dict[str, Any]]:
    picture = pictures.load(run.path, case, recipe)
    inputs = torch.from_numpy(pictures.tensor(picture.grey, picture.depth_mm, recipe))[None]
    maps = network(inputs)[0].float().numpy()
    found, heights = heatmaps.read(maps, recipe.heatmap_stride)
    placed = pictures.apply(pictures.inverse(picture.square_from_image), found)
    if not np.isfinite(placed).all() or not np.isfinite(heights).all():
        raise RunError(f"The network gave no numbers for image {case.image}.")
    return [
        {
            "name": name,
            "x": round(min(max(float(x), 0.0), float(case.width)), 2),
            "y": round(min(max(float(y), 0.0), float(case.height)), 2),
            "state": "uncertain" if height < UNCERTAIN_BELOW else "placed",
            "confidence": round(float(height), 4),
        }
        for name, (x, y), height in zip(names, placed, heights, strict=True)
    ]
