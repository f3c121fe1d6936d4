"""Readers of vertebral corners answer in the pixels of the film they were given."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from annotation.spine.schemas import BUILT_IN
from inference.experiments.readers import HeatmapReader, StraighteningReader, reader_of
from inference.networks import weights
from inference.networks.registry import build
from inference.rundir import RunError
from tests.inference.runs import BACK

POINTS = list(BUILT_IN["vertebrae68"].point_names)


class Predictor:
    """Finds the one bright spot of a film, as every corner; a dark film it cannot read."""

    def found(self, film: np.ndarray) -> Any:
        if film.max() < 50:
            raise ValueError("nothing on it")
        rows, columns = np.nonzero(film > 200)
        centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
        return SimpleNamespace(found=SimpleNamespace(corners_px=np.tile(centre, (17, 4, 1))))


@pytest.mark.parametrize("size", [(256, 128), (256, 256)])
def test_a_straightening_reader_answers_in_px_of_the_frame(size: tuple[int, int]) -> None:
    films = np.zeros((2, *size), dtype=np.uint8)
    films[0, 100:110, 60:70] = 255
    corners = StraighteningReader(cast(Any, Predictor())).read(films)
    assert corners.shape == (2, 68, 2)
    assert corners[0] == pytest.approx(np.tile([65.0, 105.0], (68, 1)), abs=0.3)
    assert np.isnan(corners[1]).all()


def saved(path: Path, points: list[str]) -> Path:
    recipe = BACK["radiograph-small"].with_changes({"image_px": 64, "width": 2})
    card = {"recipe": recipe.to_dict(), "schema": {"points": points}}
    weights.save_tensors(path, build(recipe, len(points)).state_dict(), card)
    return path


def test_the_weights_say_which_reader_they_are_of(tmp_path: Path) -> None:
    reader = reader_of(saved(tmp_path / "corners.safetensors", POINTS))
    assert isinstance(reader, HeatmapReader)
    assert reader.read(np.zeros((3, 200, 100), dtype=np.uint8)).shape == (3, 68, 2)
    with pytest.raises(RunError, match="read by a network of vertebrae68"):
        reader_of(saved(tmp_path / "ends.safetensors", ["C7", "sacrum"]))
