"""The evaluator as a command: on a folder it never saw, on odd ones, with rules and with trained weights."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from annotation.spine.aasce import aasce_angles
from annotation.spine.cobb import find_curves
from inference.evaluate.__main__ import main
from inference.evaluate.disturb import DISTURBANCES
from inference.evaluate.measure import measure, report
from inference.evaluate.readers import Answer, Panel
from inference.networks.bpd_cnn import BpdCnn
from inference.networks.straightened import Straightened
from inference.networks.weights import save_tensors
from inference.recipes.catalogue import RECIPES
from inference.recipes.vertebrae import CascadeRecipe
from inference.training.cascade import built
from inference.vertebrae.angles import SPREAD, Calibration
from inference.vertebrae.films import LEVELS, folds, read_folder
from tests.inference.made_films import made_film, make_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("films") / "data", films=10)


def run(folder: Path, out: Path, *more: str, weights: str = "mean-shape") -> dict[str, Any]:
    assert main(["--weights", weights, "--data", str(folder), "--json", str(out), *more]) == 0
    return dict(json.loads(out.read_text()))


def test_a_rule_is_measured_to_the_last_figure(folder: Path, tmp_path: Path) -> None:
    figures = run(folder, tmp_path / "deep" / "out.json")
    raw = figures["raw"]
    assert raw["images"] == 10
    assert raw["patients"] == 5
    errors = [abs(row["found_deg"][0] - row["true_deg"][0]) for row in figures["images"]]
    assert raw["major_mae_deg"] == pytest.approx(np.mean(errors), abs=0.01)
    low, high = raw["major_mae_deg_95"]
    assert low < raw["major_mae_deg"] < high
    assert raw["smape_percent"] == pytest.approx(
        np.mean([row["smape_percent"] for row in figures["images"]]), abs=0.01
    )
    assert sum(group["images"] for group in figures["by_severity"].values()) == 10
    assert len(figures["by_vertebra"]["tilt_error_deg_median"]) == 17
    assert "cleaned" not in figures  # faults are known of one folder only


def test_a_limit_leaves_every_film_in_its_fold(folder: Path, tmp_path: Path) -> None:
    whole = run(folder, tmp_path / "whole.json")["images"]
    first = run(folder, tmp_path / "first.json", "--limit", "4")["images"]
    assert [row["found_deg"] for row in first] == [row["found_deg"] for row in whole[:4]]


def test_a_film_that_cannot_be_measured_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(film: np.ndarray) -> Answer:
        raise ValueError("a film of 20 x 40 pixels is too small to read")

    monkeypatch.setattr("inference.evaluate.__main__.panel", lambda *_: Panel(lambda _: refuse, {}))
    out = str(tmp_path / "out.json")
    assert main(["--weights", "constant", "--data", str(folder), "--json", out]) == 1
    assert "Film 1, made-0 A AP.png: a film of 20 x 40 pixels is too small" in capsys.readouterr().err


def test_the_page_has_plots_and_the_ten_worst_films(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out.json")
    page = (tmp_path / "out.html").read_text()
    assert page.count("<svg") == 2
    assert page.count("data:image/jpeg;base64,") == 10
    assert "research use only" in page
    assert "made-0 A AP.png" in page


def test_a_perfect_reader_has_no_error_and_a_disturbed_film_the_same_truth(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader knows each film's corners and carries them along: whatever was done goes back."""
    films = read_folder(folder)
    for name, disturb in DISTURBANCES.items():

        def panel(_: str, __: Any, disturb: Any = disturb) -> Panel:
            def of(index: int) -> Any:
                film = films[index]
                grey = film.grey()
                moved = disturb(grey)
                corners = film.corners_px(grey.shape[1], grey.shape[0])
                new = corners @ moved.new_from_old[:2, :2].T + moved.new_from_old[:2, 2]
                return lambda _: Answer(np.zeros(3), new, np.full(3, 2.0))

            return Panel(of, {})

        monkeypatch.setattr("inference.evaluate.__main__.panel", panel)
        raw = run(folder, tmp_path / "out.json", "--disturb", name)["raw"]
        assert raw["error_px_mean"] == pytest.approx(0, abs=1e-6), name
        assert raw["major_mae_deg"] == pytest.approx(0, abs=1e-3), name
        assert raw["coverage_90_percent"] == 100
        assert raw["interval_width_median_deg"] == 4


def test_a_readers_angles_are_medians_over_the_columns_it_draws(folder: Path) -> None:
    """Here each column drawn near is another film's, so that it is the angles of that one that are scored."""
    films = read_folder(folder)[:2]
    own, other = (film.corners_px(*film.grey().shape[::-1]) for film in films)
    drawn = own + (np.stack([other] * 5) - own) / SPREAD
    panel = Panel(lambda _: lambda _: Answer(np.zeros(3), own, drawn_px=drawn), {})
    (one,) = measure(films[:1], panel, DISTURBANCES["none"])
    height = films[0].grey().shape[0]
    assert one.score.found_deg == pytest.approx(list(aasce_angles(other, height)))
    assert one.score.corner_px == pytest.approx(0, abs=1e-6)


def test_labels_that_make_no_column_are_measured_without_curves(folder: Path) -> None:
    film = read_folder(folder)[0]
    corners = film.corners_px(*film.grey().shape[::-1])
    found = [(curve, 3.0) for curve in find_curves(corners, LEVELS, least_deg=1)]
    assert found
    answer = Answer(np.zeros(3), corners, np.full(3, 2.0), found)
    # The fifth vertebra's upper edge is a point.
    labels = film.landmarks.copy()
    labels[4, 1] = labels[4, 0]
    films = [film, replace(film, landmarks=labels)]
    measured = measure(films, Panel(lambda _: lambda _: answer, {}), DISTURBANCES["none"])
    right, wrong = (row["curves"] for row in report(measured)["images"])
    assert [curve["found_deg"] for curve in right] == [curve["true_deg"] for curve in right]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(DISTURBANCES))
def test_a_disturbed_film_shows_the_bodies_where_its_map_says(name: str) -> None:
    film, corners = made_film(np.random.default_rng(1))
    moved = DISTURBANCES[name](film)
    centres = corners.mean(axis=1) @ moved.new_from_old[:2, :2].T + moved.new_from_old[:2, 2]
    on = moved.film[centres[:, 1].astype(int), centres[:, 0].astype(int)].astype(float)
    discs = (corners[:-1, 2:].mean(axis=1) + corners[1:, :2].mean(axis=1)) / 2
    discs = discs @ moved.new_from_old[:2, :2].T + moved.new_from_old[:2, 2]
    off = moved.film[discs[:, 1].astype(int), discs[:, 0].astype(int)].astype(float)
    assert np.median(on) > np.median(off) + 15
    assert moved.back(centres) == pytest.approx(corners.mean(axis=1), abs=1e-6)


def weights_file(path: Path, seed: int, card: dict[str, Any] | None = None) -> Path:
    torch.manual_seed(seed)
    network = Straightened(width=2, finder_width=2)
    recipe = RECIPES["vertebrae"].with_changes({"width": 2, "finder_width": 2})
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(path, network.state_dict(), {"recipe": recipe.to_dict(), **(card or {})})
    return path


def test_weights_and_a_cross_validation_of_them(folder: Path, tmp_path: Path) -> None:
    """Five untrained networks: each film is read by the one of its own fold, and all abstain."""
    for fold in range(5):
        weights_file(tmp_path / "folds" / f"fold-{fold}" / "weights.safetensors", fold)
    crossed = run(folder, tmp_path / "crossed.json", weights=str(tmp_path / "folds"))
    assert len(crossed["readers"]["folds"]) == 5
    assert crossed["raw"]["abstained_percent"] == 100
    films = read_folder(folder)
    mine = folds(films)[2][0]
    alone = run(folder, tmp_path / "alone.json", weights=str(tmp_path / "folds" / "fold-2"))
    assert crossed["images"][mine]["found_deg"] == alone["images"][mine]["found_deg"]
    other = folds(films)[0][0]
    assert crossed["images"][other]["found_deg"] != alone["images"][other]["found_deg"]


def test_deviations_are_told_as_they_were_before_the_calibration(folder: Path, tmp_path: Path) -> None:
    calibration = Calibration((2.0, 3.0, 4.0), 5.0)
    weights_file(tmp_path / "weights.safetensors", 1, {"calibration": calibration.to_dict()})
    figures = run(
        folder, tmp_path / "out.json", "--limit", "2", weights=str(tmp_path / "weights.safetensors")
    )
    for row in figures["images"]:
        assert np.multiply(row["deviation_deg"], calibration.aasce) == pytest.approx(
            row["doubt_deg"], abs=0.01
        )
        for curve in row["curves"]:
            assert curve["deviation_deg"] * calibration.curve == pytest.approx(curve["doubt_deg"], abs=0.01)


def test_the_published_systems_are_read_by_their_own_weights(folder: Path, tmp_path: Path) -> None:
    """Weights as they are before any training: they answer, with corners and without intervals."""
    torch.manual_seed(1)
    cascade_recipe = RECIPES["vertebrae-cascade-far-start"].with_changes({"stages": 1})
    assert isinstance(cascade_recipe, CascadeRecipe)
    network = built(cascade_recipe)
    save_tensors(tmp_path / "cascade.safetensors", network.state_dict(), {"recipe": cascade_recipe.to_dict()})
    plain = RECIPES["vertebrae-bpd"].with_changes({"height_px": 64, "width_px": 32})
    for points in (68, 72):
        regression = BpdCnn(points=points, height=64, width=32)
        card = {"recipe": plain.to_dict()}
        save_tensors(tmp_path / f"bpd{points}.safetensors", regression.state_dict(), card)
    for name in ("cascade", "bpd68", "bpd72"):
        figures = run(
            folder, tmp_path / f"{name}.json", "--limit", "2", weights=str(tmp_path / f"{name}.safetensors")
        )
        assert figures["raw"]["images"] == 2
        assert figures["raw"]["error_px_mean"] < 500
        assert "coverage_90_percent" not in figures["raw"]


def test_of_a_folder_with_several_weights_those_for_vertebrae_are_taken(folder: Path, tmp_path: Path) -> None:
    weights_file(tmp_path / "vertebrae.safetensors", 1)
    (tmp_path / "backs.safetensors").write_bytes(b"others")
    figures = run(folder, tmp_path / "out.json", "--limit", "1", weights=str(tmp_path))
    assert figures["readers"]["file"] == "vertebrae.safetensors"


def test_only_the_first_films(folder: Path, tmp_path: Path) -> None:
    assert run(folder, tmp_path / "out.json", "--limit", "6", weights="constant")["raw"]["images"] == 6


def test_a_folder_without_angles_is_measured_by_its_corners(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", films=6, size=(100, 250))
    with_angles = run(folder, tmp_path / "with.json")
    (folder / "angles.csv").unlink()
    without = run(folder, tmp_path / "without.json")
    assert without["raw"]["major_mae_deg"] == pytest.approx(with_angles["raw"]["major_mae_deg"], abs=0.02)


def test_what_cannot_be_evaluated_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--json", str(tmp_path / "out.json")]
    assert main(["--weights", "mean-shape", "--data", str(tmp_path), *out]) == 1
    assert "filenames.csv cannot be read" in capsys.readouterr().err
    assert main(["--weights", str(tmp_path), "--data", str(folder), *out]) == 1
    assert "constant, mean-shape" in capsys.readouterr().err
    path = tmp_path / "other.safetensors"
    save_tensors(path, {"a": torch.zeros(1)}, {"recipe": RECIPES["radiograph-small"].to_dict()})
    assert main(["--weights", str(path), "--data", str(folder), *out]) == 1
    assert "reads no vertebrae" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
