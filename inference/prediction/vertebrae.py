"""Vertebrae by trained weights: films in; corners, their covariance, the largest angle and all doubts out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch

from annotation.spine.cobb import Curve
from inference.networks import weights
from inference.networks.straightened import Straightened
from inference.networks.vertebra_reader import Found, VertebraReader
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import Case, RunDir, RunError
from inference.vertebrae.angles import Angle, Calibration, aasce_with_doubt, curves_with_doubt, draws
from inference.vertebrae.doubts import HEIGHT_BELOW, angle_doubt, body_doubts, spine_doubts
from inference.vertebrae.films import VERTEBRAE, Floats, Grey

_SEED: Final = 1
"""Of the draws: the same film gives the same interval."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The vertebrae of a film, columns (DRAWS, 17, 4, 2) that they may also be, the challenge's three angles,
    and the clinical curves, each with half of its 90 % interval in degrees."""

    found: Found
    drawn_px: Floats
    angles: tuple[Angle, Angle, Angle]
    curves: list[tuple[Curve, float]]


class VertebraPredictor:
    """A network with its calibration: what the programs on run folders and the evaluator both ask."""

    def __init__(self, network: Straightened, calibration: Calibration) -> None:
        self.reader, self.calibration = VertebraReader(network), calibration

    @classmethod
    def from_file(cls, path: Path, recipe: VertebraRecipe) -> "VertebraPredictor":
        """The predictor of a weights file. Raises RunError where it is for another network."""
        tensors, card = weights.read_tensors(path)
        network = Straightened(width=recipe.width, finder_width=recipe.finder_width)
        weights.load_into(network, tensors, path.name)
        found = card.get("calibration")
        return cls(network, Calibration.from_dict(found) if found else Calibration())

    def found(self, film: Grey) -> Reading:
        """What the network says of a film, for whoever is not to be kept from it."""
        found = self.reader.read(film)
        drawn = draws(found.corners_px, found.covariance_px2, np.random.default_rng(_SEED))
        return Reading(
            found,
            drawn,
            aasce_with_doubt(found.corners_px, drawn, film.shape[0], self.calibration),
            curves_with_doubt(found.corners_px, drawn, self.calibration),
        )


def predict(run: RunDir, recipe: VertebraRecipe) -> None:
    """Predict every case of the folder; leave result.json. Raises RunError."""
    spec = run.spec()
    names: list[str] = spec["schema"]["points"]
    if len(names) != 4 * VERTEBRAE:
        raise RunError("This network places the 68 corners of T1 to L5: choose the schema vertebrae68.")
    path = run.path / "weights.safetensors"
    weights.read_named(path, spec["weights_sha256"])
    predictor = VertebraPredictor.from_file(path, recipe)
    # A third of a second by one thread; two that wait for each other beside other work take ten times that.
    torch.set_num_threads(1)
    began = time.monotonic()
    cases = run.cases()
    answers = []
    for number, case in enumerate(cases, start=1):
        answers.append(_answer(predictor, run, case, names))
        eta_s = round((len(cases) - number) * (time.monotonic() - began) / number, 1)
        run.append_progress({"kind": "step", "step": number, "steps": len(cases), "eta_s": eta_s})
    run.write_result({"cases": answers, "seconds": round(time.monotonic() - began, 3)})


def _answer(predictor: VertebraPredictor, run: RunDir, case: Case, names: list[str]) -> dict[str, Any]:
    """One film: its points, and in words why somebody should look at them."""
    try:
        reading = predictor.found(read_film(run.path / case.colour))
    except ValueError as error:
        raise RunError(f"Image {case.image}: {error}") from error
    found, major = reading.found, reading.angles[0]
    no_spine = spine_doubts(found.line, found.heights)
    if no_spine:
        return {"image": case.image, "flagged": " ".join(no_spine)}
    doubt = angle_doubt(major, reading.curves)
    return {
        "image": case.image,
        "points": _points(found, case, names),
        "major_deg": None if doubt else round(major.value_deg, 1),
        "major_doubt_deg": round(major.doubt_deg, 1),
        "curves": [
            {
                "upper_level": curve.upper_level,
                "lower_level": curve.lower_level,
                "doubt_deg": round(doubt_deg, 1),
            }
            for curve, doubt_deg in reading.curves
        ],
        "abstains": doubt,
        "doubts": [one.to_dict() for one in body_doubts(found.corners_px, found.heights, found.apart_rows)],
    }


def _points(found: Found, case: Case, names: list[str]) -> list[dict[str, Any]]:
    most = np.array([case.width, case.height], dtype=np.float64)
    corners = np.clip(found.corners_px, 0, most).reshape(-1, 2)
    covariances = found.covariance_px2.reshape(-1, 2, 2)
    heights = np.repeat(found.heights, 4)
    return [
        {
            "name": name,
            "x": round(float(x), 2),
            "y": round(float(y), 2),
            "state": "uncertain" if height < HEIGHT_BELOW else "placed",
            "confidence": round(float(height), 4),
            "covariance_px2": [round(float(one[place]), 3) for place in ((0, 0), (0, 1), (1, 1))],
        }
        for name, (x, y), height, one in zip(names, corners, heights, covariances, strict=True)
    ]


def read_film(path: Path) -> Grey:
    """The film's pixels. Raises RunError where they cannot be read."""
    film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if film is None:
        raise RunError(f"{path.name} is not a readable picture.")
    return np.asarray(film, dtype=np.uint8)
