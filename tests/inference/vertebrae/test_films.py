"""Folders in the AASCE layout: read, refused with a sentence, and split by patient."""

from pathlib import Path

import numpy as np
import pytest

from inference.vertebrae.films import FOLDS, FolderError, folds, known_faults, patient_of, read_folder
from tests.inference.made_films import make_folder


def test_a_folder_is_read_row_by_row(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", films=3)
    films = read_folder(folder)
    assert [film.name for film in films] == ["made-0 A AP.png", "made-0 B AP.png", "made-1 A AP.png"]
    assert [film.patient for film in films] == ["0", "0", "1"]
    grey = films[1].grey()
    corners = films[1].corners_px(grey.shape[1], grey.shape[0])
    assert corners.shape == (17, 4, 2)
    inside = grey[corners.mean(axis=1)[:, 1].astype(int), corners.mean(axis=1)[:, 0].astype(int)]
    assert inside.mean() > 140  # the bodies are bright


def test_titles_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", films=2)
    plain = read_folder(folder)
    for name, title in (("filenames", "file"), ("landmarks", ",".join("x" * 136)), ("angles", "a,b,c")):
        path = folder / f"{name}.csv"
        path.write_text(f"\ufeff{title}\n\n{path.read_text()}\n\n", encoding="utf-8")
    again = read_folder(folder)
    assert [film.name for film in again] == [film.name for film in plain]
    assert np.array_equal(again[1].landmarks, plain[1].landmarks)


def test_angles_may_be_absent(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", films=2)
    (folder / "angles.csv").unlink()
    assert [film.angles_deg for film in read_folder(folder)] == [None, None]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("filenames.csv", "a.png\n", "one per film"),
        ("filenames.csv", "", "names no film"),
        ("filenames.csv", "../secret.png\nb.png\n", "plain file name"),
        ("landmarks.csv", "1,2,3\n4,5,6\n", "136 finite numbers"),
        ("landmarks.csv", f"{','.join(['0.5'] * 135)},nan\n" * 2, "136 finite numbers"),
        ("angles.csv", "1,2\n3,4\n", "3 finite numbers"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, file: str, text: str, said: str) -> None:
    folder = make_folder(tmp_path / "data", films=2)
    (folder / file).write_text(text)
    with pytest.raises(FolderError, match=said):
        read_folder(folder)


def test_a_missing_folder_or_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"filenames\.csv"):
        read_folder(tmp_path)
    folder = make_folder(tmp_path / "data", films=2)
    film = read_folder(folder)[0]
    film.path.write_bytes(b"no picture")
    with pytest.raises(FolderError, match="made-0 A AP"):
        film.grey()


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("series-1th-01-Jan-2000-162 A AP.jpg", "162"),
        ("series-1th-01-Jan-2000-142 A AP (2).jpg", "142"),
        ("series-1th-02-Jan-2000-20 C AP.jpg", "20"),
        ("series-1th-02-Jan-2000-coronal12.jpg", "coronal"),
        ("anything.png", "anything"),
    ],
)
def test_the_patient_of_a_file_name(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def test_folds_part_no_patient_and_lose_nobody(tmp_path: Path) -> None:
    films = read_folder(make_folder(tmp_path / "data", films=14, size=(60, 150)))
    parts = folds(films)
    assert len(parts) == FOLDS
    assert sorted(index for part in parts for index in part) == list(range(14))
    for patient in {film.patient for film in films}:
        assert sum(any(films[index].patient == patient for index in part) for part in parts) == 1
    assert folds(films) == parts
    assert folds(films, seed=2) != parts


def test_known_faults_belong_to_the_training_folder_alone(tmp_path: Path) -> None:
    films = read_folder(make_folder(tmp_path / "data", films=2))
    assert known_faults(films) == frozenset()
    assert len(known_faults(films * 240 + films[:1])) == 26
