"""Every registered network, heatmaps there and back, pictures and their points, and the weights' file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.networks import heatmaps, pictures, planes, weights
from inference.networks.registry import BUILDERS, build
from inference.recipes.landmarks import RECIPES, LandmarkRecipe
from inference.rundir import RunError
from tests.inference.runs import TINY, make_run


def test_recipes_and_registry_name_the_same_architectures() -> None:
    assert set(BUILDERS) == set(LandmarkRecipe.architectures)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_every_recipe_builds_a_network_with_its_heatmaps(recipe: LandmarkRecipe, stride: int) -> None:
    if stride == 8 and recipe.architecture.startswith("hrnet"):
        pytest.skip("an HRNet has no heatmaps as coarse as that")
    small = recipe.with_changes({"image_px": 64, "width": 4, "heatmap_stride": stride})
    network = build(small, 7)
    maps = network(torch.zeros(2, len(planes.planes_of(small)), 64, 64))
    assert maps.shape == (2, 7, 64 // stride, 64 // stride)
    maps.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


inside = st.floats(3.0, 61.0)


@given(inside, inside, st.sampled_from([1, 2, 4]))
def test_a_drawn_point_is_read_back(x: float, y: float, stride: int) -> None:
    maps = heatmaps.draw(np.array([[x, y], [np.nan, np.nan]]), 64 // stride, stride, 2.0)
    points, heights = heatmaps.read(maps, stride)
    assert np.abs(points[0] - [x, y]).max() < 0.01
    assert heights[0] > 0.85
    assert heights[1] == 0


def blob(at: tuple[float, float], covariance: np.ndarray, cells: int = 96) -> np.ndarray:
    """A Gaussian 0.7 high over a background of 0.05; place and covariance in cells."""
    rows, columns = np.mgrid[0:cells, 0:cells] + 0.5
    away = np.stack([columns - at[0], rows - at[1]], axis=-1)
    squares = np.einsum("...i,ij,...j", away, np.linalg.inv(covariance), away)
    return (0.7 * np.exp(-squares / 2) + 0.05).astype(np.float32)


def turned(long: float, short: float, degrees: float) -> np.ndarray:
    """The covariance whose longer axis lies at so many degrees from x towards y."""
    along, across = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    axes = np.array([[along, -across], [across, along]])
    return axes @ np.diag([long**2, short**2]) @ axes.T


@pytest.mark.parametrize(
    ("long", "short", "degrees"), [(2, 2, 0), (6, 2, 0), (6, 2, 90), (5, 2.5, 30), (5, 2.5, -60)]
)
@pytest.mark.parametrize("sigma", [0.0, 1.5])
def test_the_spread_of_a_blob_is_its_covariance_less_that_of_the_target(
    long: float, short: float, degrees: float, sigma: float
) -> None:
    at, stride = (40.5, 51.5), 4
    heat = blob(at, turned(long, short, degrees) + sigma**2 * np.eye(2))[None]
    found, _ = heatmaps.read(heat, stride)
    got = heatmaps.spread(heat, found, stride, sigma)[0] / stride**2
    # Cells are coarse: within 2 % of the blob's own variance.
    assert np.abs(got - turned(long, short, degrees)).max() < 0.02 * (long**2 + sigma**2)


def test_the_spread_of_a_sure_map_is_that_of_a_cell_and_of_an_empty_one_unknown() -> None:
    maps = heatmaps.draw(np.array([[30.0, 34.0], [np.nan, np.nan]]), 32, 2, 2.0)
    found, _ = heatmaps.read(maps, 2)
    sure, unknown = heatmaps.spread(maps, found, 2, 2.0)
    assert np.sqrt(np.diag(sure)).max() < 1.0  # px; half a cell
    assert np.linalg.eigvalsh(sure).min() >= 4 / 12 - 1e-9
    assert np.isnan(unknown).all()


def test_the_spread_is_that_of_the_blob_at_the_peak_alone() -> None:
    """A lower second blob far away is not in it."""
    one = blob((30.5, 30.5), turned(3, 3, 0))
    both = np.maximum(one, blob((75.5, 75.5), turned(3, 3, 0)) * np.float32(0.8))
    found, _ = heatmaps.read(both[None], 1)
    assert heatmaps.spread(both[None], found, 1, 0.0) == pytest.approx(
        heatmaps.spread(one[None], found, 1, 0.0)
    )


@pytest.mark.parametrize(("width", "height"), [(120, 160), (160, 120), (300, 400), (31, 50)])
def test_a_picture_and_its_points_stay_together(tmp_path: Path, width: int, height: int) -> None:
    """The centre of a bright disc lies where the transform says, to a fraction of a pixel."""
    run = make_run(tmp_path / "run", images=4, size=(width, height))
    case = run.cases()[0]
    picture = pictures.load(run.path, case, TINY)
    assert picture.grey is not None
    stored = np.array([point for point in case.points_px if point], dtype=float)
    moved = pictures.apply(picture.square_from_image, stored)
    assert np.abs(pictures.apply(pictures.inverse(picture.square_from_image), moved) - stored).max() < 1e-9
    scale = 64 / max(width, height)
    dark = 180.0 - picture.grey.astype(float).max(axis=2)
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    for x, y in moved:
        near = np.where(np.hypot(columns - x, rows - y) < 0.14 * width * scale, np.maximum(dark, 0), 0)
        centre = np.array([(near * columns).sum(), (near * rows).sum()]) / near.sum()
        # The disc was drawn at whole pixels of the stored picture.
        assert np.abs(centre - (x, y)).max() < 0.75 * max(scale, 1) + 0.1


def test_holes_of_a_depth_map_stay_holes(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=4)
    picture = pictures.load(run.path, run.cases()[0], TINY)
    assert picture.depth_mm is not None
    valid = picture.depth_mm[picture.depth_mm > 0]
    assert valid.min() >= 1500  # no mean of a reading and a hole
    seen = planes.tensor(picture, TINY)
    assert seen.shape == (5, 64, 64)
    assert set(np.unique(seen[4])) == {0.0, 1.0}
    assert abs(float(seen[3][seen[4] > 0].mean())) < 1e-5
    assert seen[:3].std() == pytest.approx(1, abs=1e-3)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network = build(TINY, 4)
    weights.save_tensors(path, network.state_dict(), {"schema": "test4"})
    tensors, card = weights.read_tensors(path)
    assert card == {"schema": "test4"}
    weights.load_into(build(TINY, 4), tensors, path.name)
    with pytest.raises(RunError, match=r"head\.bias is \(4,\) .*not \(5,\)"):
        weights.load_into(build(TINY, 5), tensors, path.name)
    with pytest.raises(RunError, match="lacks head"):
        weights.load_into(network, {k: v for k, v in tensors.items() if k != "head.bias"}, path.name)
    tensors["head.bias"][0] = float("nan")
    with pytest.raises(RunError, match="not finite"):
        weights.load_into(network, tensors, path.name)


@pytest.mark.parametrize("content", [b"", b"\x80\x04cos\nsystem\n", b"\xff" * 100, b"{}"])
def test_a_hostile_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(RunError, match="not a readable safetensors"):
        weights.read_tensors(path)
