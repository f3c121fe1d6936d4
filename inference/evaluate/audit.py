"""`python -m inference.evaluate.audit DATA`: labelled vertebrae that a person should look at.

One line per vertebra, the oddest first: film, level, what is odd (`annotation.spine.shape`) and by how many
standard deviations. Of the films themselves only the size is read.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from annotation.spine.shape import Oddity, in_order, oddities
from inference.vertebrae.films import LEVELS, Film, FolderError, known_faults, read_folder


def audit(films: Sequence[Film]) -> list[tuple[Film, Oddity]]:
    """Every odd vertebra, the oddest first. A column whose last row belongs on top is told as such, and then
    judged in order."""
    found = []
    for film in films:
        corners = film.corners_px(*_size_px(film))
        odd = oddities(corners)
        if [(one.row, one.fault) for one in odd] == [(len(LEVELS) - 1, "order")]:
            odd += oddities(in_order(corners))
        found += [(film, one) for one in odd]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[0].row, pair[1].row))


def _size_px(film: Film) -> tuple[int, int]:
    """Width and height; the pixels stay unread. Raises FolderError where there is no picture."""
    try:
        with Image.open(film.path) as picture:
            return picture.size
    except OSError as error:
        raise FolderError(f"{film.path} is not a readable picture: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.evaluate.audit", description=__doc__)
    parser.add_argument("data", type=Path, help="a folder in the AASCE layout")
    try:
        films = read_folder(parser.parse_args(arguments).data)
        found = audit(films)
    except (FolderError, ValueError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 1
    for film, odd in found:
        score = "" if math.isinf(odd.score) else f"{odd.score:.1f}"
        print(f"{film.row}\t{film.name}\t{LEVELS[odd.row]}\t{odd.fault}\t{score}")
    rows = {film.row for film, _ in found}
    faults = known_faults(films)
    seen = f", {len(rows & faults)} of the {len(faults)} known to be wrong among them" if faults else ""
    print(f"{len(rows)} of {len(films)} films have an odd vertebra{seen}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
