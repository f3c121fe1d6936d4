"""Labels files and the AASCE tables: what they say, and what is refused in one sentence."""

import contextlib
import datetime
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from annotation.actions.errors import Unreadable
from annotation.actions.labelfiles import (
    MAX_JSON_BYTES,
    aasce_points,
    read_aasce_name,
    read_labels,
    read_tables,
)


@pytest.mark.parametrize(
    ("name", "patient", "date", "visit", "direction"),
    [
        ("lab-02-Jan-2017-162 A AP.jpg", "162", "2017-01-02", "A", "AP"),
        ("lab-21-Nov-2016-138 D AP2.jpg", "138", "2016-11-21", "D", "AP"),
        ("lab-22-Nov-2016-142 A AP (2).jpg", "142", "2016-11-22", "A", "AP"),
        ("lab-20-Jul-2016-coronal10.jpg", "coronal10", "2016-07-20", "", ""),
    ],
)
def test_an_aasce_name_is_read(name: str, patient: str, date: str, visit: str, direction: str) -> None:
    found = read_aasce_name(name)
    assert (found.pseudonym, found.visit, found.direction) == (patient, visit, direction)
    assert found.visit_date == datetime.date.fromisoformat(date)


@pytest.mark.parametrize("name", ["film.jpg", "lab-31-Feb-2017-1 A AP.jpg", "lab-01-Xyz-2017-1 A AP.jpg"])
def test_another_name_says_nothing(name: str) -> None:
    found = read_aasce_name(name)
    assert (found.pseudonym, found.visit_date) == ("", None)


def tables(folder: Path, names: str, landmarks: str) -> tuple[Path, Path]:
    (folder / "filenames.csv").write_text(names)
    (folder / "landmarks.csv").write_text(landmarks)
    return folder / "filenames.csv", folder / "landmarks.csv"


def test_aasce_shares_become_named_pixels(tmp_path: Path) -> None:
    xs, ys = [n / 136 for n in range(68)], [n / 68 for n in range(68)]
    row = ",".join(map(str, xs + ys))
    shares = read_tables(*tables(tmp_path, "a.jpg\n", row + "\n"))["a.jpg"]
    points = aasce_points(shares, width=136, height=680)
    assert [point["name"] for point in points[:5]] == ["T1_TL", "T1_TR", "T1_BL", "T1_BR", "T2_TL"]
    assert points[-1]["name"] == "L5_BR"
    assert [(point["x"], point["y"]) for point in points] == [
        pytest.approx((float(n), 10.0 * n)) for n in range(68)
    ]


@pytest.mark.parametrize(
    ("names", "landmarks", "says"),
    [
        ("a.jpg\nb.jpg\n", "0," * 135 + "0\n", "must agree"),
        ("a.jpg\n", "0,1,0\n", "136 numbers"),
        ("a.jpg\n", "x," * 135 + "0\n", "shares of width"),
        ("a.jpg\n", "17," * 135 + "0\n", "shares of width"),
        ("a.jpg\n", "nan," * 135 + "0\n", "shares of width"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, names: str, landmarks: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_tables(*tables(tmp_path, names, landmarks))


@pytest.mark.parametrize(
    "content",
    [
        b"12\n" * 5 * 2**20,
        b"1," * 8 * 2**20,
        b"\n" * 2**20,
        b"1" * 2**20,
        b"1\n" * 2**24,
        b'"' + b"x" * 2**20,
    ],
)
def test_a_hostile_table_is_refused_in_bounded_memory(tmp_path: Path, content: bytes) -> None:
    """These are read in the web process: as lists of texts, 64 MB of them would have been gigabytes."""
    names, landmarks = tables(tmp_path, "a.jpg\n", "0," * 135 + "0\n")
    tracemalloc.start()
    try:
        good = names.read_bytes()
        names.write_bytes(content)
        # A single line is one name, whatever else it holds.
        with contextlib.suppress(Unreadable):
            assert len(read_tables(names, landmarks)) == 1
        names.write_bytes(good)
        landmarks.write_bytes(content)
        with pytest.raises(Unreadable, match=r"rows|larger than|136 numbers|not a CSV"):
            read_tables(names, landmarks)
        assert tracemalloc.get_traced_memory()[1] < 180 * 2**20
    finally:
        tracemalloc.stop()


def labels(folder: Path, data: Any) -> Path:
    path = folder / "labels.json"
    path.write_text(json.dumps(data))
    return path


def test_an_empty_labels_file_says_nothing(tmp_path: Path) -> None:
    found = read_labels(labels(tmp_path, {}))
    assert (found.pseudonym, found.visit_date, found.spacing_mm, found.landmarks) == ("", None, None, {})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "one JSON object"),
        ({"subject": {"pseudonym": "x" * 65}}, "pseudonym"),
        ({"subject": {"sex": "X"}}, "sex"),
        ({"subject": {"age_years": "12"}}, "age_years"),
        ({"subject": {"age_years": True}}, "age_years"),
        ({"visit_date": "2026-13-01"}, "visit_date"),
        ({"landmarks": {"foot": {}}}, "sorted under"),
        ({"landmarks": {"colour": {"back6": {"points": [{"name": "C7", "state": "lost"}]}}}}, "state"),
        ({"radiograph": {"direction": "up"}}, "direction"),
        ({"radiograph": {"patient_right_at_image_right": "yes"}}, "true or false"),
        ({"radiograph": {"spacing_mm": [0.2], "calibration": "imager"}}, "two numbers"),
        ({"radiograph": {"spacing_mm": [0.2, 11], "calibration": "imager"}}, "smaller than 10"),
    ],
)
def test_a_wrong_labels_file_is_refused(tmp_path: Path, data: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_labels(labels(tmp_path, data))


def test_a_spacing_without_its_kind_is_no_spacing(tmp_path: Path) -> None:
    found = read_labels(labels(tmp_path, {"radiograph": {"spacing_mm": [0.2, 0.2]}}))
    assert (found.spacing_mm, found.calibration) == (None, "none")


@pytest.mark.parametrize("content", ["{" * 50_000, " " * (MAX_JSON_BYTES + 1), '{"a": NaN'])
def test_hostile_json_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content)
    with pytest.raises(Unreadable):
        read_labels(path)
