"""Boards whose truth is known, measured."""

from dataclasses import replace

import numpy as np
import pytest

from capture_agent.measuring import NotMeasurable, fit_plane, mean_of, measure_board, measure_checkerboard
from tests.capture_agent.boards import Board, depth_frames, pictures
from tests.capture_agent.recordings import CAMERA

CALIBRATION = CAMERA.calibration
DEPTH = CALIBRATION.depth


@pytest.mark.parametrize("turned_deg", [(0.0, 0.0), (10.0, -6.0)])
def test_a_flat_board_is_flat_and_where_it_is(turned_deg: tuple[float, float]) -> None:
    board = Board(distance_mm=1500, turned_deg=turned_deg)
    found = measure_board(depth_frames(board, DEPTH), DEPTH, true_distance_mm=1500)
    # Depth comes in whole millimetres.
    assert found.flatness_rms_mm < 0.32
    assert found.distance_mm == pytest.approx(1500, abs=0.1)
    assert found.bias_mm == pytest.approx(0, abs=0.1)
    axis = np.degrees(np.arccos(np.prod(np.cos(np.radians(turned_deg)))))
    assert found.tilt_deg == pytest.approx(axis, abs=0.05)
    assert found.holes == 0
    assert found.pixels == pytest.approx(0.09 * 640 * 576, rel=0.02)


def test_bias_noise_and_holes_are_told() -> None:
    frames = depth_frames(Board(distance_mm=1512), DEPTH, count=15, noise_mm=2.0)
    rng = np.random.default_rng(1)
    for frame in frames:
        frame[rng.random(frame.shape) < 0.05] = 0
    holed = np.zeros(frames[0].shape, dtype=bool)
    holed[250:330, 300:330] = True
    for frame in frames:
        frame[holed] = 0
    found = measure_board(frames, DEPTH, true_distance_mm=1500)
    assert found.bias_mm == pytest.approx(12, abs=0.1)
    assert found.noise_mm == pytest.approx(2.0, abs=0.15)
    assert found.holes == pytest.approx(holed.sum() / (0.09 * 640 * 576), rel=0.03)
    # The mean of 14 frames still has a quarter of one frame's noise.
    assert found.flatness_rms_mm == pytest.approx(2.0 / np.sqrt(14), abs=0.1)


def test_a_bent_board_is_not_flat() -> None:
    flat, bent = (
        measure_board(depth_frames(Board(distance_mm=1500), DEPTH, bend_mm=bend_mm), DEPTH)
        for bend_mm in (0, 12)
    )
    assert flat.bias_mm is None
    assert bent.flatness_rms_mm > flat.flatness_rms_mm + 0.3


def test_flying_pixels_do_not_move_the_plane() -> None:
    frames = depth_frames(Board(distance_mm=1500), DEPTH)
    for frame in frames:
        frame[200:210, 250:400] = 900
    assert measure_board(frames, DEPTH).distance_mm == pytest.approx(1500, abs=0.2)


def test_what_is_no_board_is_not_measured() -> None:
    with pytest.raises(NotMeasurable, match="no depth"):
        measure_board([], DEPTH)
    with pytest.raises(NotMeasurable, match="no depth"):
        measure_board([np.zeros((576, 640), np.uint16)] * 3, DEPTH)
    small = depth_frames(Board(distance_mm=1500), DEPTH)
    for frame in small:
        frame[:, 340:] += 900
    with pytest.raises(NotMeasurable, match="No flat board"):
        measure_board(small, DEPTH)
    with pytest.raises(NotMeasurable, match="Too little"):
        fit_plane(np.zeros((10, 3)))


def test_the_mean_leaves_out_what_is_seldom_measured() -> None:
    frames = [np.full((2, 2), 1000 + step, np.uint16) for step in range(4)]
    for frame in frames[:3]:
        frame[0, 0] = 0
    mean = mean_of(frames)
    assert np.isnan(mean.depth_mm[0, 0])
    assert mean.depth_mm[1, 1] == 1001.5
    assert mean.noise_mm[1, 1] == pytest.approx(np.std([0, 1, 2, 3], ddof=1))


@pytest.mark.parametrize("turned_deg", [(0.0, 0.0), (-12.0, 15.0)])
def test_depth_and_colour_that_fit_are_found_to_fit(turned_deg: tuple[float, float]) -> None:
    board = Board(turned_deg=turned_deg)
    found = measure_checkerboard(
        *pictures(board, CALIBRATION), depth_frames(board, DEPTH), CALIBRATION, board.corners
    )
    assert found.corners == 40
    assert found.misalignment_px < 0.2
    assert found.reprojection_px is not None
    assert found.reprojection_px < 0.1
    assert found.distance_mm == pytest.approx(800, abs=1)


@pytest.mark.parametrize(
    ("moved_mm", "expected_px"), [((4.0, 0.0, 0.0), (3.0, 0.0)), ((0.0, -2.7, 0.0), (0.0, -2.0))]
)
def test_a_camera_that_was_knocked_shows(
    moved_mm: tuple[float, float, float], expected_px: tuple[float, float]
) -> None:
    """What the cameras see fits a calibration that is not the device's any more."""
    board = Board()
    x, y, z = np.add(CALIBRATION.translation_mm, moved_mm)
    told = replace(CALIBRATION, translation_mm=(float(x), float(y), float(z)))
    found = measure_checkerboard(
        *pictures(board, CALIBRATION), depth_frames(board, DEPTH), told, board.corners
    )
    # fx * moved / distance, the colour camera being nearly as far away as the depth camera.
    assert found.shift_px == pytest.approx(expected_px, abs=0.25)
    assert found.misalignment_px == pytest.approx(np.hypot(*expected_px), abs=0.25)


def test_a_biased_depth_shows_as_misalignment_too() -> None:
    board = Board()
    frames = [np.asarray(frame + 40, np.uint16) for frame in depth_frames(board, DEPTH)]
    found = measure_checkerboard(*pictures(board, CALIBRATION), frames, CALIBRATION, board.corners)
    assert found.misalignment_px > 0.8


def test_a_board_that_is_not_there_is_not_measured() -> None:
    board = Board()
    colour, infrared = pictures(board, CALIBRATION)
    frames = depth_frames(board, DEPTH)
    with pytest.raises(NotMeasurable, match="colour picture does not show"):
        measure_checkerboard(np.zeros_like(colour), infrared, frames, CALIBRATION, board.corners)
    with pytest.raises(NotMeasurable, match="infrared picture does not show"):
        measure_checkerboard(colour, np.zeros_like(infrared), frames, CALIBRATION, board.corners)
    with pytest.raises(NotMeasurable, match="different boards"):
        measure_checkerboard(np.roll(colour, 150, axis=1), infrared, frames, CALIBRATION, board.corners)
    with pytest.raises(NotMeasurable, match="no depth"):
        measure_checkerboard(colour, infrared, [], CALIBRATION, board.corners)
