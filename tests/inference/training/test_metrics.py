"""Errors of landmarks in px and mm, and the share of points within a share of the body."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.training.dataset import Cases
from inference.training.metrics import Scores, share_within
from tests.inference.runs import MIRRORED, POINTS, TINY, make_run


def test_the_share_within_each_alpha_by_hand() -> None:
    # Of a body 100 px large 0, 1.5 and 4 px; of one 200 px large 30 px; one without truth.
    errors = np.array([[0.0, 1.5, 4.0], [30.0, np.nan, np.nan]])
    curve = share_within(errors, np.array([100.0, 200.0]))
    assert curve == {"0.01": 0.25, "0.02": 0.5, "0.03": 0.5, "0.05": 0.75, "0.1": 0.75, "0.2": 1.0}
    assert share_within(np.array([[np.nan]]), np.array([1.0])) == {}


def test_millimetres_are_those_of_each_image(tmp_path: Path) -> None:
    """Maps that are the targets of the case before: each point is off by how far the two backs differ."""
    run = make_run(tmp_path / "run", images=4)
    cases = run.cases()
    sizes = {case.image: 0.5 + index for index, case in enumerate(cases[:3])}  # of the last nobody knows
    run.write_spec({**run.spec(), "mm_per_px": sizes}, cases)
    recipe = replace(TINY, heatmap_stride=1)
    [batch] = Cases(run, cases, recipe, MIRRORED).in_order()
    scores = Scores(POINTS)
    scores.add(batch, batch.targets.numpy()[[1, 2, 3, 0]], 0.0, 1)
    truth = [np.array([point for point in case.points_px if point]) for case in cases]
    off = [np.linalg.norm(truth[(index + 1) % 4] - truth[index], axis=1) for index in range(4)]
    assert scores.summary()["error_px_median"] == pytest.approx(np.median(off), abs=0.05)
    mm = np.concatenate([off[index] * (0.5 + index) for index in range(3)])
    assert scores.summary()["error_mm_p95"] == pytest.approx(np.percentile(mm, 95), abs=0.2)
    diagonal = np.linalg.norm(np.ptp(truth[0], axis=0))
    assert scores.reference_px[0] == pytest.approx(diagonal, abs=1e-6)


def test_without_sizes_there_are_no_millimetres(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=4)
    [batch] = Cases(run, run.cases(), TINY, MIRRORED).in_order()
    scores = Scores(POINTS)
    scores.add(batch, batch.targets.numpy(), 0.0, TINY.heatmap_stride)
    assert not [name for name in scores.summary() if "mm" in name]
