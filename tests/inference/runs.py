"""Synthetic run folders: dark discs on a slanted back, made here and now, in the layout the task writes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inference.recipes import RECIPES, Recipe
from inference.rundir import Case, RunDir

POINTS = ["C7", "scapula_L", "scapula_R", "sacrum"]
MIRRORED = [0, 2, 1, 3]
TINY = RECIPES["back-trial"].with_changes({"image_px": 64, "batch": 4, "least_samples": 1})


def back(rng: np.random.Generator, width: int, height: int) -> tuple[Any, Any, list[tuple[float, float]]]:
    """A picture (uint8 RGB), its depth (uint16 mm) and four points on it."""
    points = [
        (width * (0.5 + rng.uniform(-0.05, 0.05)), height * (0.2 + rng.uniform(-0.05, 0.05))),
        (width * (0.3 + rng.uniform(-0.05, 0.05)), height * (0.45 + rng.uniform(-0.05, 0.05))),
        (width * (0.7 + rng.uniform(-0.05, 0.05)), height * (0.45 + rng.uniform(-0.05, 0.05))),
        (width * (0.5 + rng.uniform(-0.05, 0.05)), height * (0.8 + rng.uniform(-0.05, 0.05))),
    ]
    picture = np.full((height, width, 3), 180, dtype=np.uint8)
    for index, (x, y) in enumerate(points):
        shade = (40, 40 + 60 * (index % 2), 40 + 40 * index)
        cv2.circle(picture, (int(x), int(y)), max(2, width // 16), shade, -1, cv2.LINE_AA)
    depth = (
        np.full((height, width), 1500, dtype=np.uint16) + (np.arange(width, dtype=np.uint16) // 2)[None, :]
    )
    depth[:, : width // 20] = 0
    return picture, depth, points


def make_run(
    path: Path, recipe: Recipe = TINY, *, images: int = 8, seed: int = 0, size: tuple[int, int] = (120, 160)
) -> RunDir:
    """A training run folder of synthetic backs: three quarters to train on, the rest to validate."""
    run = RunDir(path)
    rng = np.random.default_rng(seed)
    cases = []
    for index in range(images):
        picture, depth, points = back(rng, *size)
        name = f"image-{index}"
        cv2.imwrite(str(run.file("images", f"{name}.png")), picture[:, :, ::-1])
        np.save(run.file("depth", f"{name}.npy"), depth)
        split = "train" if index < images * 3 // 4 else "validation"
        cases.append(Case(name, split, *size, f"images/{name}.png", f"depth/{name}.npy", tuple(points)))
    schema = {"name": "test4", "points": POINTS, "mirrored_order": MIRRORED}
    run.write_spec(
        {"kind": "training", "recipe": recipe.to_dict(), "schema": schema, "accelerator": "cpu"}, cases
    )
    return run
