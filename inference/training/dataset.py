"""The cases of a run as batches. Pictures are shrunk to the recipe's square once and kept in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.networks import heatmaps, pictures
from inference.networks.pictures import Affine, Picture
from inference.recipes import Recipe
from inference.rundir import Case, RunDir, RunError
from inference.training.augmentation import augment


@dataclass(frozen=True, slots=True)
class Batch:
    """`inputs` (B, channels, S, S); `targets` (B, points, cells, cells); `known` (B, points): 1 where the
    point was placed. `points_px` (B, points, 2) in px of the square, NaN where it was not.
    `image_from_square`: per case, back to stored pixels."""

    inputs: Tensor
    targets: Tensor
    known: Tensor
    points_px: NDArray[np.float64]
    image_from_square: list[Affine]


class Cases:
    """The cases of one split."""

    def __init__(self, run: RunDir, cases: list[Case], recipe: Recipe, mirrored_order: list[int]) -> None:
        self.recipe = recipe
        self.mirrored_order = np.array(mirrored_order, dtype=np.intp)
        self.pictures: list[Picture] = []
        self.points_px: list[NDArray[np.float64]] = []
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

    def rounds(self) -> int:
        """How often one epoch goes through the cases."""
        return max(1, -(-self.recipe.least_samples // len(self)))

    def steps(self) -> int:
        """Batches in one epoch of training."""
        return -(-len(self) * self.rounds() // self.recipe.batch)

    def shuffled(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch of training: order and moves follow from seed, epoch, round and case."""
        order = np.random.default_rng([self.recipe.seed, epoch]).permutation(len(self) * self.rounds())
        for start in range(0, len(order), self.recipe.batch):
            chosen = order[start : start + self.recipe.batch]
            yield self._batch([self._moved(*divmod(int(place), len(self)), epoch) for place in chosen])

    def in_order(self) -> Iterator[Batch]:
        """Every case once, as it is."""
        pairs = list(zip(self.pictures, self.points_px, strict=True))
        for start in range(0, len(pairs), self.recipe.batch):
            yield self._batch(pairs[start : start + self.recipe.batch])

    def _moved(self, turn: int, index: int, epoch: int) -> tuple[Picture, NDArray[np.float64]]:
        rng = np.random.default_rng([self.recipe.seed, epoch, turn, index])
        return augment(self.pictures[index], self.points_px[index], self.mirrored_order, rng, self.recipe)

    def _batch(self, items: list[tuple[Picture, NDArray[np.float64]]]) -> Batch:
        recipe = self.recipe
        inputs = np.stack([pictures.tensor(p.grey, p.depth_mm, recipe) for p, _ in items])
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
        )
