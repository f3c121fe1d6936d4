"""Trained weights as they ship: in half precision, beside their card."""

from pathlib import Path
from typing import Any

import torch

from inference.networks import weights
from inference.recipes.catalogue import recipe_of
from inference.rundir import sha256_of, write_json


def write_shipped(source: Path, target: Path, card: dict[str, Any], more: dict[str, Any]) -> Path:
    """Write weights in half precision as TARGET.safetensors, `more` in their header, and TARGET.json.

    `card`: what `inference.shipped` asks for but that which the weights say themselves. Returns the card's
    path. Raises RunError where source is no weights file.
    """
    tensors, header = weights.read_tensors(source)
    recipe = recipe_of(header["recipe"])
    halved = {key: one.half() if one.dtype == torch.float32 else one for key, one in tensors.items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.with_suffix(".safetensors")
    weights.save_tensors(file, halved, {**header, **more})
    own = {
        "target": recipe.target,
        "recipe": recipe.to_dict(),
        "seed": recipe.seed,
        "weights_sha256": sha256_of(file),
    }
    path = target.with_suffix(".json")
    write_json(path, {**card, **own})
    return path
