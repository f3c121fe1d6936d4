"""What the agent says before the shot, from depth maps that show one thing each."""

import time
from dataclasses import replace

import numpy as np
import pytest

from capture_agent.body import Grid, find_body
from capture_agent.camera import Seen
from capture_agent.field import drawings, field_polygon, margin_px
from capture_agent.guidance import Guide
from capture_agent.k4a.writing import Capture
from capture_agent.protocol.messages import FROM_AGENT, CameraState, Check, Guidance
from capture_agent.sources.source import Direction
from inference.phantom.body import build_body
from inference.phantom.design import draw_study
from inference.phantom.labels import labels_json
from inference.phantom.options import Options
from inference.phantom.shoot import furnished
from tests.annotation.imaging.fixtures import shared
from tests.capture_agent.recordings import CAMERA
from tests.capture_agent.silhouettes import BREADTH_MM, Scene, depth_of

CAMERA_DEPTH = CAMERA.calibration.depth
WARM_S = 3000.0
GUIDE = Guide(CAMERA)


def looked(guide: Guide, scene: Scene, at_s: float = 10.0, up: Direction | None = None) -> Guidance:
    time_us = round(at_s * 1e6)
    seen = Seen(0, Capture(None, depth_of(scene), time_us, time_us), up)
    found = guide.look(seen, WARM_S)
    assert found is not None
    return found


def said(name: str, scene: Scene, up: Direction | None = None) -> Check:
    guidance = looked(GUIDE, scene, up=up)
    return next(check for check in guidance.checks if check.name == name)


def test_a_child_who_stands_right_is_green_all_over() -> None:
    guide = Guide(CAMERA)
    # Level: against the colour camera's y, which lies six degrees off the depth camera's.
    up = np.asarray(CAMERA.calibration.rotation).T @ (0.0, -9.8, 0.0)
    looked(guide, Scene(), at_s=1.0, up=tuple(up))
    found = looked(guide, Scene(), at_s=2.0, up=tuple(up))
    assert [(check.name, check.state) for check in found.checks] == [
        (name, "green") for name in ("distance", "field", "holes", "stillness", "tilt", "beside", "warm_up")
    ]
    assert found.ready
    assert found.body is not None
    assert found.body.left < 0.5 < found.body.right
    FROM_AGENT.pack(found)


@pytest.mark.parametrize(
    ("distance_mm", "state", "words"),
    [
        (1000, "red", "20 cm away from"),
        (1150, "amber", "5 cm away from"),
        (1200, "green", "1.20 m"),
        (1800, "green", "1.80 m"),
        (1850, "amber", "5 cm towards"),
        (2200, "red", "40 cm towards"),
    ],
)
def test_the_distance(distance_mm: float, state: str, words: str) -> None:
    check = said("distance", Scene(distance_mm=distance_mm))
    assert check.state == state
    assert words in check.says
    assert check.value == pytest.approx(distance_mm / 1000)


def test_where_nobody_stands_nothing_else_is_claimed() -> None:
    found = looked(GUIDE, Scene(nobody=True))
    states = {check.name: check.state for check in found.checks}
    assert states["distance"] == "red"
    assert {states[name] for name in ("field", "holes", "stillness", "tilt", "beside")} == {"unknown"}
    assert found.body is None
    assert not found.ready


def test_a_child_is_found_wherever_it_stands() -> None:
    grid = Grid.of(CAMERA_DEPTH)
    for distance_mm in (1100.0, 1500.0, 1900.0):
        for middle_mm in (-150.0, 0.0, 120.0):
            scene = Scene(distance_mm=distance_mm, middle_mm=middle_mm)
            body = find_body(grid.sample(depth_of(scene)), grid)
            assert body is not None
            assert body.distance_mm == distance_mm
            assert body.middle_mm == pytest.approx(middle_mm, abs=15)
            # A grid's pixel is 12 mm wide at 1.5 m.
            assert body.breadth_mm == pytest.approx(BREADTH_MM, abs=32)
            goal, _ = CAMERA_DEPTH.project((middle_mm, scene.shoulders_mm - 36, distance_mm))
            assert body.c7_px == pytest.approx(goal, abs=8)


@pytest.mark.parametrize("index", [1, 6])
def test_a_simulated_child_is_found_where_its_labels_are(index: int) -> None:
    body = build_body(draw_study(5, index, Options()))
    scene = furnished(body)
    by_depth, by_colour = scene.seen()
    depth = scene.depth(by_depth, body.design.stream("depth"), frames=1)
    camera = body.design.calibration.depth
    grid = Grid.of(camera)
    found = find_body(grid.sample(depth), grid)
    assert found is not None
    points = labels_json(body, by_depth, by_colour)["landmarks"]["depth"]["back6"]["points"]
    truth = {point["name"]: (point["x"], point["y"]) for point in points}
    mm_per_px = found.distance_mm / camera.fx
    for name, guess, within_mm in (("C7", found.c7_px, 30), ("sacrum", found.sacrum_px, 70)):
        assert np.hypot(*np.subtract(guess, truth[name])) * mm_per_px < within_mm


@pytest.mark.parametrize(
    ("shoulders_mm", "state", "words"),
    [
        (-1165.0, "amber", "C7 is near"),
        (-1230.0, "red", "C7 lies outside"),
        (0.0, "green", "inside"),
        (330.0, "red", "The sacrum"),
    ],
)
def test_the_field(shoulders_mm: float, state: str, words: str) -> None:
    check = said("field", Scene(shoulders_mm=shoulders_mm))
    assert (check.state, words in check.says) == (state, True), check


def test_the_field_is_a_hexagon_and_not_the_picture() -> None:
    polygon = field_polygon(CAMERA_DEPTH, "NFOV_UNBINNED")
    assert margin_px(polygon, (320, 300)) > 200
    for corner in ((30, 30), (610, 30), (30, 546), (610, 546)):
        assert margin_px(polygon, corner) < 0
    assert margin_px(field_polygon(CAMERA_DEPTH, "WFOV_UNBINNED"), (30, 30)) == 30


def test_the_field_is_that_of_a_real_recording() -> None:
    from capture_agent.k4a.reading import read_recording

    recording = read_recording(shared("kinect/recording.mkv"))
    depth = next(recording.frames()).depth_mm
    assert depth is not None
    polygon = field_polygon(recording.calibration.depth, recording.depth_mode)
    rows, columns = np.nonzero(depth)
    outside = [margin_px(polygon, (x + 0.5, y + 0.5)) for y, x in zip(rows[::97], columns[::97], strict=True)]
    assert np.mean(np.array(outside) < -6) < 0.005
    # Nor is it much smaller than it could be: something was measured within 10 px of each slanted edge.
    assert min(outside, key=abs) < 1


@pytest.mark.parametrize(("torn", "state"), [(0.0, "green"), (0.03, "amber"), (0.2, "red")])
def test_holes(torn: float, state: str) -> None:
    check = said("holes", Scene(torn=torn))
    assert check.state == state
    assert check.value == pytest.approx(100 * torn, abs=1.5)


@pytest.mark.parametrize(
    ("moved_mm", "state"),
    [(0, "green"), (1, "green"), (-2, "green"), (3, "amber"), (-3, "amber"), (6, "red")],
)
def test_stillness_is_what_changed_in_a_second(moved_mm: int, state: str) -> None:
    guide = Guide(CAMERA)
    for step in range(16):
        scene = Scene(distance_mm=1500 + moved_mm * (step == 15))
        found = looked(guide, scene, at_s=10 + step / 15)
        stillness = found.checks[3]
        # Less than 0.8 s of the past tells nothing.
        assert (stillness.state == "unknown") == (step < 12)
    assert stillness.state == state
    assert stillness.value == moved_mm
    if state != "green":
        assert ("away from" if moved_mm > 0 else "towards") in stillness.says


def test_stillness_forgets_what_was_before_a_gap() -> None:
    guide = Guide(CAMERA)
    for at_s in (1.0, 1.5, 2.0):
        looked(guide, Scene(), at_s=at_s)
    for at_s in (60.0, 1.2):
        assert looked(guide, Scene(distance_mm=1600), at_s=at_s).checks[3].state == "unknown"


@pytest.mark.parametrize(
    ("degrees", "axis", "state", "words"),
    [
        (2, "x", "green", "level"),
        (5, "x", "amber", "upwards"),
        (-5, "x", "amber", "downwards"),
        (12, "z", "red", "leans"),
    ],
)
def test_tilt_against_gravity(degrees: float, axis: str, state: str, words: str) -> None:
    turn = np.radians(degrees)
    up_by_colour = (0.0, -np.cos(turn), np.sin(turn)) if axis == "x" else (np.sin(turn), -np.cos(turn), 0.0)
    up = np.asarray(CAMERA.calibration.rotation).T @ np.multiply(up_by_colour, 9.8)
    check = said("tilt", Scene(), up=(up[0], up[1], up[2]))
    assert (check.state, words in check.says) == (state, True), check
    assert check.value == pytest.approx(abs(degrees), abs=0.01)


def test_without_a_sensor_tilt_stays_unknown() -> None:
    assert said("tilt", Scene()).state == "unknown"
    assert said("tilt", Scene(), up=(0.0, 0.0, 0.0)).state == "unknown"


def test_somebody_beside_and_a_wall_too_near() -> None:
    assert said("beside", Scene()).state == "green"
    assert said("beside", Scene(person_mm=650)).state == "red"
    near = said("beside", Scene(wall_mm=2200))
    assert (near.state, near.value) == ("amber", 0.7)


@pytest.mark.parametrize(("minutes", "state"), [(2, "red"), (20, "amber"), (45, "green"), (None, "unknown")])
def test_warm_up(minutes: float | None, state: str) -> None:
    seen = Seen(0, Capture(None, depth_of(Scene()), 1, 1), None)
    found = GUIDE.look(seen, None if minutes is None else 60 * minutes)
    assert found is not None
    assert found.checks[-1].state == state


def test_a_capture_without_depth_says_nothing() -> None:
    assert GUIDE.look(Seen(0, Capture(b"", None, 1, 1), None), WARM_S) is None


def test_what_is_drawn_lies_in_the_pictures_and_fits_a_message() -> None:
    depth, colour = drawings(CAMERA.calibration, "NFOV_UNBINNED")
    for drawing in (depth, colour):
        points = np.array(drawing.outline)
        assert ((points > 0) & (points < 1)).all()
        left, right = points[: len(points) // 2], points[len(points) // 2 :][::-1]
        # The two halves mirror each other, but for the lens.
        assert np.allclose(left[:, 1], right[:, 1], atol=0.02)
    FROM_AGENT.pack(CameraState(state="open", says="", depth=depth, colour=colour))


def test_it_is_quick_enough() -> None:
    guide = Guide(CAMERA)
    capture = Capture(None, depth_of(Scene()), 0, 0)
    taken = []
    for step in range(30):
        seen = Seen(step, replace(capture, depth_time_us=step * 66_667), None)
        began = time.process_time()
        guide.look(seen, WARM_S)
        taken.append(time.process_time() - began)
    assert np.median(taken) < 0.02
