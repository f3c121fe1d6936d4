"""``python -m inference.phantom.compare PHANTOMS --real AASCE --out FOLDER``: phantom and real films.

Writes `comparison.md` (tables), `comparison.json` (the same figures) and `comparison.png` (plot, where
matplotlib is installed). REAL has the layout of the AASCE challenge: `filenames.csv`, `landmarks.csv`,
`images/`. Its films are stored as chest films are and are mirrored here. Nothing of the real films leaves
this program but means and quantiles.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference.phantom.figures import compared, measure, table
from inference.phantom.measures import Sample

# fmt: off
LABEL_FAULTS: Final = frozenset([
    3, 10, 14, 28, 31, 33, 40, 72, 84, 91, 143, 193, 218, 242, 261, 265, 268, 269, 313, 394, 439,
    445, 471, 474, 476, 480,
])
# fmt: on
"""Rows of the 481 (counted from 0) whose labels are known to be wrong."""
READER_ERROR: Final = 0.0025
"""About 1 mm on a child."""


def real_films(folder: Path) -> Iterator[Sample]:
    """The AASCE films, seen from behind, without those whose labels are known to be wrong."""
    names = [row[0] for row in _rows(folder / "filenames.csv")]
    for number, (name, row) in enumerate(zip(names, _rows(folder / "landmarks.csv"), strict=True)):
        if number in LABEL_FAULTS:
            continue
        image = cv2.imread(str(folder / "images" / name), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise FileNotFoundError(f"{folder / 'images' / name} cannot be read")
        height, width = image.shape
        corners = np.array(row, np.float64).reshape(2, 68).T * (width, height)
        corners[:, 0] = width - corners[:, 0]
        yield Sample(image[:, ::-1].astype(np.float64), corners.reshape(17, 4, 2)[:, [1, 0, 3, 2]])


def phantom_films(folder: Path, reader_error: float) -> Iterator[Sample]:
    """The films of phantom studies (PNG), seen from behind.

    reader_error: deviation of the error added to each corner, as a share of the column, because the corners
    of the real films were set by hand.
    """
    rng = np.random.default_rng(0)
    for path in sorted(folder.glob("phantom-*/labels.json")):
        labels = json.loads(path.read_text(encoding="utf-8"))
        points = labels["landmarks"]["radiograph"]["vertebrae68"]["points"]
        image = cv2.imread(str(path.with_name("radiograph.png")), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise FileNotFoundError(f"{path.with_name('radiograph.png')} cannot be read; write PNG films")
        if any(point["x"] is None for point in points):
            continue
        corners = np.array([[point["x"], point["y"]] for point in points]).reshape(17, 4, 2)
        if not labels["radiograph"]["patient_right_at_image_right"]:
            image = image[:, ::-1]
            corners = corners[:, [1, 0, 3, 2]]
            corners[..., 0] = image.shape[1] - corners[..., 0]
        column = np.linalg.norm(np.diff(corners.mean(1), axis=0), axis=1).sum()
        shifted = corners + rng.normal(0, reader_error * column, corners.shape)
        yield Sample(image.astype(np.float64), shifted)


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        return [row for row in csv.reader(handle) if row]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m inference.phantom.compare", description="Compare phantom films with real ones."
    )
    parser.add_argument("phantoms", type=Path, help="folder that python -m inference.phantom wrote")
    parser.add_argument("--real", type=Path, required=True, help="folder in the layout of the AASCE data")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables and the plot")
    parser.add_argument(
        "--reader-error",
        type=float,
        default=READER_ERROR,
        help="deviation of the error of a corner set by hand, as a share of the column (default %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        phantom, real = (
            measure(phantom_films(options.phantoms, options.reader_error)),
            measure(real_films(options.real)),
        )
    except (OSError, ValueError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    found = compared(phantom, real)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "comparison.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (options.out / "comparison.md").write_text(table(found), encoding="utf-8")
    print(table(found))
    try:
        from inference.phantom.plots import draw
    except ImportError:
        print("compare: matplotlib is not installed, so there is no plot", file=sys.stderr)
        return 0
    draw(phantom, real, options.out / "comparison.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
