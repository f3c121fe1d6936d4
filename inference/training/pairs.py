"""The pairs of back and film of a run as batches. Sheets are made once and kept in memory."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.networks import contrast, pairs
from inference.networks.pairs import CORNERS_MIRRORED, IDENTITY, Sheet
from inference.networks.pictures import Affine, apply, similarity
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import Case, RunDir
from inference.training.dataset import chosen_in, steps


@dataclass(frozen=True, slots=True)
class PairBatch:
    """`inputs` (B, channels, H, W); `films` (B, 1, H, W) in [-1, 1], -1 where there is none; `inside`
    (B, 1, H, W): 1 where there is. `corners_px` (B, 68, 2): the vertebral corners, NaN where unknown."""

    inputs: Tensor
    films: Tensor
    inside: Tensor
    corners_px: Tensor


class Pairs:
    """The pairs of one split. `schema`, `film_schema`: as in spec.json."""

    def __init__(
        self,
        run: RunDir,
        cases: list[Case],
        recipe: SynthesisRecipe,
        schema: dict[str, list[str]],
        film_schema: dict[str, list[str]],
    ) -> None:
        self.recipe = recipe
        self.mirrored_order = np.array(schema["mirrored_order"], dtype=np.intp)
        self.sheets: list[Sheet] = [
            pairs.load(run.path, case, recipe, schema["points"], film_schema["points"]) for case in cases
        ]

    def __len__(self) -> int:
        return len(self.sheets)

    def steps(self) -> int:
        """Batches in one epoch of training."""
        return steps(len(self), self.recipe)

    def shuffled(self, epoch: int, share: tuple[int, int] = (0, 1)) -> Iterator[PairBatch]:
        """The batches of one epoch of training: order and moves follow from seed, epoch, round and case."""
        for chosen in chosen_in(len(self), self.recipe, epoch, share):
            yield self._batch([self._moved(turn, index, epoch) for turn, index in chosen])

    def backs(self, epoch: int, share: tuple[int, int] = (0, 1)) -> Iterator[tuple[Tensor, Tensor]]:
        """The inputs and corners (B, 68, 2) of every pass over the backs in one epoch, each moved anew."""
        for turn in range(self.recipe.column_passes):
            place = epoch * self.recipe.column_passes + turn
            for chosen in chosen_in(len(self), self.recipe, place, share):
                items = [self._moved(again, index, place) for again, index in chosen]
                yield self._inputs(items), _corners(items)

    def mean_column(self) -> Tensor:
        """The mean of the corners (68, 2) that are known, and of their mirror images."""
        known = np.stack([sheet.corners_px for sheet in self.sheets if sheet.corners_px is not None])
        mean = known.mean(axis=0)
        mirrored = (mean * (-1, 1) + (self.recipe.film_width_px, 0))[CORNERS_MIRRORED]
        return torch.from_numpy((mean + mirrored) / 2)

    def in_order(self) -> Iterator[PairBatch]:
        """Every pair once, as it is."""
        for start in range(0, len(self), self.recipe.batch):
            yield self._batch([(sheet, IDENTITY) for sheet in self.sheets[start : start + self.recipe.batch]])

    def _moved(self, turn: int, index: int, epoch: int) -> tuple[Sheet, Affine]:
        rng = np.random.default_rng([self.recipe.seed, epoch, turn, index])
        return moved(self.sheets[index], self.mirrored_order, rng, self.recipe)

    def _batch(self, items: list[tuple[Sheet, Affine]]) -> PairBatch:
        films = [pairs.film_of(sheet, self.recipe, move) for sheet, move in items]
        return PairBatch(
            inputs=self._inputs(items),
            films=torch.from_numpy(np.stack([contrast.signed(film)[None] for film, _ in films])),
            inside=torch.from_numpy(np.stack([inside[None].astype(np.float32) for _, inside in films])),
            corners_px=_corners(items),
        )

    def _inputs(self, items: list[tuple[Sheet, Affine]]) -> Tensor:
        return torch.from_numpy(np.stack([pairs.inputs(sheet, self.recipe, move) for sheet, move in items]))


def _corners(items: list[tuple[Sheet, Affine]]) -> Tensor:
    """The corners of sheets whose points were moved already."""
    unknown = np.full((len(CORNERS_MIRRORED), 2), np.nan)
    known = [unknown if sheet.corners_px is None else sheet.corners_px for sheet, _ in items]
    return torch.from_numpy(np.stack(known).astype(np.float32))


def moved(
    sheet: Sheet, mirrored_order: NDArray[np.intp], rng: np.random.Generator, recipe: SynthesisRecipe
) -> tuple[Sheet, Affine]:
    """A random move of back, points and film alike (seed 000, 4.3.4): the sheet with its points moved and its
    depth offset, and the move that its pictures are seen through."""
    width, height = recipe.size

    def happens() -> bool:
        return bool(rng.random() < recipe.move_probability)

    mirrored = bool(rng.random() < recipe.flip_probability)
    angle = math.radians(rng.uniform(-recipe.rotate_deg, recipe.rotate_deg)) * happens()
    scale = 1 + rng.uniform(-recipe.scale_fraction, recipe.scale_fraction) * happens()
    box = rng.uniform(recipe.shift_least_fraction, recipe.shift_most_fraction, 2) * width
    move = similarity(width, height, angle, scale, box * happens(), mirrored=mirrored)
    points, corners = apply(move, sheet.points_px), sheet.corners_px
    if corners is not None:
        corners = apply(move, corners)
        corners = corners[CORNERS_MIRRORED] if mirrored else corners
    depth = sheet.depth_mm
    if depth is not None and recipe.depth_offset_mm and happens():
        offset = rng.uniform(-recipe.depth_offset_mm, recipe.depth_offset_mm)
        depth = np.where(depth > 0, np.maximum(depth + offset, 1), 0).astype(np.float32)
    points = points[mirrored_order] if mirrored else points
    return replace(sheet, points_px=points, corners_px=corners, depth_mm=depth), move
