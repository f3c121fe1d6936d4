"""A survey as a program: what it leaves behind, and what it says of pictures that cannot be read."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.rundir import RunDir, RunError
from inference.runner import Ending, Limits, Order, supervise
from inference.survey.work import survey
from tests.inference.runs import POINTS, make_run

LIMITS = Limits(wall_s=60, memory_bytes=4 << 30, beat_s=0.05, lease_s=60)


def surveyed(path: Path, images: int = 8) -> RunDir:
    """The folder of a training, with a survey to be made of it."""
    run = make_run(path, images=images)
    cobb_deg = {"image-0": 12.0, "image-7": 31.0}
    run.write_spec({"kind": "survey", "points": POINTS, "is_film": False, "cobb_deg": cobb_deg}, run.cases())
    return run


def test_a_survey_measures_every_picture_once(tmp_path: Path) -> None:
    run = surveyed(tmp_path)
    survey(run)
    found = run.result()
    assert (found["images"], found["unreadable"]) == (8, [])
    assert [found["splits"][name]["images"] for name in ("train", "validation", "test")] == [6, 2, 0]
    pictures = [np.asarray(cv2.imread(str(tmp_path / "images" / f"image-{i}.png"))) for i in range(8)]
    red = np.concatenate([picture[:, :, 2].ravel() for picture in pictures])
    assert found["all"]["levels"][0]["name"] == "red"
    assert found["all"]["levels"][0]["mean"] == pytest.approx(red.mean())
    assert found["all"]["levels"][0]["sd"] == pytest.approx(red.std())
    depth = np.concatenate([np.load(tmp_path / "depth" / f"image-{i}.npy").ravel() for i in range(6)])
    inside = depth[(depth >= 1200) & (depth <= 1800)]
    assert found["splits"]["train"]["depth_mm"]["back"]["mean"] == pytest.approx(inside.mean())
    assert found["splits"]["test"]["depth_mm"] is None
    assert found["all"]["cobb_deg"]["severity"] == [0, 1, 1, 0]
    assert found["splits"]["validation"]["cobb_deg"]["without"] == 1
    assert [point["images"] for point in found["places"]["points"]] == [8, 8, 8, 8]
    assert found["sizes"] == [{"width": 120, "height": 160, "images": 8}]
    assert run.read_progress().lines[-1] == {"kind": "step", "step": 8, "steps": 8, "eta_s": 0.0}


def test_a_broken_picture_is_named_and_the_rest_is_measured(tmp_path: Path) -> None:
    run = surveyed(tmp_path)
    (tmp_path / "images" / "image-2.png").write_bytes(b"no picture")
    np.save(tmp_path / "depth" / "image-3.npy", np.zeros((2, 2), dtype=np.float32))
    survey(run)
    found = run.result()
    assert found["images"] == 6
    assert [entry["image"] for entry in found["unreadable"]] == ["image-2", "image-3"]
    assert "image-2.png is not a readable picture" in found["unreadable"][0]["reason"]
    assert found["all"]["levels"][0]["pixels"] == 6 * 120 * 160
    assert found["places"]["points"][0]["images"] == 6


def test_where_nothing_can_be_read_the_program_says_so(tmp_path: Path) -> None:
    run = surveyed(tmp_path, images=1)
    (tmp_path / "images" / "image-0.png").write_bytes(b"no picture")
    with pytest.raises(RunError, match="None of the snapshot's pictures can be read"):
        survey(run)
    outcome = supervise("inference.survey", run, beat=lambda lines, log: Order.CARRY_ON, limits=LIMITS)
    assert outcome.ending is Ending.FAILED
    assert outcome.reason.startswith("None of the snapshot's pictures")
