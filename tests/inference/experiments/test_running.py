"""A table from its rows to its page: trained once, gone on with, measured, failing row by row."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.experiments import __main__ as command
from inference.experiments.reporting import as_csv, as_markdown, write_report
from inference.experiments.running import Measured, run_table
from inference.experiments.tables import TABLES, Row, Table
from inference.recipes.landmarks import PAPER
from inference.rundir import RunDir, RunError
from tests.inference.runs import TINY_PAIR, make_pairs

PAPERS = {"histogram_intersection": 0.9, "hash": 5.675}
FILMS = Table(
    17,
    "Weight of L1",
    "synthesis",
    (
        Row("10", replace(TINY_PAIR, epochs=1), PAPERS),
        Row("held to nothing", replace(TINY_PAIR, epochs=1, landmark_weight=1.0), PAPERS),
    ),
)


def test_a_table_is_trained_measured_and_written(tmp_path: Path) -> None:
    data = make_pairs(tmp_path / "data", images=12)
    rows = run_table(FILMS, data, tmp_path / "out")
    good, bad, mean, alike = rows
    assert not good.failed
    assert good.figures["images"] == 2
    assert "put its weights into the run folder" in bad.failed
    assert (mean.name, alike.name) == ("baseline: mean film", "baseline: most alike landmarks")
    assert mean.figures["histogram_intersection"] > 0

    trained = tmp_path / "out" / "row-1" / "weights.safetensors"
    when = trained.stat().st_mtime_ns
    again = run_table(FILMS, data, tmp_path / "out")
    assert trained.stat().st_mtime_ns == when
    assert again[0].figures == good.figures

    page = write_report(FILMS, rows, tmp_path, "On squares.").read_text()
    assert "| 10 |" in page
    assert "| 0.900 | 5.675 |" in page
    assert "- held to nothing: This recipe holds its films" in page
    assert (tmp_path / "table-17.csv").read_text().startswith("row,failed,images,l1,histogram_intersection")
    assert (tmp_path / "table-17.png").stat().st_size > 1000

    changed = replace(FILMS, rows=(replace(FILMS.rows[0], recipe=replace(TINY_PAIR, epochs=2)),))
    run_table(changed, data, tmp_path / "out")
    assert trained.stat().st_mtime_ns != when
    assert json.loads((tmp_path / "out/row-1/result.json").read_text())["epochs"] == 2


def test_landmark_rows_say_px_and_the_empty_map(tmp_path: Path) -> None:
    data = make_pairs(tmp_path / "data", images=12)
    recipe = replace(PAPER, image_px=64, width=2, epochs=1, batch=8)
    table = Table(4, "What it sees", "landmarks", (Row("RGB-D", recipe, {"heatmap_mse": 4.747e-5}),))
    [row] = run_table(table, data, tmp_path / "out")
    assert not row.failed
    page = as_markdown(table, [row], "")
    assert "of an empty map" in page
    assert "4.747e-05" in page


def test_data_without_a_test_split_is_refused(tmp_path: Path) -> None:
    data = make_pairs(tmp_path / "data")
    data.write_spec(data.spec(), [case for case in data.cases() if case.split != "test"])
    with pytest.raises(RunError, match="no test split"):
        run_table(FILMS, data, tmp_path / "out")


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert command.main(["9", str(tmp_path / "empty"), str(tmp_path / "out")]) == 1
    assert "holds no phantoms; make some with python -m inference.phantom" in capsys.readouterr().err
    run = RunDir(tmp_path / "run")
    run.write_spec({"schema": {}}, [])
    assert command.main(["9", str(run.path), str(tmp_path / "out")]) == 1
    assert "holds no pairs" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["8", ".", "."])


def test_a_page_with_angles_gives_their_interval() -> None:
    angles = {
        "cobb_mae_deg": 6.0,
        "cobb_mae_deg_low": 4.0,
        "cobb_mae_deg_high": 8.0,
        "cobb_bias_deg": -1.0,
        "cobb_limit_low_deg": -12.0,
        "cobb_limit_high_deg": 10.0,
        "cobb_r": 0.7,
        "cobb_unread": 1.0,
        "reader_cobb_mae_deg": 2.0,
    }
    page = as_markdown(TABLES[9], [Measured("RGB", {"hash": 11.15}, angles)], "")
    assert "| RGB | 6.0 | -1.0 | 0.70 | 11.150 |" in page
    assert "6.0 deg (95 % 4.0 to 8.0), limits of agreement -12.0 to +10.0, 1 unread" in page
    assert as_csv([Measured("RGB", {"hash": 11.15}, angles)]).splitlines()[1].endswith(",11.15")
