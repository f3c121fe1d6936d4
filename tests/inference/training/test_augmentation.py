"""Augmentation moves picture and points by one transform and renames left and right on a flip."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inference.networks import pictures
from inference.rundir import RunError
from inference.training.augmentation import augment, draw_transform
from inference.training.dataset import Cases, ahead, rounds
from inference.training.losses import weighted_mse
from tests.inference.runs import MIRRORED, TINY, make_run

STILL = {"rotate_deg": 0, "translate_fraction": 0, "scale_fraction": 0, "brightness_fraction": 0}


def test_a_flip_mirrors_the_picture_and_swaps_the_pairs(tmp_path: Path) -> None:
    recipe = TINY.with_changes({**STILL, "flip_probability": 1})
    run = make_run(tmp_path / "run", images=4)
    picture = pictures.load(run.path, run.cases()[0], recipe)
    points = np.array([[30.0, 8.0], [20.0, 25.0], [42.0, 24.0], [33.0, 55.0]])
    moved, at = augment(picture, points, np.array(MIRRORED), np.random.default_rng(0), recipe)
    assert picture.grey is not None
    assert moved.grey is not None
    assert np.array_equal(moved.grey, picture.grey[:, ::-1])
    assert at.tolist() == [[34.0, 8.0], [22.0, 24.0], [44.0, 25.0], [31.0, 55.0]]


def test_points_follow_their_pixels(tmp_path: Path) -> None:
    """One white pixel block on black, moved at random: its centre is where the point went."""
    rng = np.random.default_rng(5)
    grey = np.zeros((64, 64, 3), dtype=np.uint8)
    grey[30:34, 40:44] = 255
    centre = np.array([[42.0, 32.0]])
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    recipe = TINY.with_changes({"brightness_fraction": 0})
    for _ in range(50):
        picture = pictures.Picture(grey, None, pictures.placement(64, 64, 64))
        moved, at = augment(picture, centre, np.array([0]), rng, recipe)
        assert moved.grey is not None
        light = moved.grey[:, :, 0].astype(float)
        found = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
        assert np.abs(found - at[0]).max() < 0.15


def test_a_move_keeps_to_its_ranges() -> None:
    rng = np.random.default_rng(1)
    moves = [draw_transform(rng, TINY) for _ in range(500)]
    assert 0.4 < np.mean([mirrored for _, mirrored in moves]) < 0.6
    scales = [np.sqrt(abs(np.linalg.det(move[:, :2]))) for move, _ in moves]
    assert 1 - TINY.scale_fraction <= min(scales) < 0.92 < 1.08 < max(scales) <= 1 + TINY.scale_fraction
    middles = np.array([pictures.apply(move, np.array([[32.0, 32.0]]))[0] for move, _ in moves]) - 32
    assert np.abs(middles).max() <= TINY.translate_fraction * 64 + 1e-9


def test_each_move_happens_as_often_as_the_recipe_says() -> None:
    recipe = TINY.with_changes({"move_probability": 0.6, "flip_probability": 0.6})
    rng = np.random.default_rng(2)
    moves = [draw_transform(rng, recipe) for _ in range(1000)]
    turned = [abs(move[1, 0]) > 1e-9 for move, _ in moves]
    scaled = [abs(abs(np.linalg.det(move[:, :2])) - 1) > 1e-9 for move, _ in moves]
    middles = [pictures.apply(move, np.array([[32.0, 32.0]]))[0] - 32 for move, _ in moves]
    shifted = [np.abs(middle).max() > 1e-9 for middle in middles]
    for happened in (turned, scaled, shifted, [mirrored for _, mirrored in moves]):
        assert 0.55 < np.mean(happened) < 0.65


def seen_at(depth_mm: float) -> pictures.Picture:
    """Somebody in the left half, a wall in the right one, the upper rows without a reading."""
    depth = np.full((64, 64), depth_mm, dtype=np.float32)
    depth[:, 32:] = 2500
    depth[:8] = 0
    grey = np.full((64, 64, 3), 100, dtype=np.uint8)
    return pictures.Picture(grey, depth, pictures.placement(64, 64, 64))


def test_noise_leaves_the_back_as_it_is() -> None:
    recipe = TINY.with_changes({**STILL, "flip_probability": 0, "noise_fraction": 0.1})
    moved, _ = augment(seen_at(1400), np.zeros((1, 2)), np.array([0]), np.random.default_rng(0), recipe)
    assert moved.grey is not None
    assert moved.depth_mm is not None
    assert (moved.grey[8:, :32] == 100).all()
    assert (moved.depth_mm[8:, :32] == 1400).all()
    assert not moved.depth_mm[:8].any()  # a hole is no reading
    assert moved.grey[:, 32:].std() == pytest.approx(25.5, rel=0.1)
    assert moved.depth_mm[8:, 32:].std() == pytest.approx(100, rel=0.1)


def test_an_offset_moves_every_reading_and_no_hole() -> None:
    recipe = TINY.with_changes({**STILL, "flip_probability": 0, "depth_offset_mm": 1000})
    offsets = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        moved, _ = augment(seen_at(1400), np.zeros((1, 2)), np.array([0]), rng, recipe)
        assert moved.depth_mm is not None
        assert not moved.depth_mm[:8].any()
        offset = moved.depth_mm[8:, :32] - 1400
        assert np.ptp(offset) == 0
        assert moved.depth_mm[8:, 32:] - 2500 == pytest.approx(offset[0, 0], abs=0.01)
        offsets.append(offset[0, 0])
    assert min(offsets) < -700
    assert max(offsets) > 700


def test_an_epoch_is_the_same_each_time_and_another_is_not(tmp_path: Path) -> None:
    recipe = TINY.with_changes({"least_samples": 9})
    run = make_run(tmp_path / "run", images=4)
    cases = Cases(run, run.cases(), recipe, MIRRORED)
    assert (rounds(len(cases), recipe), cases.steps()) == (3, 3)
    first, again, other = (list(cases.shuffled(epoch)) for epoch in (1, 1, 2))
    assert [len(batch.inputs) for batch in first] == [4, 4, 4]
    assert all(a.inputs.equal(b.inputs) for a, b in zip(first, again, strict=True))
    assert not first[0].inputs.equal(other[0].inputs)


def test_batches_made_ahead_are_the_same_and_so_are_their_faults() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise RunError("no more")

    assert list(ahead(iter([1, 2, 3]))) == [1, 2, 3]
    batches = ahead(broken())
    assert next(batches) == 1
    with pytest.raises(RunError, match="no more"):
        next(batches)


def test_a_point_that_is_not_there_counts_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=4)
    case = run.cases()[0]
    points = (*case.points_px[:3], None)
    run.write_spec(
        run.spec(), [type(case)(**{**{n: getattr(case, n) for n in case.__slots__}, "points_px": points})]
    )
    [batch] = Cases(run, run.cases(), TINY, MIRRORED).in_order()
    assert batch.known.tolist() == [[1, 1, 1, 0]]
    guess = batch.targets.clone()
    guess[:, 3] = 5.0
    assert weighted_mse(guess, batch.targets, batch.known, 20.0).item() == pytest.approx(0)
    guess[:, 0] = 0.0
    assert weighted_mse(guess, batch.targets, batch.known, 20.0).item() > 0
