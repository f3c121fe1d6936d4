"""The films of a run, with whole columns of labelled corners."""

from dataclasses import dataclass

import cv2
import numpy as np

from annotation.spine.shape import in_order, oddities
from inference.rundir import Case, RunDir, RunError
from inference.vertebrae.films import VERTEBRAE, Floats, Grey


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One film (height, width) and its corners (17, 4, 2) in its px, from above downward."""

    image: str
    film: Grey
    corners_px: Floats


def read_film(run: RunDir, case: Case) -> Grey:
    """The case's pixels. Raises RunError where they cannot be read."""
    film = cv2.imread(str(run.path / case.colour), cv2.IMREAD_GRAYSCALE)
    if film is None:
        raise RunError(f"{case.colour} is not a readable picture.")
    return np.asarray(film, dtype=np.uint8)


def labelled(run: RunDir, split: str) -> tuple[list[LabelledFilm], int]:
    """The films of a split with all 68 corners, and how many were left out for lack of some.

    A column whose last row is the vertebra above the first is put in order. Raises RunError where the schema
    is another one.
    """
    found = []
    cases = [case for case in run.cases() if case.split == split]
    for case in cases:
        if len(case.points_px) != 4 * VERTEBRAE:
            raise RunError(
                f"Image {case.image} has {len(case.points_px)} points; this recipe reads the 68 corners of "
                "T1 to L5: choose a snapshot with the schema vertebrae68."
            )
        points = [point for point in case.points_px if point is not None]
        if len(points) == 4 * VERTEBRAE:
            corners = in_order(np.array(points, dtype=np.float64).reshape(VERTEBRAE, 4, 2))
            found.append(LabelledFilm(case.image, read_film(run, case), corners))
    return found, len(cases) - len(found)


def is_learnable(film: LabelledFilm) -> bool:
    """Whether the labels make a column at all: in order, and no vertebra named twice."""
    try:
        return all(odd.fault not in {"order", "twice"} for odd in oddities(film.corners_px))
    except ValueError:
        return False
