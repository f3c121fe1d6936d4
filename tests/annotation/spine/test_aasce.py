"""The challenge's rule against the challenge's own angles, and what it refuses."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotation.spine.cobb import aasce_angles, find_curves
from annotation.spine.levels import spine_levels
from tests.golden.spine_design import column

STRAIGHT = np.array([[[0, 0], [90, 0], [0, 60], [90, 60]]] * 17) + np.arange(17)[:, None, None] * [0, 76]


@pytest.fixture
def aasce(shared_data: Path) -> list[tuple[np.ndarray, int, np.ndarray]]:
    """(corners_px, image_height_px, official angles) of every training image."""
    folder = shared_data / "aasce"
    names = (folder / "filenames.csv").read_text().splitlines()
    rows = np.loadtxt(folder / "landmarks.csv", delimiter=",")
    official = np.loadtxt(folder / "angles.csv", delimiter=",")
    images = []
    for name, row, angles in zip(names, rows, official, strict=True):
        with Image.open(folder / "images" / name) as image:
            size = image.size
        corners_px = row.reshape(2, 17, 4).transpose(1, 2, 0) * size
        images.append((corners_px, size[1], angles))
    return images


def test_official_angles_of_all_images(aasce: list[tuple[np.ndarray, int, np.ndarray]]) -> None:
    assert len(aasce) == 481
    worst = max(np.abs(np.array(aasce_angles(corners, h)) - want).max() for corners, h, want in aasce)
    assert worst < 0.1


def test_real_landmarks_give_alternating_curves_or_name_the_swapped_vertebra(
    aasce: list[tuple[np.ndarray, int, np.ndarray]],
) -> None:
    refused, differences = [], []
    for corners, _, official in aasce:
        try:
            curves = find_curves(corners, spine_levels())
        except ValueError as error:
            refused.append(str(error))
            continue
        sides = [curve.side for curve in curves]
        assert all(above != below for above, below in pairwise(sides))
        if curves:
            differences.append(max(abs(curve.angle_deg) for curve in curves) - official[0])
    # Five images hold a vertebra whose corners were clicked in another order.
    assert len(refused) == 5
    assert all("corners are not in the order" in message for message in refused)
    # Endplates against mid-planes: nearly the same angle on most films.
    assert abs(np.median(differences)) < 1.5


def test_a_chord_exactly_vertical_counts_as_s() -> None:
    corners = STRAIGHT.astype(float)
    corners[8, :, 0] += 40
    corners[[7, 9], 1, 1] += 20
    above, below = aasce_angles(corners, 10_000.0), aasce_angles(corners, 1.0)
    assert above[0] == below[0] > 0
    # Only an S-shaped column looks at the height of the image.
    assert above != below


def test_the_superior_endplate_of_l5_does_not_decide_the_shape() -> None:
    """Carried across the chord, it would make this C an S, whose third angle is 0 at this height."""
    tilts = np.interp(range(17), [0, 4, 10, 16], [-3, -30, 30, 3])
    corners = np.array(column([(tilt, tilt) for tilt in tilts.tolist()]))
    corners[-1, :2, 0] -= 50.0
    assert aasce_angles(corners, 800.0) == pytest.approx((60, 27, 27))
    corners[-2, 2:, 0] -= 150.0
    assert aasce_angles(corners, 800.0) == pytest.approx((60, 27, 0))


@pytest.mark.parametrize(
    ("corners", "height", "message"),
    [
        (STRAIGHT[:16], 100, r"shape \(17, 4, 2\)"),
        (STRAIGHT * np.nan, 100, "place that point first"),
        (STRAIGHT * [0, 1], 100, "vertebra 1: its left and right midpoints coincide"),
        (STRAIGHT, 0, "image_height_px must be positive"),
        (STRAIGHT, float("nan"), "image_height_px must be positive"),
    ],
)
def test_refuses(corners: np.ndarray, height: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        aasce_angles(corners, height)
