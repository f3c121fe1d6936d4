"""Contrast of films: what each method promises, and that padding takes no part."""

import cv2
import numpy as np
import pytest

from inference.networks import contrast
from inference.networks.contrast import METHODS
from inference.recipes.synthesis import Contrast


def film(seed: int = 0, shape: tuple[int, int] = (120, 60)) -> np.ndarray:
    """A dim film: levels about 60..140, a column lighter than the rest."""
    rng = np.random.default_rng(seed)
    grey = rng.normal(90, 8, shape)
    grey[:, shape[1] // 3 : shape[1] // 2] += 30
    return grey.clip(0, 255).astype(np.uint8)


def test_stretching_puts_the_2nd_and_98th_percentile_at_the_ends() -> None:
    ramp = np.arange(50, 151, dtype=np.uint8)[None].repeat(3, axis=0)  # percentiles 52 and 148
    made = contrast.stretch(ramp)
    assert (made[0, 2], made[0, 98], made[0, 50]) == (0, 255, 128)
    assert (made[0, 0], made[0, 100]) == (0, 255)
    # Halfway between: (75 - 52) / 96 of 255.
    assert made[0, 25] == round(23 / 96 * 255)


def test_stretching_undoes_gain_and_offset() -> None:
    dim = film().astype(float)
    other = (dim * 100 + 5000).astype(np.uint16)
    difference = contrast.stretch(other).astype(int) - contrast.stretch(film())
    assert abs(difference).max() <= 1


def test_equalising_agrees_with_opencv_and_makes_levels_equally_frequent() -> None:
    grey = film()
    made = contrast.equalise(grey)
    assert abs(made.astype(int) - cv2.equalizeHist(grey)).max() <= 1
    shares = np.array([(made <= level).mean() for level in (63, 127, 191)])
    assert shares == pytest.approx([0.25, 0.5, 0.75], abs=0.03)


def test_clahe_raises_local_contrast() -> None:
    grey = film()
    grey[:60] //= 2  # the upper half of the film is darker
    made = contrast.clahe(grey).astype(float)
    assert made[:60].std() > 1.2 * grey[:60].std()


@pytest.mark.parametrize("method", METHODS)
def test_padding_neither_counts_nor_changes(method: Contrast) -> None:
    grey = film()
    padded = np.zeros((160, 100), dtype=np.uint8)
    padded[20:140, 10:70] = grey
    inside = padded > 0
    made = METHODS[method](padded, inside)
    assert made.dtype == np.uint8
    assert not made[~inside].any()
    if method != "clahe":  # whose tiles are those of the whole picture
        alone = METHODS[method](grey, np.ones(grey.shape, dtype=bool))
        assert np.array_equal(made[20:140, 10:70], alone)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_film_of_one_level_is_no_error(method: Contrast, value: int) -> None:
    flat = np.full((64, 32), value, dtype=np.uint8)
    assert METHODS[method](flat, None).shape == flat.shape
    assert not METHODS[method](flat, np.zeros(flat.shape, dtype=bool)).any()


def test_signed_and_levels_are_inverse() -> None:
    every = np.arange(256, dtype=np.uint8)[None]
    values = contrast.signed(every)
    assert (values[0, 0], values[0, 255]) == (-1, 1)
    assert np.array_equal(contrast.levels(values), every)
