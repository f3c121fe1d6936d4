"""The audit of labels: what is wrong is found, the oddest first, and a clean folder is clean."""

from pathlib import Path

import numpy as np
import pytest

from inference.evaluate.audit import main
from tests.inference.made_films import make_folder


def spoil(folder: Path, row: int, change: str) -> None:
    path = folder / "landmarks.csv"
    table = np.loadtxt(path, delimiter=",")
    bodies = table[row].reshape(2, 17, 4)
    if change == "rolled":
        bodies = np.roll(bodies, -1, axis=1)
    if change == "twice":
        bodies[:, 6] = bodies[:, 5] + 0.001
    table[row] = bodies.reshape(-1)
    np.savetxt(path, table, delimiter=",")


def test_faults_are_found_by_film_and_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_folder(tmp_path / "data", films=6)
    assert main([str(folder)]) == 0
    clean = capsys.readouterr()
    assert clean.out == ""
    assert "0 of 6 films" in clean.err
    spoil(folder, 1, "rolled")
    spoil(folder, 4, "twice")
    assert main([str(folder)]) == 0
    told = capsys.readouterr()
    lines = [line.split("\t") for line in told.out.splitlines()]
    assert ["1", "made-0 B AP.png", "L5", "order", ""] in lines
    assert ["4", "made-2 A AP.png", "T7", "twice", ""] in lines
    assert "2 of 6 films" in told.err


def test_a_folder_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "filenames.csv" in capsys.readouterr().err
