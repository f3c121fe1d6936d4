"""`python -m inference.evaluate.ship`: trained weights and what was measured of them become shipped weights.

    python -m inference.evaluate.ship --weights RUN/weights.safetensors --measured CROSS_VALIDATION.json \\
        --name vertebrae --commit COMMIT --out inference/weights

The intervals' factors are learned from the measured films (split conformal prediction; each film was read by
weights that had not seen its patient), then written with the weights, which are stored in half precision.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.networks.halved import write_shipped
from inference.rundir import RunError
from inference.vertebrae.angles import MOST_DOUBT_DEG, Calibration, conformal_factor
from inference.vertebrae.films import FOLDS, Floats

# What hangs on intervals, which the measured networks had not calibrated yet, or on the machine.
_UNCALIBRATED: Final = re.compile(r"coverage|interval|abstained|wider_than|answered|^seconds")
SUMMARY: Final = (
    "Finds the spine on a frontal film, straightens the film along it, places the 68 corners of T1 to L5 and "
    "says how far off they may be."
)
LIMITS: Final = (
    "Learned from upright frontal films of one collection, with T1 to L5 on each: other machines, lying "
    "patients, small children, implants and films that cut off a part of the spine are unknown ground.",
    "Seventeen vertebrae are always placed: where somebody has 16 or 18, the levels below are off by one.",
    "Levels are counted from what is seen, and T1 is sometimes taken for its neighbour.",
    "Where a film shows other anatomy beside the spine's own, levels shift by"
    " one or more, often without a warning: crop it.",
)


def calibration_of(images: Sequence[dict[str, Any]]) -> Calibration:
    """The factors for 90 % intervals from the rows of an evaluation, without films whose labels are wrong.

    Raises RunError where the rows name no deviations.
    """
    rows = [row for row in images if not row["label_fault"] and "deviation_deg" in row]
    if not rows:
        raise RunError(
            "The measured films have no intervals: evaluate trained weights, "
            "with the evaluator of this version."
        )
    errors, deviations = _errors(rows)
    curves = _errors([curve for row in rows for curve in row["curves"]])
    try:
        first, second, third = (conformal_factor(errors[:, one], deviations[:, one]) for one in range(3))
        return Calibration((first, second, third), conformal_factor(*curves))
    except ValueError as error:
        raise RunError(f"The intervals cannot be calibrated: {error}.") from error


def _errors(rows: Sequence[dict[str, Any]]) -> tuple[Floats, Floats]:
    """The errors of films (n, 3), or of curves (n,), and the deviations that the network expects."""
    errors = np.array([np.subtract(row["found_deg"], row["true_deg"]) for row in rows])
    return errors, np.array([row["deviation_deg"] for row in rows])


def coverage_of(images: Sequence[dict[str, Any]]) -> dict[str, float]:
    """What intervals by `calibration_of` hold of films they were not made from, by five parts."""
    patients = sorted({row["patient"] for row in images})
    part = {patient: place % FOLDS for place, patient in enumerate(patients)}
    rows = [row for row in images if not row["label_fault"]]
    # Each error beside half of its interval.
    major: list[tuple[float, float]] = []
    curves: list[tuple[float, float]] = []
    withheld: list[bool] = []
    for number in range(FOLDS):
        factors = calibration_of([row for row in rows if part[row["patient"]] != number])
        mine = [row for row in rows if part[row["patient"]] == number]
        errors, deviations = _errors(mine)
        major += zip(errors[:, 0], deviations[:, 0] * factors.aasce[0], strict=True)
        errors, deviations = _errors([curve for row in mine for curve in row["curves"]])
        curves += zip(errors, deviations * factors.curve, strict=True)
        for row in mine:
            halves = [row["deviation_deg"][0] * factors.aasce[0]]
            if row["curves"]:
                largest = max(row["curves"], key=lambda curve: abs(curve["found_deg"]))
                halves.append(largest["deviation_deg"] * factors.curve)
            withheld.append(max(halves) > MOST_DOUBT_DEG)
    figures = _coverage(major) | {"withheld_percent": 100 * float(np.mean(withheld))}
    return figures | {f"curves_{name}": value for name, value in _coverage(curves).items()}


def _coverage(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    errors, halves = np.abs(np.array(pairs)).T
    return {
        "coverage_90_percent": 100 * float(np.mean(errors <= halves)),
        "interval_width_median_deg": 2 * float(np.median(halves)),
        "wider_than_10_deg_percent": 100 * float(np.mean(halves > 5)),
        "may_be_off_by_10_deg_percent": 100 * float(np.mean(halves > MOST_DOUBT_DEG)),
    }


def ship(source: Path, measured: dict[str, Any], *, name: str, out: Path, trained: dict[str, Any]) -> Path:
    """Write NAME.safetensors and its card NAME.json; the card's path.

    `trained`: "title", "commit", "data" and "result" of the card (`inference.shipped`); the measured figures
    join the result. Raises RunError where source is no weights file.
    """
    calibration = calibration_of(measured["images"])
    figures: dict[str, Any] = {
        part: {key: value for key, value in measured[part].items() if not _UNCALIBRATED.search(key)}
        for part in ("raw", "cleaned")
        if part in measured
    }
    metrics = {
        "validation": figures["raw"],
        **figures,
        "by_severity": measured["by_severity"],
        "intervals": coverage_of(measured["images"]),
    }
    result = dict(trained["result"])
    if "left_out" in result:
        # How many, not which: films of a data set are not to be told by name.
        result["left_out"] = {
            why: len(films) if isinstance(films, list) else films for why, films in result["left_out"].items()
        }
    card = {
        **trained,
        "summary": SUMMARY,
        "schema": "vertebrae68",
        "result": {**result, "metrics": metrics},
        "limits": list(LIMITS),
    }
    return write_shipped(source, out / name, card, {"calibration": calibration.to_dict()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.evaluate.ship", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="of the final training")
    parser.add_argument("--result", type=Path, required=True, help="its result.json")
    parser.add_argument("--measured", type=Path, required=True, help="the evaluation of the cross-validation")
    parser.add_argument("--name", required=True, help="of the two files")
    parser.add_argument("--title", default="Vertebrae T1 to L5")
    parser.add_argument("--commit", required=True, help="by which it was trained")
    parser.add_argument("--what", required=True, help="a sentence on the films it was trained on")
    parser.add_argument("--images", type=int, required=True, help="how many films that were")
    parser.add_argument("--subjects", type=int, required=True, help="of how many patients")
    parser.add_argument("--out", type=Path, default=Path("inference/weights"))
    asked = parser.parse_args(arguments)
    try:
        measured = json.loads(asked.measured.read_text(encoding="utf-8"))
        names = sorted(row["name"] for row in measured["images"])
        trained = {
            "title": asked.title,
            "commit": asked.commit,
            "result": json.loads(asked.result.read_text(encoding="utf-8")),
            "data": {
                "what": asked.what,
                "images": asked.images,
                "subjects": asked.subjects,
                "digest": hashlib.sha256("\n".join(names).encode()).hexdigest(),
            },
        }
        card = ship(asked.weights, measured, name=asked.name, out=asked.out, trained=trained)
    except (OSError, ValueError, KeyError, RunError) as error:
        print(f"ship: {error}", file=sys.stderr)
        return 1
    print(card)
    return 0


if __name__ == "__main__":
    sys.exit(main())
