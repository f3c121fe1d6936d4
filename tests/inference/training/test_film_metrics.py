"""Each figure against what is known of it: by hand, by its library, by its own promise."""

import numpy as np
import pytest

from inference.training.film_metrics import (
    LEAST_SIDE_PX,
    SCALES,
    FilmScores,
    hash_distances,
    histogram_intersection,
    kernel_distance,
    ms_ssim,
)

EVERYWHERE = np.ones((256, 128), dtype=bool)


def film(seed: int = 0) -> np.ndarray:
    """Smooth blobs, as like a film as noise can be."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((16, 8))
    return np.kron(coarse * 255, np.ones((16, 16))).astype(np.uint8)


def test_histogram_intersection_by_hand() -> None:
    real = np.array([[0, 0, 10, 10], [10, 20, 20, 20]], dtype=np.uint8)
    made = np.array([[0, 10, 10, 10], [20, 20, 20, 30]], dtype=np.uint8)
    inside = np.ones(real.shape, dtype=bool)
    # Common: one of level 0, three of 10, three of 20.
    assert histogram_intersection(real, made, inside) == 7 / 8
    # Without the first column: 10 twice (of 2 and 3), 20 twice (of 3 and 2).
    inside[:, 0] = False
    assert histogram_intersection(real, made, inside) == pytest.approx(4 / 6)


def test_it_says_nothing_of_anatomy() -> None:
    real = film()
    assert histogram_intersection(real, real[:, ::-1], EVERYWHERE) == 1
    assert hash_distances(real, real[:, ::-1], EVERYWHERE)["phash"] > 15
    assert ms_ssim(real, real[:, ::-1].copy(), EVERYWHERE) < 0.5


def test_equal_films_and_the_opposite() -> None:
    real = film()
    assert set(hash_distances(real, real, EVERYWHERE).values()) == {0}
    assert ms_ssim(real, real, EVERYWHERE) == pytest.approx(1, abs=1e-5)
    assert hash_distances(real, 255 - real, EVERYWHERE)["dhash"] > 40


def test_padding_is_not_compared() -> None:
    real, made = film(), film()
    inside = EVERYWHERE.copy()
    inside[:64] = False
    made[:64] = 0
    assert histogram_intersection(real, made, inside) == pytest.approx(1)
    assert set(hash_distances(real, made, inside).values()) == {0}
    assert ms_ssim(real, made, inside) == pytest.approx(1, abs=1e-5)


def test_four_scales_add_up_and_need_their_size() -> None:
    assert sum(SCALES) == pytest.approx(1)
    side = LEAST_SIDE_PX
    small = film()[:side, :side]
    assert ms_ssim(small, small, np.ones((side, side), dtype=bool)) == pytest.approx(1, abs=1e-5)
    less = film()[: side - 1, : side - 1]
    with pytest.raises(ValueError, match="image height must be larger"):
        ms_ssim(less, less, np.ones(less.shape, dtype=bool))


def test_kernel_distance_by_hand_and_for_equal_sets() -> None:
    # d = 1; k(x, y) = (xy + 1)^3. Real 0, 1: k(0, 1) = 1. Made 1, 2: k = 27. Between: 1, 1, 8, 27 -> 37 / 4.
    real, made = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert kernel_distance(real, made) == pytest.approx(1 + 27 - 2 * 37 / 4)
    rng = np.random.default_rng(0)
    same = [kernel_distance(rng.normal(size=(40, 8)), rng.normal(size=(40, 8))) for _ in range(50)]
    assert abs(np.mean(same)) < 0.1
    assert kernel_distance(rng.normal(size=(40, 8)), rng.normal(1, 1, size=(40, 8))) > 1


def test_a_split_is_summed_up() -> None:
    scores = FilmScores()
    for seed in range(3):
        scores.add(film(seed), film(seed), EVERYWHERE)
    summary = scores.summary()
    assert (summary["images"], summary["l1"], summary["ahash"]) == (3, 0, 0)
    assert scores.loss() == pytest.approx(0, abs=1e-5)
    scores.add(film(0), 255 - film(0), EVERYWHERE)
    assert scores.summary()["l1"] > 0.05
