"""The cases of a run as batches. Pictures are shrunk to the recipe's square once and kept in memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.networks import heatmaps, pictures, planes
from inference.networks.pictures import Affine, Picture
from inference.networks.standardise import Statistics
from inference.recipes.base import Recipe
from inference.recipes.landmarks import LandmarkRecipe
from inference.rundir import Case, RunDir, RunError
from inference.training.augmentation import augment

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """`inputs` (B, channels, S, S); `targets` (B, points, cells, cells); `known` (B, points): 1 where the
    point was placed. `points_px` (B, points, 2) in px of the square, NaN where it was not.
    `image_from_square`: per case, back to stored pixels; `mm_per_px`: of these, NaN where unknown."""

    inputs: Tensor
    targets: Tensor
    known: Tensor
    points_px: NDArray[np.float64]
    image_from_square: list[Affine]
    mm_per_px: list[float]


def rounds(cases: int, recipe: Recipe) -> int:
    """How often one epoch goes through so many cases."""
    return max(1, -(-recipe.least_samples // cases))


def steps(cases: int, recipe: Recipe) -> int:
    """Batches in one epoch of training on so many cases."""
    return -(-cases * rounds(cases, recipe) // recipe.batch)


def chosen_in(
    cases: int, recipe: Recipe, epoch: int, share: tuple[int, int] = (0, 1)
) -> Iterator[list[tuple[int, int]]]:
    """The batches of one epoch as (round, case); the order follows from seed and epoch.

    `share`: this process's rank and how many there are; each gets its part of every batch.
    """
    rank, ranks = share
    order = np.random.default_rng([recipe.seed, epoch]).permutation(cases * rounds(cases, recipe))
    for start in range(0, len(order), recipe.batch):
        chosen = order[start : start + recipe.batch]
        # A last batch with fewer cases than processes goes round: each of them must have something to do.
        chosen = np.resize(chosen, max(len(chosen), ranks))[rank::ranks]
        yield [divmod(int(place), cases) for place in chosen]


def ahead(batches: Iterator[T]) -> Iterator[T]:
    """The same batches, each made by a thread while the one before is learned from."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


class Cases:
    """The cases of one split. `statistics` are those of the training split, where the recipe needs any."""

    statistics: Statistics | None = None

    def __init__(
        self, run: RunDir, cases: list[Case], recipe: LandmarkRecipe, mirrored_order: list[int]
    ) -> None:
        self.recipe = recipe
        self.mirrored_order = np.array(mirrored_order, dtype=np.intp)
        self.pictures: list[Picture] = []
        self.points_px: list[NDArray[np.float64]] = []
        sizes = run.spec().get("mm_per_px", {})
        self.mm_per_px = [float(sizes.get(case.image, np.nan)) for case in cases]
        for case in cases:
            if len(case.points_px) != len(mirrored_order):
                wanted = len(mirrored_order)
                raise RunError(f"Image {case.image} has {len(case.points_px)} points, not {wanted}.")
            picture = pictures.load(run.path, case, recipe)
            stored = np.array([point or (np.nan, np.nan) for point in case.points_px], dtype=np.float64)
            self.pictures.append(picture)
            self.points_px.append(pictures.apply(picture.square_from_image, stored))

    def __len__(self) -> int:
        return len(self.pictures)

    def steps(self) -> int:
        """Batches in one epoch of training."""
        return steps(len(self), self.recipe)

    def shuffled(self, epoch: int, share: tuple[int, int] = (0, 1)) -> Iterator[Batch]:
        """The batches of one epoch of training: order and moves follow from seed, epoch, round and case.

        `share`: this process's rank and how many there are; each gets its part of every batch.
        """
        for chosen in chosen_in(len(self), self.recipe, epoch, share):
            moves = self.recipe.moved in ("training", "both")
            yield self._batch(
                [self._moved(turn, index, epoch) if moves else self._still(index) for turn, index in chosen],
                [index for _, index in chosen],
            )

    def in_order(self) -> Iterator[Batch]:
        """Every case once, as it is; where the recipe moves tests, each in a way of its own for good."""
        moves = self.recipe.moved in ("tests", "both")
        pairs = [self._moved(0, index, 0) if moves else self._still(index) for index in range(len(self))]
        for start in range(0, len(pairs), self.recipe.batch):
            part = slice(start, start + self.recipe.batch)
            yield self._batch(pairs[part], list(range(len(pairs)))[part])

    def _still(self, index: int) -> tuple[Picture, NDArray[np.float64]]:
        return self.pictures[index], self.points_px[index]

    def _moved(self, turn: int, index: int, epoch: int) -> tuple[Picture, NDArray[np.float64]]:
        rng = np.random.default_rng([self.recipe.seed, epoch, turn, index])
        return augment(self.pictures[index], self.points_px[index], self.mirrored_order, rng, self.recipe)

    def _batch(self, items: list[tuple[Picture, NDArray[np.float64]]], indices: list[int]) -> Batch:
        recipe = self.recipe
        inputs = np.stack([planes.tensor(p, recipe, self.statistics) for p, _ in items])
        points = np.stack([points for _, points in items])
        targets = np.stack(
            [heatmaps.draw(p, recipe.heatmap_px, recipe.heatmap_stride, recipe.heatmap_sigma) for p in points]
        )
        return Batch(
            inputs=torch.from_numpy(inputs),
            targets=torch.from_numpy(targets),
            known=torch.from_numpy(np.isfinite(points).all(axis=2).astype(np.float32)),
            points_px=points,
            image_from_square=[pictures.inverse(p.square_from_image) for p, _ in items],
            mm_per_px=[self.mm_per_px[index] for index in indices],
        )
