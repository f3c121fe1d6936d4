"""Sway of a burst: the movement of the back, not the noise of the pixels, and not the wall behind."""

import numpy as np
import pytest

from annotation.imaging.depth import DepthMap, burst_mean
from annotation.imaging.sway import noise_picture, sway_mm


def scene(back_mm: float, noise: np.random.Generator, noise_mm: float = 2.0) -> DepthMap:
    """A back of 60 x 80 px before a wall at 2.6 m that fills most of the picture."""
    depth = np.full((144, 160), 2600.0)
    depth[40:120, 50:110] = back_mm
    return np.rint(depth + noise.normal(0, noise_mm, depth.shape)).astype(np.uint16)


@pytest.mark.parametrize("moved_mm", [0, 4, 9])
def test_the_back_moves_and_the_wall_does_not(moved_mm: float) -> None:
    noise = np.random.default_rng(2)
    frames = [scene(1500 + moved_mm * index / 14, noise) for index in range(15)]
    assert sway_mm(frames, burst_mean(frames)) == pytest.approx(moved_mm, abs=0.75)


def test_nobody_is_there() -> None:
    frames = [np.zeros((144, 160), np.uint16)] * 3
    assert sway_mm(frames, burst_mean(frames)) is None


def test_one_frame_says_nothing_of_sway() -> None:
    frames = [scene(1500, np.random.default_rng(2))]
    assert sway_mm(frames, burst_mean(frames)) is None


def test_the_picture_of_the_noise() -> None:
    frames = [np.full((4, 4), 1000 + (index % 2) * 4, np.uint16) for index in range(10)]
    for frame in frames:
        frame[0, 0] = 0
    shown = noise_picture(burst_mean(frames))
    assert shown[0, 0] == 255
    # A standard deviation of 2.1 mm of the 10 that are white.
    assert shown[2, 2] == round(254 * np.std([0, 4] * 5, ddof=1) / 10)
