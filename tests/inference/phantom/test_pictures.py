"""What the sensors record agrees with the geometry: landmarks lift to their truth, humps follow rotation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from annotation.spine.schemas import BUILT_IN
from capture_agent.k4a.camera import Calibration
from inference.phantom.body import Body, build_body
from inference.phantom.curves import CurvePlan
from inference.phantom.design import draw_study
from inference.phantom.labels import surface_rotation_deg
from inference.phantom.morphometry import FIRST_LABELLED, LABELLED, LEVELS
from inference.phantom.options import Options
from inference.phantom.skeleton import rib_path
from inference.phantom.study import Pictures, take_pictures
from inference.phantom.warp import Posture


@pytest.fixture(scope="module")
def study() -> tuple[Body, Pictures]:
    body = build_body(draw_study(7, 0, Options("moderate")))
    return body, take_pictures(body, Options())


def _lifted_mm(body: Body, pictures: Pictures, x: float, y: float) -> np.ndarray:
    """The body-frame point that a depth pixel stands for, by the stored depth and the camera's model."""
    ray, valid = body.design.calibration.depth.unproject(np.array([x, y]))
    assert valid
    depth = map_coordinates(pictures.depth.astype(float), [[y - 0.5], [x - 0.5]], order=1)[0]
    in_camera = np.array([ray[0] * depth, ray[1] * depth, depth])
    stand = body.design.stand
    return np.asarray((in_camera - stand.translation_mm) @ stand.rotation)


def test_depth_landmarks_lift_to_their_truth(study: tuple[Body, Pictures]) -> None:
    body, pictures = study
    points = pictures.labels["landmarks"]["depth"]["back10"]["points"]
    checked = 0
    for point in points:
        if point["state"] == "placed":
            found = _lifted_mm(body, pictures, point["x"], point["y"])
            assert np.linalg.norm(found - body.back_landmarks[point["name"]]) < 2.0, point
            checked += 1
    assert checked >= 8


def test_colour_and_depth_show_the_same_points(study: tuple[Body, Pictures]) -> None:
    body, pictures = study
    calibration = Calibration.from_dict(body.design.calibration.to_dict())
    colour = {p["name"]: p for p in pictures.labels["landmarks"]["colour"]["back6"]["points"]}
    for point in pictures.labels["landmarks"]["depth"]["back6"]["points"]:
        lifted = body.design.stand.camera_from_body(_lifted_mm(body, pictures, point["x"], point["y"]))
        pixel, _ = calibration.colour.project(calibration.colour_from_depth(lifted))
        assert np.hypot(*(pixel - [colour[point["name"]][a] for a in "xy"])) < 1.5


def test_pictures_have_the_sizes_and_kinds_of_the_sensors(study: tuple[Body, Pictures]) -> None:
    _, pictures = study
    assert pictures.colour.shape == (720, 1280, 3)
    assert pictures.depth.shape == (576, 640)
    assert len(pictures.radiograph) == 1024
    images = (pictures.colour, pictures.depth, pictures.radiograph)
    assert [i.dtype.name for i in images] == ["uint8", "uint16", "float64"]
    seen = pictures.depth[pictures.depth > 0]
    assert np.quantile(seen, 0.02) > 900
    assert seen.max() < 4000


def test_labels_follow_the_schemas(study: tuple[Body, Pictures]) -> None:
    _, pictures = study
    for image, names in {
        "depth": ("back6", "back10"),
        "colour": ("back6", "back10"),
        "radiograph": ("xray2", "vertebrae68", "vertebrae72"),
    }.items():
        sets = pictures.labels["landmarks"][image]
        assert set(sets) == set(names)
        for name in names:
            assert [p["name"] for p in sets[name]["points"]] == list(BUILT_IN[name].point_names)


def test_side_walls_of_vertebrae_are_edges_of_the_film() -> None:
    """Inside a labelled side wall the film is brighter than outside: mean over T1..L5 of several films."""
    for index in range(2):
        pictures = take_pictures(build_body(draw_study(3, index, Options("mild"))), Options())
        points = pictures.labels["landmarks"]["radiograph"]["vertebrae68"]["points"]
        corners = np.array([[p["x"], p["y"]] for p in points]).reshape(17, 4, 2)
        image = 255 * pictures.radiograph
        for side, inward in ((0, 1.0), (1, -1.0)):
            wall = corners[:, [side, side + 2]].mean(1)
            inside, outside = (
                map_coordinates(image, [wall[:, 1] - 0.5, wall[:, 0] - 0.5 + inward * step], order=1)
                for step in (5.0, -9.0)
            )
            assert np.median(inside - outside) > 8.0
            assert np.mean(inside > outside) > 0.8


def _thoracic(cobb_deg: float) -> np.ndarray:
    """Surface rotation per labelled level of one child with one thoracic curve of the given signed size."""
    design = draw_study(2, 4, Options("moderate"))
    ends = (LEVELS.index("T1"), LEVELS.index("T5"), LEVELS.index("T12"), LEVELS.index("L5"))
    swings = (-0.3 * cobb_deg, cobb_deg, -0.5 * cobb_deg)
    plan = CurvePlan("single_thoracic", ends, (ends[0] + 2.0, LEVELS.index("T8"), ends[2] + 2.0), swings)
    relief = replace(design.relief, scapula_mm=(7.0, 7.0))
    spine = replace(design.spine, plan=plan, sacral_tilt_deg=0.0, c7_offset_mm=0.0)
    still = Posture(1.0, (0.0, 0.0, 0.0), 0.0)
    return surface_rotation_deg(build_body(replace(design, spine=spine, relief=relief, posture=still)))


def test_rib_hump_grows_with_the_curve_on_its_convex_side() -> None:
    apex = slice(LABELLED.index("T7"), LABELLED.index("T10"))
    turns = [_thoracic(size)[apex].mean() for size in (-50, -25, 0, 25, 50)]
    assert np.all(np.diff(turns) > 1.5)
    assert abs(turns[2]) < 1.0
    assert turns[4] == pytest.approx(-turns[0], rel=0.15)


def test_every_rib_head_meets_its_vertebra() -> None:
    body = build_body(draw_study(2, 1, Options("severe")))
    for number in range(12):
        head = rib_path(body.straight, body.design.build, number, 1.0)[0]
        centre = body.straight.centre[FIRST_LABELLED + 1 + number]
        assert np.linalg.norm(head - centre) < 32.0
