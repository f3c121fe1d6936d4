"""Whoever stands before the camera is framed from head to pelvis, wherever, and nothing else is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.experiments.phantoms import pairs_of
from inference.networks.body import body_square
from inference.networks.pictures import NobodyThere, apply, load
from inference.phantom.options import Options
from inference.phantom.study import write_study
from tests.inference.runs import TINY, make_run

BODY = replace(TINY, frame="body")
ROOM = np.full((720, 1280), 2400, np.uint16)


def with_child(left: int, top: int, distance_mm: int = 1500) -> Any:
    """A head over a trunk, 0.2 and 0.45 m wide, in front of a wall."""
    depth = ROOM.copy()
    px = 0.475 * 1280 / distance_mm
    head, trunk = int(200 * px), int(450 * px)
    depth[top : top + head, left : left + head] = distance_mm
    depth[top + head : top + head + 2 * trunk, left - trunk // 4 : left + head + trunk // 4] = distance_mm
    return depth


@pytest.mark.parametrize(("left", "top"), [(300, 60), (800, 200)])
def test_the_square_follows_the_child(left: int, top: int) -> None:
    found = body_square(with_child(left, top))
    assert found is not None
    side_px = 1100 * 0.475 * 1280 / 1500
    assert found[2] == pytest.approx(side_px, abs=1)
    assert found[0] + side_px / 2 == pytest.approx(left + 40, abs=12)
    assert found[1] + side_px * 100 / 1100 == pytest.approx(top, abs=12)


def test_floor_and_furniture_are_nobody() -> None:
    depth = ROOM.copy()
    depth[400:] = np.linspace(2000, 900, 320)[:, None]
    assert body_square(depth) is None
    depth[100:200, 900:960] = 1200  # a stool's back, too small for a child
    assert body_square(depth) is None


def test_a_cupboard_behind_is_passed_over() -> None:
    depth = with_child(800, 100, 1300)
    depth[60:700, 100:500] = 1900
    found = body_square(depth)
    assert found is not None
    assert found[0] > 500


def test_the_landmarks_of_phantoms_lie_within(tmp_path: Path) -> None:
    for index in (1, 2):
        assert write_study(tmp_path / "studies", 5, index, Options())
    run = pairs_of(tmp_path / "studies", tmp_path / "run")
    for case in run.cases():
        picture = load(run.path, case, BODY)
        points = apply(picture.square_from_image, np.array(case.points_px)) / BODY.image_px
        assert points.min() > 0.05
        assert points.max() < 0.95
        assert points[:, 1].max() - points[:, 1].min() > 0.25


def test_where_nobody_stands_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=1)
    (case,) = run.cases()
    np.save(run.path / str(case.depth), np.full((case.height, case.width), 3000, np.uint16))
    with pytest.raises(NobodyThere, match=r"Nobody stands within two metres of the camera in image image-0"):
        load(run.path, case, BODY)


def test_a_body_is_framed_by_depth_only() -> None:
    with pytest.raises(ValueError, match="frame: only depth says where the body is"):
        replace(TINY, channels=("colour",), frame="body")
