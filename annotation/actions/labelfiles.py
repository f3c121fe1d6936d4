"""Files that say something about pictures: labels.json of a study folder, and the tables of the AASCE data.

Both are small text from outside: sizes are bounded, every value is checked, and what is wrong is said in one
sentence.
"""

import csv
import datetime
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from annotation.actions.errors import Unreadable
from annotation.models.images import Calibration, Direction
from annotation.spine import schemas

MAX_JSON_BYTES = 4 * 2**20
# The AASCE data has 481 rows in 1.3 MB. These are read in the web process: what is larger is no such table.
MAX_TABLE_BYTES = 16 * 2**20
MAX_TABLE_ROWS = 20_000
Points = list[dict[str, Any]]
STATES = {"placed", "uncertain", "occluded", "missing"}

# name-31-Dec-2000-99 A AP.jpg: date, patient, visit, direction.
_AASCE_NAME = re.compile(
    r"(?P<date>\d{2}-[A-Z][a-z]{2}-\d{4})-(?:(?P<patient>\d+) (?P<visit>[A-Z]) |(?P<other>[a-z]+\d+))"
)


@dataclass(frozen=True)
class Labels:
    """What a labels file says. `landmarks`: by kind of picture, then by schema."""

    pseudonym: str = ""
    sex: str = ""
    age_years: float | None = None
    visit_date: datetime.date | None = None
    visit: str = ""
    landmarks: dict[str, dict[str, Points]] = field(default_factory=dict)
    spacing_mm: tuple[float, float] | None = None
    calibration: str = Calibration.NONE
    direction: str = ""
    patient_right_at_image_right: bool | None = None


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object of bounded size; Unreadable in one sentence otherwise."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise Unreadable(f"The {what} is larger than {MAX_JSON_BYTES // 2**20} MB.")
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The {what} is not JSON: it is broken or something else.") from error
    if not isinstance(data, dict):
        raise Unreadable(f"The {what} must hold one JSON object.")
    return data


def read_labels(path: Path) -> Labels:
    """labels.json as the phantom writes it. Raises Unreadable naming the entry that is wrong."""
    data = read_json(path, "labels file")
    subject, film = _object(data, "subject"), _object(data, "radiograph")
    right = film.get("patient_right_at_image_right")
    if right is not None and not isinstance(right, bool):
        raise Unreadable("The labels file's patient_right_at_image_right must be true or false.")
    spacing, calibration = _spacing(film)
    return Labels(
        pseudonym=_text(subject, "pseudonym", 64),
        sex=_choice(subject, "sex", {"F", "M"}),
        age_years=_number(subject, "age_years"),
        visit_date=_date(data, "visit_date"),
        landmarks={kind: _sets(kind, sets) for kind, sets in _object(data, "landmarks").items()},
        spacing_mm=spacing,
        calibration=calibration,
        direction=_choice(film, "direction", set(Direction.values)),
        patient_right_at_image_right=right,
    )


def read_tables(filenames: Path, landmarks: Path) -> dict[str, list[float]]:
    """The AASCE tables: for each picture's name its 136 numbers (68 x, then 68 y; shares of width, height).

    Row n of one table goes with row n of the other. Raises Unreadable.
    """
    names = [row[0].strip() for _, row in _rows(filenames)]
    numbers = []
    for index, row in _rows(landmarks):
        if len(row) != 136:
            raise Unreadable(f"Row {index} of landmarks.csv does not hold 136 numbers (68 x, then 68 y).")
        numbers.append([_share(cell, index) for cell in row])
    if len(names) != len(numbers):
        raise Unreadable(
            f"filenames.csv has {len(names)} rows and landmarks.csv {len(numbers)}; they must agree."
        )
    return dict(zip(names, numbers, strict=True))


def aasce_points(shares: list[float], width: int, height: int) -> Points:
    """The 68 corners of T1..L5 in pixels, in the order and with the names of the schema vertebrae68."""
    corners = np.asarray(shares, dtype=np.float64).reshape(2, 68).T * (width, height)
    names = schemas.BUILT_IN["vertebrae68"].point_names
    return [
        {"name": name, "x": float(x), "y": float(y), "state": "placed"}
        for name, (x, y) in zip(names, corners, strict=True)
    ]


def read_aasce_name(name: str) -> Labels:
    """Patient number, date and visit letter from a picture's name; empty where it has another form."""
    found = _AASCE_NAME.search(name)
    if found is None:
        return Labels()
    try:
        date = datetime.datetime.strptime(found["date"], "%d-%b-%Y").date()
    except ValueError:
        return Labels()
    direction = Direction.AP if re.search(r"\bAP", name) else ""
    return Labels(
        pseudonym=found["patient"] or found["other"],
        visit_date=date,
        visit=found["visit"] or "",
        direction=direction,
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, numbered from 1, one at a time."""
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise Unreadable(f"The table {path.name} is larger than {MAX_TABLE_BYTES // 2**20} MB.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            for index, row in enumerate(csv.reader(handle), 1):
                if index > MAX_TABLE_ROWS:
                    raise Unreadable(f"The table has more than {MAX_TABLE_ROWS} rows; split it.")
                if row:
                    yield index, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable("The table is not a CSV text file.") from error


def _share(cell: str, row: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not -0.5 <= value <= 1.5:
        raise Unreadable(
            f"Row {row} of landmarks.csv holds {cell[:20]!r}; shares of width or height belong there."
        )
    return value


def _sets(kind: str, sets: Any) -> dict[str, Points]:
    if kind not in {"colour", "depth", "radiograph"} or not isinstance(sets, dict):
        raise Unreadable("The labels file's landmarks must be sorted under colour, depth and radiograph.")
    return {
        str(name)[:40]: [_point(point) for point in _object(sets, name).get("points", [])] for name in sets
    }


def _point(point: Any) -> dict[str, Any]:
    if not isinstance(point, dict) or not isinstance(point.get("name"), str):
        raise Unreadable("Each point of the labels file needs a name.")
    state = point.get("state", "placed")
    if state not in STATES:
        raise Unreadable(f"The state of point {point['name'][:40]} in the labels file is not known.")
    return {"name": point["name"], "x": _number(point, "x"), "y": _number(point, "y"), "state": state}


def _spacing(film: dict[str, Any]) -> tuple[tuple[float, float] | None, str]:
    calibration = _choice(film, "calibration", set(Calibration.values)) or Calibration.NONE
    spacing = film.get("spacing_mm")
    if spacing is None or calibration == Calibration.NONE:
        return None, Calibration.NONE
    if not isinstance(spacing, list) or len(spacing) != 2:
        raise Unreadable("The labels file's spacing_mm must hold two numbers, row and column.")
    row, column = (_number({"spacing_mm": value}, "spacing_mm") for value in spacing)
    if row is None or column is None or not (0 < row < 10 and 0 < column < 10):
        raise Unreadable("The labels file's spacing_mm must be larger than 0 and smaller than 10 mm.")
    return (row, column), calibration


def _object(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise Unreadable(f"The labels file's {name[:40]} must be a JSON object.")
    return value


def _text(data: dict[str, Any], name: str, longest: int) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > longest or not (value == "" or value.isprintable()):
        raise Unreadable(f"The labels file's {name} must be a text of at most {longest} characters.")
    return value.strip()


def _choice(data: dict[str, Any], name: str, choices: set[str]) -> str:
    value = data.get(name) or ""
    if value and value not in choices:
        raise Unreadable(f"The labels file's {name} must be one of: {', '.join(sorted(choices))}.")
    return str(value)


def _number(data: dict[str, Any], name: str) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable(f"The labels file's {name} must be a finite number.")
    return float(value)


def _date(data: dict[str, Any], name: str) -> datetime.date | None:
    value = data.get(name)
    try:
        return None if value is None else datetime.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"The labels file's {name} must be a date such as 2026-03-31.") from error
