"""Whoever reads vertebral corners from films: networks of their frame, or one that straightens the spine."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from annotation.spine.schemas import BUILT_IN
from inference.experiments.filmreader import READS, network_for
from inference.experiments.phantoms import CORNERS
from inference.networks import contrast, filmpoints, weights
from inference.networks.column import ColumnNetwork
from inference.networks.filmpoints import FilmPoints
from inference.prediction.vertebrae import VertebraPredictor
from inference.recipes.catalogue import recipe_of
from inference.recipes.synthesis import SynthesisRecipe
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import RunError

Films = NDArray[np.uint8]
Corners = NDArray[np.float64]
# What a straightening reader is shown: a frame is half as wide as high, whatever its pixels.
_SHOWN_PX = (512, 1024)


class Reader(Protocol):
    def read(self, films: Films) -> Corners:
        """Films (n, H, W) -> their 68 corners (n, 68, 2) in px, T1 to L5; NaN where a film has none."""
        ...


class HeatmapReader:
    """A landmark network for X-rays that was trained on films in this frame."""

    def __init__(self, network: FilmPoints) -> None:
        if tuple(network.points) != BUILT_IN[CORNERS].point_names:
            raise RunError(f"Cobb angles are read by a network of {CORNERS}.")
        self.network = network

    def read(self, films: Films) -> Corners:
        return np.stack(
            [self.network.read(torch.from_numpy(contrast.signed(film))[None, None])[0] for film in films]
        )


class FrameReader:
    """A reader that was taught with real films in the frame of a synthesis; see `filmreader`."""

    def __init__(self, network: ColumnNetwork, recipe: SynthesisRecipe) -> None:
        self.network, self.recipe = network.eval(), recipe

    @torch.no_grad()
    def read(self, films: Films) -> Corners:
        return np.stack([self._one(film) for film in films])

    def _one(self, film: NDArray[np.uint8]) -> Corners:
        height, width = film.shape
        shown = np.asarray(cv2.resize(film, self.recipe.size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        corners: Corners = (
            self.network(torch.from_numpy(contrast.signed(shown))[None, None])[0].double().numpy()
        )
        return np.asarray(corners * np.array([width, height]) / self.recipe.size)


class StraighteningReader:
    """The vertebra networks for films of any kind."""

    def __init__(self, predictor: VertebraPredictor) -> None:
        self.predictor = predictor

    def read(self, films: Films) -> Corners:
        return np.stack([self._one(film) for film in films])

    def _one(self, film: NDArray[np.uint8]) -> Corners:
        shown = np.asarray(cv2.resize(film, _SHOWN_PX, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        try:
            found = self.predictor.found(shown).found
        except ValueError:
            return np.full((len(BUILT_IN[CORNERS].points), 2), np.nan)
        height, width = film.shape
        return np.asarray(found.corners_px.reshape(-1, 2) * (width / _SHOWN_PX[0], height / _SHOWN_PX[1]))


def reader_of(path: Path) -> Reader:
    """The reader whose weights these are, as their header says. Raises RunError."""
    tensors, card = weights.read_tensors(path)
    try:
        recipe = recipe_of(card["recipe"])
    except (KeyError, ValueError) as error:
        raise RunError(f"{path.name} does not say how it was trained: {error}") from error
    if isinstance(recipe, SynthesisRecipe) and card.get("reads") == READS:
        network = network_for(recipe)
        weights.load_into(network, tensors, path.name)
        return FrameReader(network, recipe)
    if isinstance(recipe, VertebraRecipe):
        return StraighteningReader(VertebraPredictor.from_file(path, recipe))
    return HeatmapReader(filmpoints.load(path))
