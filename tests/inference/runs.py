"""Synthetic run folders: dark discs on a slanted back, made here and now, in the layout the task writes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inference.recipes.base import Recipe
from inference.recipes.landmarks import RECIPES as LANDMARKS
from inference.recipes.synthesis import RECIPES as SYNTHESES
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, Film, RunDir

Places = list[tuple[float, float]]
POINTS = ["C7", "scapula_L", "scapula_R", "sacrum"]
MIRRORED = [0, 2, 1, 3]
BACK = {recipe.name: recipe for recipe in LANDMARKS}
TINY = BACK["back-trial"].with_changes({"image_px": 64, "batch": 4, "least_samples": 1})

PAIR = {recipe.name: recipe for recipe in SYNTHESES}
TINY_PAIR = PAIR["pair-trial"].with_changes(
    {"film_width_px": 100, "film_height_px": 200, "least_samples": 1, "width": 2, "discriminator_width": 2}
)


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


def film_of(picture: Any, points: list[tuple[float, float]]) -> tuple[Any, Places, Places]:
    """The film of a back, twice as large and stored mirrored: its spine is a curve through the points. Its
    ends, and the corners of 17 bodies along it."""
    height, width = picture.shape[:2]
    film = np.full((2 * height, 2 * width), 40, dtype=np.uint8)
    c7, left, right, sacrum = (np.array(point) * 2 for point in points)
    bend = c7 + (sacrum - c7) / 2 + ((left + right) / 2 - (c7 + sacrum) / 2) * 2
    corners: Places = []
    for number, share in enumerate(np.linspace(0, 1, 18)):
        x, y = (1 - share) ** 2 * c7 + 2 * share * (1 - share) * bend + share**2 * sacrum
        cv2.rectangle(film, (int(x) - 12, int(y) - 4), (int(x) + 12, int(y) + 4), 200, -1)
        if number:
            middle = 2 * width - x
            corners += [(middle + across, y + down) for down in (-4, 4) for across in (-12, 12)]
    ends = [(2 * width - 2 * x, 2 * y) for x, y in (points[0], points[3])]
    return film[:, ::-1], ends, corners


def make_pairs(path: Path, recipe: SynthesisRecipe = TINY_PAIR, *, images: int = 6, seed: int = 0) -> RunDir:
    """A training run folder of backs and films; two thirds to train on, of the rest half to validate."""
    run = RunDir(path)
    rng = np.random.default_rng(seed)
    width, height = 120, 160
    cases = []
    for index in range(images):
        picture, depth, points = back(rng, width, height)
        pixels, ends, corners = film_of(picture, points)
        name = f"image-{index}"
        cv2.imwrite(str(run.file("images", f"{name}.png")), picture[:, :, ::-1])
        cv2.imwrite(str(run.file("images", f"film-{index}.png")), pixels)
        np.save(run.file("depth", f"{name}.npy"), depth)
        split = ("train", "train", "train", "train", "validation", "test")[index % 6]
        film = Film(
            f"film-{index}",
            f"images/film-{index}.png",
            2 * width,
            2 * height,
            mirrored=True,
            points_px=tuple(ends),
            corners_px=tuple(corners),
        )
        picture_file, depth_file = f"images/{name}.png", f"depth/{name}.npy"
        cases.append(Case(name, split, width, height, picture_file, depth_file, tuple(points), film))
    spec = {
        "kind": "training",
        "recipe": recipe.to_dict(),
        "schema": {"name": "test4", "points": POINTS, "mirrored_order": MIRRORED},
        "film_schema": {"name": "xray2", "points": ["C7", "sacrum"], "mirrored_order": [0, 1]},
        "accelerator": "cpu",
    }
    run.write_spec(spec, cases)
    return run
