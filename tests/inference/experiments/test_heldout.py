"""From phantoms to figures along the whole way of the data, and the figures by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.spine.schemas import BUILT_IN
from inference.experiments import heldout
from inference.networks import weights
from inference.networks.registry import build, build_generator
from inference.phantom.options import Options
from inference.phantom.study import write_study
from inference.rundir import Case, Points, RunDir
from tests.inference.runs import TINY, TINY_PAIR, make_run

READER = replace(TINY, name="reader", target="radiograph", channels=("colour",))


def saved(path: Path, recipe: Any, network: Any, schema: str) -> Path:
    """Untrained weights of a network for a built-in schema."""
    built = BUILT_IN[schema]
    points = {"points": list(built.point_names), "mirrored_order": list(built.mirrored_order)}
    weights.save_tensors(path, network.state_dict(), {"recipe": recipe.to_dict(), "schema": points})
    return path


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """The arguments for two phantoms and three untrained networks."""
    for index in (1, 2):
        assert write_study(tmp_path / "studies", 5, index, Options())
    backs = saved(tmp_path / "backs.safetensors", TINY, build(TINY, 6), "back6")
    films = saved(tmp_path / "films.safetensors", TINY_PAIR, build_generator(TINY_PAIR, 6), "back6")
    reader = saved(tmp_path / "reader.safetensors", READER, build(READER, 68), "vertebrae68")
    named = ["--landmarks", str(backs), "--film", str(films), "--reader", str(reader)]
    return [str(tmp_path / "studies"), str(tmp_path / "out"), *named]


@pytest.fixture
def muddled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network finds one back's points where they are, and has C7 and sacrum of the other exchanged."""
    finding = heldout.found_points

    def found(data: RunDir, path: Path, landmarks: Path) -> dict[str, Any]:
        assert {len(points) for points in finding(data, path, landmarks).values()} == {6}
        first, second = data.cases()
        return {first.image: first.points_px, second.image: second.points_px[::-1]}

    monkeypatch.setattr(heldout, "found_points", found)


@pytest.mark.usefixtures("muddled")
def test_every_figure_is_written(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert heldout.main(given) == 0
    figures = json.loads((tmp_path / "out" / "heldout.json").read_text())
    assert figures["phantoms"] == 2
    assert figures["landmarks"]["error_mm_p95"] > 50
    assert [figures[kind]["without_film"] for kind in ("found", "true")] == [1, 0]
    for kind in ("found", "true"):
        assert 0 < figures[kind]["histogram_intersection"] < 1
        assert figures[kind]["reader_corner_error"] > 0
    assert (tmp_path / "out" / "films.png").stat().st_size > 1000
    assert "# 2 held-out phantoms" in capsys.readouterr().out
    assert heldout.main(given) == 0  # again in the same folder


def test_landmarks_alone(tmp_path: Path, given: list[str]) -> None:
    assert heldout.main(given[:4]) == 0
    assert set(json.loads((tmp_path / "out" / "heldout.json").read_text())) == {"phantoms", "landmarks"}


def test_what_cannot_be_used_is_said(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    given[5] = given[3]
    assert heldout.main(given) == 1
    assert "backs.safetensors does not synthesise films" in capsys.readouterr().err


def test_landmark_errors_by_hand(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", images=3)
    cases = [
        Case(f"image-{index}", "test", 100, 100, "", None, ((10.0, 10.0), (20.0, 20.0))) for index in range(3)
    ]
    run.write_spec({**run.spec(), "mm_per_px": {"image-0": 2.0, "image-1": 4.0, "image-2": 1.0}}, cases)
    found: dict[str, Points] = {
        "image-0": ((10.0, 11.0), (20.0, 20.0)),
        "image-1": ((13.0, 14.0), (20.0, 21.0)),
    }
    figures = heldout.landmark_figures(RunDir(run.path), cases, found)
    assert figures["refused"] == 1
    assert figures["error_px_median"] == pytest.approx(np.median([1, 0, 5, 1]))
    assert figures["error_mm_median"] == pytest.approx(np.median([2, 0, 20, 4]))
    assert figures["within_10_mm"] == 0.75
    assert figures["error_mm_p95_low"] <= figures["error_mm_p95"] <= figures["error_mm_p95_high"]
