"""Films drawn here and now: seventeen bright bodies along a bent line on a dim trunk, every corner known."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotation.spine.schemas import BUILT_IN
from annotation.spine.shape import VERTEBRAE, shipped
from inference.recipes.base import Recipe
from inference.rundir import Case, RunDir


def bent_column(rng: np.random.Generator, width: int, height: int, most_deg: float = 18.0) -> Any:
    """Corners (17, 4, 2) of a column with the shipped model's sizes, bent by up to `most_deg`, in the
    middle."""
    mean = shipped().mean.reshape(VERTEBRAE, 9)
    length = 0.82 * height
    places = np.linspace(0, 2 * np.pi * rng.uniform(0.7, 1.1), VERTEBRAE)
    tilts = np.radians(rng.uniform(-most_deg, most_deg)) * np.sin(places + rng.uniform(0, 2 * np.pi))
    centres = np.zeros((VERTEBRAE, 2))
    for row in range(1, VERTEBRAE):
        heading = (tilts[row - 1] + tilts[row]) / 2
        centres[row] = centres[row - 1] + mean[row - 1, 8] * length * np.array(
            [np.sin(heading), np.cos(heading)]
        )
    centres += (width / 2 - centres[:, 0].mean(), (height - centres[-1, 1]) / 2)
    corners = np.empty((VERTEBRAE, 4, 2))
    for row, tilt in enumerate(tilts):
        right, down = np.array([np.cos(tilt), -np.sin(tilt)]), np.array([np.sin(tilt), np.cos(tilt)])
        local = mean[row, :8].reshape(4, 2) * length
        corners[row] = centres[row] + local[:, :1] * right + local[:, 1:] * down
    return corners


def made_film(rng: np.random.Generator, width: int = 200, height: int = 500) -> tuple[Any, Any]:
    """A film (height, width) uint8 and its corners (17, 4, 2)."""
    corners = bent_column(rng, width, height)
    film = np.full((height, width), 60.0)
    film += np.linspace(0, 40, height)[:, None]
    for body in corners:
        cv2.fillPoly(film, [(body[[0, 1, 3, 2]] * 16).astype(np.int32)], 170.0, cv2.LINE_8, 4)
    film = cv2.GaussianBlur(film, (0, 0), 1.0) + rng.normal(0, 4, film.shape)
    return np.clip(film, 0, 255).astype(np.uint8), corners


def make_folder(path: Path, *, films: int = 6, seed: int = 0, size: tuple[int, int] = (200, 500)) -> Path:
    """A folder in the layout of the AASCE challenge; two films per patient."""
    from annotation.spine.aasce import aasce_angles

    (path / "images").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    names, landmarks, angles = [], [], []
    for index in range(films):
        film, corners = made_film(rng, *size)
        names.append([f"made-{index // 2} {'AB'[index % 2]} AP.png"])
        cv2.imwrite(str(path / "images" / names[-1][0]), film)
        shares = corners / size
        landmarks.append([*shares[..., 0].ravel(), *shares[..., 1].ravel()])
        angles.append(aasce_angles(corners, size[1]))
    for file, rows in (("filenames", names), ("landmarks", landmarks), ("angles", angles)):
        with (path / f"{file}.csv").open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows(rows)
    return path


def make_film_run(path: Path, recipe: Recipe, *, films: int = 6, seed: int = 0) -> RunDir:
    """A training run folder of made films: two thirds to train on, the rest to validate."""
    run = RunDir(path)
    rng = np.random.default_rng(seed)
    cases = []
    for index in range(films):
        film, corners = made_film(rng)
        name = f"film-{index}"
        cv2.imwrite(str(run.file("images", f"{name}.png")), film)
        points = tuple((float(x), float(y)) for x, y in corners.reshape(-1, 2))
        split = "train" if index < films * 2 // 3 else "validation"
        cases.append(Case(name, split, film.shape[1], film.shape[0], f"images/{name}.png", None, points))
    schema = BUILT_IN["vertebrae68"]
    described = {
        "name": schema.name,
        "points": list(schema.point_names),
        "mirrored_order": list(schema.mirrored_order),
    }
    spec = {"kind": "training", "recipe": recipe.to_dict(), "schema": described, "accelerator": "cpu"}
    run.write_spec(spec, cases)
    return run
