"""Folders of films in the layout of the AASCE 2019 challenge, and honest splits of them.

    filenames.csv    one file name per line
    landmarks.csv    68 x, then 68 y, divided by the film's width and height: T1..L5, each TL TR BL BR
    angles.csv       the challenge's three angles in degrees (may be absent)
    images/          the films

Row n of each file is one film. Left and right are the image's, and the angles follow the stored film.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Grey = NDArray[np.uint8]

VERTEBRAE: Final = 17
LEVELS: Final = tuple([f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)])
FOLDS: Final = 5

# fmt: off
LABEL_FAULTS: Final = frozenset([
    3, 10, 14, 28, 31, 33, 40, 72, 84, 91, 143, 193, 218, 242, 261, 265, 268, 269, 313, 394, 439,
    445, 471, 474, 476, 480,
])
# fmt: on
"""Rows of the challenge's 481 training films (from 0) whose labels are known to be wrong: a skipped
vertebra, C7 or L5 mistaken, rows exchanged. "Cleaned" figures leave them out; "raw" ones do not."""
TRAINING_FILMS: Final = 481
"""The number of films of the folder that `LABEL_FAULTS` belongs to."""

_ON_A_VISIT = re.compile(r"-(\d+) [A-Z]\b")
_CORONAL = re.compile(r"-(coronal)\d+$")


class FolderError(Exception):
    """A folder that cannot be read as one of films; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Film:
    """One film of a folder. `landmarks` (17, 4, 2): TL TR BL BR as shares of width and height.

    `angles_deg` (3,): the folder's own angles, or None. `row` counts from 0. `patient` groups films of one
    person.
    """

    row: int
    path: Path
    patient: str
    landmarks: Floats
    angles_deg: Floats | None

    @property
    def name(self) -> str:
        return self.path.name

    def grey(self) -> Grey:
        """The film's pixels (height, width). Raises FolderError when they cannot be read."""
        image = cv2.imread(str(self.path), cv2.IMREAD_GRAYSCALE) if self.path.is_file() else None
        if image is None:
            raise FolderError(f"{self.path} is not a readable picture; put it there or take its line out.")
        return np.asarray(image, dtype=np.uint8)

    def corners_px(self, width: int, height: int) -> Floats:
        """The labelled corners (17, 4, 2) in px of a picture of this film of the given size."""
        return self.landmarks * (width, height)


def patient_of(name: str) -> str:
    """Who is on the film, from its file name: "series-1th-01-Jan-2000-162 A AP.jpg" is patient 162.

    The challenge's "coronal1".."coronal17" name nobody and count as one person, so that no split can part
    two films of one of them. Any other name is a person of its own.
    """
    stem = Path(name).stem
    found = _ON_A_VISIT.search(stem) or _CORONAL.search(stem)
    return found.group(1) if found else stem


def read_folder(folder: Path) -> list[Film]:
    """The films of a folder. Raises FolderError that names the file at fault and says what is wanted."""
    names = [row[0].strip() for row in _rows(folder / "filenames.csv")]
    if not names:
        raise FolderError(f"{folder / 'filenames.csv'} names no film.")
    landmarks = _numbers(folder / "landmarks.csv", 8 * VERTEBRAE)
    has_angles = (folder / "angles.csv").is_file()
    angles = _numbers(folder / "angles.csv", 3) if has_angles else [None] * len(names)
    if len(names) == len(landmarks) + 1 and not (folder / "images" / names[0]).is_file():
        names = names[1:]  # the title of a column
        angles = angles if has_angles else angles[1:]
    for file, count in (("landmarks.csv", len(landmarks)), ("angles.csv", len(angles))):
        if count != len(names):
            raise FolderError(f"{file} has {count} rows, filenames.csv has {len(names)}: one per film.")
    return [
        Film(
            row,
            _film_path(folder, name),
            patient_of(name),
            points.reshape(2, -1, 4).transpose(1, 2, 0),
            three,
        )
        for row, (name, points, three) in enumerate(zip(names, landmarks, angles, strict=True))
    ]


def folds(films: Sequence[Film], seed: int = 1) -> list[list[int]]:
    """Five disjoint lists of indices into `films`, together all of them; no patient is in two.

    Patients with many films first, each into the fold that is smallest so far; ties and order by `seed`.
    """
    by_patient: dict[str, list[int]] = {}
    for index, film in enumerate(films):
        by_patient.setdefault(film.patient, []).append(index)
    patients = sorted(by_patient)
    order = np.random.default_rng(seed).permutation(len(patients))
    parts: list[list[int]] = [[] for _ in range(FOLDS)]
    for place in sorted(order, key=lambda place: -len(by_patient[patients[place]])):
        min(parts, key=len).extend(by_patient[patients[place]])
    return [sorted(part) for part in parts]


def known_faults(films: Sequence[Film]) -> frozenset[int]:
    """Rows whose labels are known to be wrong: those of the challenge's training folder, of no other."""
    return LABEL_FAULTS if len(films) == TRAINING_FILMS else frozenset()


def _film_path(folder: Path, name: str) -> Path:
    if "/" in name or "\\" in name or name.startswith("."):
        raise FolderError(f"filenames.csv: {name!r} must be a plain file name of images/.")
    return folder / "images" / name


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            return [row for row in csv.reader(handle) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


def _numbers(path: Path, columns: int) -> list[Floats]:
    """Rows of finite numbers; a first row of titles is passed over."""
    rows = _rows(path)
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            values = np.array(row, dtype=np.float64)
        except ValueError as error:
            raise FolderError(f"{path.name}, film {number}: {error}") from error
        if values.shape != (columns,) or not np.isfinite(values).all():
            raise FolderError(f"{path.name}, film {number}: give {columns} finite numbers, not {len(row)}.")
        found.append(values)
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
