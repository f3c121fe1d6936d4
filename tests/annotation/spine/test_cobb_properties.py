"""What must hold for every spine: mirrors, turns, scales, angles beyond 90, alternation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.spine.cobb import (
    LEAST_CURVE_DEG,
    Curve,
    cobb_between,
    curve_between,
    endplate_tilts_deg,
    find_curves,
)
from annotation.spine.geometry import Array, mapped, mirrored_corners, similarity
from annotation.spine.levels import Level, spine_levels
from tests.golden.spine_design import column

WIDTH_PX = 1000.0
COUNTS = st.tuples(st.sampled_from([11, 12, 13]), st.sampled_from([4, 5, 6]))


@st.composite
def spines(draw: st.DrawFn) -> tuple[Array, tuple[Level, ...]]:
    """Any column: up to 25 degrees between neighbours, up to 8 between the endplates of one body."""
    levels = spine_levels(*draw(COUNTS), with_c7=draw(st.booleans()), with_s1=draw(st.booleans()))
    turns = draw(st.lists(st.floats(-25, 25), min_size=len(levels), max_size=len(levels)))
    wedges = draw(st.lists(st.floats(-8, 8), min_size=len(levels), max_size=len(levels)))
    tilts = np.clip(np.cumsum(turns), -70, 70)
    plates = [(float(t - w / 2), float(t + w / 2)) for t, w in zip(tilts, wedges, strict=True)]
    return np.array(column(plates)), levels


def places(curves: list[Curve]) -> list[tuple[str, str]]:
    return [(curve.upper_level, curve.lower_level) for curve in curves]


def angles(curves: list[Curve]) -> Array:
    return np.array([curve.angle_deg for curve in curves])


@given(spines())
def test_a_mirror_flips_the_side_and_keeps_the_angle(spine: tuple[Array, tuple[Level, ...]]) -> None:
    corners, levels = spine
    mirror = mirrored_corners(corners, WIDTH_PX)
    found, flipped = find_curves(corners, levels), find_curves(mirror, levels)
    assert places(flipped) == places(found)
    assert angles(flipped) == pytest.approx(-angles(found), abs=1e-6)
    assert all(a.side != b.side for a, b in zip(found, flipped, strict=True))
    told = find_curves(mirror, levels, patient_right_at_image_right=False)
    assert angles(told) == pytest.approx(angles(found), abs=1e-6)
    assert [curve.side for curve in told] == [curve.side for curve in found]


@given(
    spines(),
    st.floats(0.01, 100),
    st.floats(-180, 180),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
)
def test_turning_scaling_and_shifting_the_film_change_nothing(
    spine: tuple[Array, tuple[Level, ...]], scale: float, turn_deg: float, shift: tuple[float, float]
) -> None:
    corners, levels = spine
    moved = find_curves(mapped(similarity(scale, turn_deg, shift), corners), levels)
    found = find_curves(corners, levels)
    assert angles(moved) == pytest.approx(angles(found), abs=1e-3)
    assert [(c.side, c.upper_level, c.lower_level) for c in moved] == [
        (c.side, c.upper_level, c.lower_level) for c in found
    ]


@given(spines(), st.floats(5, 60))
def test_curves_alternate_reach_the_least_angle_and_run_downward(
    spine: tuple[Array, tuple[Level, ...]], least_deg: float
) -> None:
    corners, levels = spine
    curves = find_curves(corners, levels, least_deg=least_deg)
    assert all(abs(curve.angle_deg) > least_deg - 1e-4 for curve in curves)
    for curve in curves:
        assert curve.upper_level.ordinal < curve.lower_level.ordinal
        assert (curve.side == "right") == (curve.angle_deg > 0)
        assert curve == curve_between(corners, levels, curve.upper_level, curve.lower_level)
    for above, below in pairwise(curves):
        assert above.side != below.side
        assert above.lower_level.ordinal <= below.upper_level.ordinal


def best_total(tilts: Array, first: int, direction: int) -> float:
    """By brute force: the greatest sum of angles of alternating curves from row `first` on."""
    totals = [0.0]
    for upper in range(first, len(tilts)):
        for lower in range(upper + 1, len(tilts)):
            angle = direction * (tilts[lower, 1] - tilts[upper, 0])
            if angle > LEAST_CURVE_DEG - 1e-4:
                totals.append(angle + best_total(tilts, lower, -direction))
    return max(totals)


@given(st.lists(st.tuples(st.floats(-60, 60), st.floats(-12, 12)), min_size=2, max_size=7))
def test_no_other_choice_of_end_vertebrae_has_more_angle_in_all(bodies: list[tuple[float, float]]) -> None:
    corners = np.array(column([(tilt - wedge / 2, tilt + wedge / 2) for tilt, wedge in bodies]))
    levels = spine_levels()[: len(bodies)]
    best = max(best_total(endplate_tilts_deg(corners), 0, direction) for direction in (1, -1))
    found = float(np.abs(angles(find_curves(corners, levels))).sum())
    assert found == pytest.approx(best, abs=0.01)


@given(st.floats(45.5, 85), st.floats(45.5, 85), st.booleans())
def test_angles_beyond_90_are_right(above: float, below: float, leftward: bool) -> None:
    sign = -1 if leftward else 1
    tilts = np.interp(range(17), [0, 3, 11, 16], [-above, -above, below, below]) * sign
    [curve] = find_curves(np.array(column([(t, t) for t in tilts.tolist()])), spine_levels())
    assert curve.angle_deg == pytest.approx(sign * (above + below), abs=1e-6)
    assert (curve.upper_level, curve.lower_level) == ("T4", "T12")


@given(
    st.floats(-89, 89), st.floats(-89, 89),
    st.tuples(st.booleans(), st.booleans()),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)  # fmt: skip
def test_free_lines_measure_their_tilts_wherever_and_however_drawn(
    upper: float, lower: float, backwards: tuple[bool, bool], centre: tuple[float, float]
) -> None:
    def line(tilt: float, swap: bool, middle: tuple[float, float]) -> list[list[float]]:
        along = 50 * np.array([np.cos(np.radians(tilt)), np.sin(np.radians(tilt))])
        ends = [(np.array(middle) - along).tolist(), (np.array(middle) + along).tolist()]
        return ends[::-1] if swap else ends

    angle = cobb_between(line(upper, backwards[0], (0.0, 0.0)), line(lower, backwards[1], centre))
    assert angle == pytest.approx(lower - upper, abs=1e-6)
