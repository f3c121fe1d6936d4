"""The designed curves are what an independent reader of the corners finds; rotation and balance are right."""

from dataclasses import replace

import numpy as np
import pytest

from annotation.spine.cobb import find_curves
from inference.phantom.curves import SEVERITIES, designed_curves
from inference.phantom.design import StudyDesign, draw_study
from inference.phantom.morphometry import FIRST_LABELLED, LABELLED
from inference.phantom.options import Options
from inference.phantom.spine import Spine, build


def _built(severity: str, index: int) -> tuple[StudyDesign, Spine]:
    design = draw_study(11, index, Options(severity))
    return design, build(design.spine, design.film)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_reader_finds_the_designed_angles(severity: str) -> None:
    for index in range(250):
        design, spine = _built(severity, index)
        corners = design.film.project(spine.corners[FIRST_LABELLED:])
        found = find_curves(corners, LABELLED, patient_right_at_image_right=True)
        wanted = designed_curves(design.spine.plan)
        assert len(found) == len(wanted), (index, wanted, found)
        for read, drawn in zip(found, wanted, strict=True):
            assert read.angle_deg == pytest.approx(drawn.cobb_deg, abs=0.5)
            assert read.side == ("right" if drawn.cobb_deg > 0 else "left")


@pytest.mark.parametrize("severity", SEVERITIES)
def test_largest_angle_lies_in_the_severity(severity: str) -> None:
    low, high = SEVERITIES[severity]
    for index in range(40):
        angles = [
            abs(c.cobb_deg) for c in designed_curves(draw_study(5, index, Options(severity)).spine.plan)
        ]
        if severity == "none":
            assert not angles
        else:
            assert low <= max(angles) <= high + 1e-6


def test_bodies_turn_towards_the_convexity() -> None:
    for index in range(30):
        design, spine = _built("severe", index)
        major = max(designed_curves(design.spine.plan), key=lambda c: abs(c.cobb_deg))
        apex = FIRST_LABELLED + LABELLED.index(major.apex)
        assert np.sign(spine.rotation_deg[apex]) == np.sign(major.cobb_deg)
        assert 8 < abs(spine.rotation_deg[apex]) < 50


def test_c7_lies_where_designed() -> None:
    for index in range(20):
        design, spine = _built("moderate", index)
        assert spine.centre[FIRST_LABELLED, 0] == pytest.approx(design.spine.c7_offset_mm, abs=0.05)


def test_corners_bound_a_convex_box_from_above_downward() -> None:
    _, spine = _built("severe", 3)
    left_top, right_top, left_low, right_low = (spine.corners[:, k] for k in range(4))
    assert (right_top[:, 0] > left_top[:, 0]).all()
    assert (right_low[:, 0] > left_low[:, 0]).all()
    assert (np.diff(spine.centre[:, 1]) > 0).all()
    gap = np.linalg.norm(spine.plates[1:, 0] - spine.plates[:-1, 1], axis=1)
    assert ((gap > 2.0) & (gap < 15.0)).all()


def test_the_film_is_moved_until_it_shows_the_column() -> None:
    film = replace(draw_study(1, 0, Options()).film, turned=False, width=120)
    points = np.array([[-60.0, -330.0, 0.0], [80.0, 90.0, 0.0]])
    for turned in (False, True):
        moved = replace(film, turned=turned).holding(points, 6.0)
        pixels = moved.project(points)
        assert pixels.min() >= 6.0 - 1e-6
        assert (pixels <= np.array([moved.width, moved.height]) - 6.0 + 1e-6).all()
