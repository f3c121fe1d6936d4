"""Landmarks by trained weights: pictures in, points in stored pixels out, with how far they may be off."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inference.networks import doubt, pictures, unlike, weights
from inference.networks.registry import build
from inference.networks.standardise import Statistics
from inference.recipes.landmarks import LandmarkRecipe
from inference.rundir import Case, RunDir, RunError

# Below this height of the peak the network itself is in doubt (targets are 1 high).
UNCERTAIN_BELOW = 0.35


@dataclass(frozen=True, slots=True)
class _Trained:
    """A network as its weights' file describes it; what an older file does not say changes nothing."""

    network: nn.Module
    recipe: LandmarkRecipe
    names: list[str]
    mirrored_order: list[int]
    statistics: Statistics | None
    ranges: unlike.Ranges
    covariance_scale: float


def predict(run: RunDir, recipe: LandmarkRecipe) -> None:
    """Predict every case of the folder; leave result.json. A picture unlike those of the training is
    `flagged` with the reason, and has no points. Raises RunError."""
    trained = _trained(run, recipe)
    began = time.monotonic()
    cases = run.cases()
    answers = []
    for number, case in enumerate(cases, start=1):
        answers.append(_answer(trained, run, case))
        eta_s = round((len(cases) - number) * (time.monotonic() - began) / number, 1)
        run.append_progress({"kind": "step", "step": number, "steps": len(cases), "eta_s": eta_s})
    run.write_result({"cases": answers, "seconds": round(time.monotonic() - began, 3)})


def _trained(run: RunDir, recipe: LandmarkRecipe) -> _Trained:
    """The folder's weights, whose bytes must be those the spec names."""
    spec = run.spec()
    path, schema = run.path / "weights.safetensors", spec["schema"]
    tensors, card = weights.read_named(path, spec["weights_sha256"])
    network = build(recipe, len(schema["points"]))
    weights.load_into(network, tensors, path.name)
    found = card.get("statistics")
    return _Trained(
        weights.ready(network),
        recipe,
        schema["points"],
        schema["mirrored_order"],
        Statistics(tuple(found["shift"]), tuple(found["scale"])) if found else None,
        card.get("ranges", {}),
        float(card.get("covariance_scale", 1.0)),
    )


def _answer(trained: _Trained, run: RunDir, case: Case) -> dict[str, Any]:
    try:
        picture = pictures.load(run.path, case, trained.recipe)
    except pictures.NobodyThere as error:
        return {"image": case.image, "flagged": str(error)}
    strange = unlike.unlike(unlike.quantities(picture.grey, picture.depth_mm), trained.ranges)
    if strange is not None:
        return {"image": case.image, "flagged": strange.reason}
    return {"image": case.image, "points": _points(trained, case, picture)}


def _points(trained: _Trained, case: Case, picture: pictures.Picture) -> list[dict[str, Any]]:
    seen = doubt.look(trained.network, picture, trained.recipe, trained.statistics, trained.mirrored_order)
    image_from_square = pictures.inverse(picture.square_from_image)
    placed = pictures.apply(image_from_square, seen.points)
    turned = image_from_square[:, :2] @ seen.covariances @ image_from_square[:, :2].T
    if not np.isfinite(placed).all() or not np.isfinite(seen.heights).all():
        raise RunError(f"The network gave no numbers for image {case.image}.")
    return [
        {
            "name": name,
            "x": round(min(max(float(x), 0.0), float(case.width)), 2),
            "y": round(min(max(float(y), 0.0), float(case.height)), 2),
            "state": "uncertain" if height < UNCERTAIN_BELOW else "placed",
            "confidence": round(float(height), 4),
            "covariance_px2": _written(covariance * trained.covariance_scale),
        }
        for name, (x, y), height, covariance in zip(trained.names, placed, seen.heights, turned, strict=True)
    ]


def _written(covariance_px2: NDArray[np.float64]) -> list[float] | None:
    """[xx, xy, yy] of a (2, 2) covariance; None where the map had no peak."""
    (xx, xy), (_, yy) = covariance_px2.tolist()
    return None if math.isnan(xx) else [round(value, 3) for value in (xx, xy, yy)]
