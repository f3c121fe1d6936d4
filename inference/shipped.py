"""The weights that come with the program: in `inference/weights/`, each beside the card that says what it is.

    NAME.safetensors   the tensors
    NAME.json          the card: {"title", "summary", "schema", "target", "recipe", "commit", "seed",
                       "weights_sha256", "data": {...}, "result": {...}, "limits": ["..."]}

`data` says on what they were trained ({"what": a sentence, "images", "subjects", "digest"}); `result` is what
the training left as its result.json; `limits` are sentences for the people who will use it. Neither Django
nor torch is needed to read a card.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inference.recipes.base import Recipe
from inference.recipes.catalogue import recipe_of
from inference.rundir import sha256_of

FOLDER = Path(__file__).parent / "weights"
_NEEDED = (
    "title",
    "summary",
    "schema",
    "target",
    "recipe",
    "commit",
    "seed",
    "weights_sha256",
    "data",
    "result",
    "limits",
)


@dataclass(frozen=True, slots=True)
class Shipped:
    """One set of shipped weights. `card` is the whole JSON, as it is written."""

    name: str
    path: Path
    recipe: Recipe
    card: dict[str, Any]


def all_shipped(folder: Path = FOLDER) -> Iterator[Shipped]:
    """The shipped weights by name. Raises ValueError for a card that lacks something or names other bytes."""
    for path in sorted(folder.glob("*.json")):
        yield _read(path)


def shipped(name: str, folder: Path = FOLDER) -> Shipped:
    """The weights of a name. Raises KeyError where none are shipped under it, ValueError as `all_shipped`."""
    path = folder / f"{name}.json"
    if path not in folder.glob("*.json"):
        raise KeyError(name)
    return _read(path)


@cache
def _digest(path: Path, _changed_ns: int) -> str:
    return sha256_of(path)


def _read(path: Path) -> Shipped:
    card = json.loads(path.read_text(encoding="utf-8"))
    missing = [name for name in _NEEDED if name not in card]
    if missing:
        raise ValueError(f"{path.name}: lacks {', '.join(missing)}")
    weights = path.with_suffix(".safetensors")
    if not weights.is_file() or _digest(weights, weights.stat().st_mtime_ns) != card["weights_sha256"]:
        raise ValueError(f"{path.name}: {weights.name} is missing or is not what the card names")
    recipe = recipe_of(card["recipe"])
    if recipe.target != card["target"]:
        raise ValueError(f"{path.name}: its recipe is for {recipe.target}, not for {card['target']}")
    return Shipped(path.stem, weights, recipe, card)
