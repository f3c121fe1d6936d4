"""Ask a reader about every film of a folder and compare: per film, overall, by severity, raw and cleaned."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from annotation.spine.aasce import aasce_angles
from annotation.spine.shape import in_order
from inference.evaluate.disturb import Disturbed
from inference.evaluate.readers import Answer, Panel
from inference.vertebrae.angles import aasce_medians, true_angle_deg
from inference.vertebrae.films import Film, Floats, FolderError, Grey, known_faults
from inference.vertebrae.scores import SEVERITIES, FilmScore, bootstrapped_mean, score, severity, summary

_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One film, read. `true_px` and `answer.corners_px` in px of the film as it was. `fault`: its labels are
    known to be wrong."""

    film: Film
    answer: Answer
    score: FilmScore
    true_px: Floats
    seconds: float
    fault: bool


def measure(
    films: Sequence[Film],
    panel: Panel,
    disturb: Callable[[Grey], Disturbed],
    told: Callable[[int, Measured], None] = lambda *_: None,
) -> list[Measured]:
    """Read every film; `told` hears of each. The truth is the folder's angles, else those of its corners.

    Raises FolderError that names the film which, or whose labels, cannot be measured.
    """
    faults = known_faults(films)
    found = []
    for index, film in enumerate(films):
        grey = film.grey()
        height, width = grey.shape
        disturbed = disturb(grey)
        began = time.perf_counter()
        try:
            answer = panel.reader_of(index)(disturbed.film)
            seconds = time.perf_counter() - began
            true_px = in_order(film.corners_px(width, height))
            true_deg = film.angles_deg
            if true_deg is None:
                true_deg = np.array(aasce_angles(true_px, height))
            answer = _on_the_film(answer, disturbed.back, height)
            scored = _score(answer, true_px, width, height, true_deg)
        except ValueError as error:
            raise FolderError(f"Film {index + 1}, {film.path.name}: {error}.") from error
        one = Measured(film, answer, scored, true_px, seconds, index in faults)
        found.append(one)
        told(index, one)
    return found


def _on_the_film(answer: Answer, back: Callable[[Floats], Floats], height: int) -> Answer:
    """An answer of the disturbed film on the film as it was, where the challenge's rule is asked."""
    if answer.corners_px is None:
        return answer
    corners = back(answer.corners_px)
    if answer.drawn_px is None:
        return replace(answer, angles_deg=np.array(aasce_angles(corners, height)), corners_px=corners)
    angles = aasce_medians(corners, back(answer.drawn_px), height)
    return replace(answer, angles_deg=angles, corners_px=corners, drawn_px=None)


def _score(answer: Answer, true_px: Floats, width: int, height: int, true_deg: Floats) -> FilmScore:
    """Without corners the distances are NaN, and are left out of every summary."""
    if answer.corners_px is None:
        return FilmScore(np.full((17, 4), np.nan), np.nan, np.nan, answer.angles_deg, true_deg)
    # The reader's own angles: those of its corners alone are not what it says where the rule jumps.
    return replace(score(answer.corners_px, true_px, width, height, true_deg), found_deg=answer.angles_deg)


def report(measured: Sequence[Measured]) -> dict[str, Any]:
    """All figures as plain JSON: `raw` over all films, `cleaned` without those whose labels are known to be
    wrong (absent when there are none), `by_severity`, `images`."""
    clean = [one for one in measured if not one.fault]
    figures: dict[str, Any] = {"raw": _figures(measured)}
    if len(clean) < len(measured):
        figures["cleaned"] = _figures(clean)
    return {
        **figures,
        "by_severity": _by_severity(measured),
        "by_vertebra": _by_vertebra(clean),
        "images": [_row(one) for one in measured],
    }


def _figures(measured: Sequence[Measured]) -> dict[str, Any]:
    scores = [one.score for one in measured]
    patients = [one.film.patient for one in measured]
    figures: dict[str, Any] = dict(summary(scores))
    for name, values in _per_film(scores).items():
        if np.isfinite(values).all():
            rng = np.random.default_rng(_SEED)
            figures[f"{name}_95"] = list(bootstrapped_mean(values, patients, rng))
    seconds = [one.seconds for one in measured]
    return {
        **figures,
        "patients": len(set(patients)),
        "seconds_median": float(np.median(seconds)),
        "seconds_longest": float(np.max(seconds)),
        "abstained_percent": 100 * float(np.mean([one.answer.abstains is not None for one in measured])),
        **_coverage(measured),
    }


def _per_film(scores: Sequence[FilmScore]) -> dict[str, Floats]:
    """The figures that are means over films, and so get an interval by bootstrap over patients."""
    off = np.array([one.found_deg - one.true_deg for one in scores])
    return {
        "major_mae_deg": np.abs(off[:, 0]),
        "second_mae_deg": np.abs(off[:, 1]),
        "third_mae_deg": np.abs(off[:, 2]),
        "major_bias_deg": off[:, 0],
        "major_within_5_deg_percent": 100.0 * (np.abs(off[:, 0]) <= 5),
        "smape_percent": np.array([one.smape_percent for one in scores]),
        "corner_heights_mean": np.array([one.corner_heights for one in scores]),
        "normalised_mse": np.array([one.normalised_mse for one in scores]),
    }


def _coverage(measured: Sequence[Measured]) -> dict[str, float]:
    """How often the 90 % intervals hold the truth, and how wide they are."""
    pairs = [(one, one.answer.doubt_deg[0]) for one in measured if one.answer.doubt_deg is not None]
    if not pairs:
        return {}
    doubts = np.array([doubt for _, doubt in pairs])
    errors = np.array([one.score.major_error_deg for one, _ in pairs])
    answered = np.array([one.answer.abstains is None for one, _ in pairs])
    figures = {
        "coverage_90_percent": 100 * float((np.abs(errors) <= doubts).mean()),
        "interval_width_median_deg": 2 * float(np.median(doubts)),
        "wider_than_10_deg_percent": 100 * float((2 * doubts > 10).mean()),
    }
    if answered.any():
        figures["answered_mae_deg"] = float(np.abs(errors[answered]).mean())
    return figures


def _by_severity(measured: Sequence[Measured]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[FilmScore]] = {name: [] for name in SEVERITIES}
    for one in measured:
        groups[SEVERITIES[severity(float(one.score.true_deg[0]))]].append(one.score)
    return {name: summary(group) for name, group in groups.items() if group}


def _by_vertebra(measured: Sequence[Measured]) -> dict[str, list[float]]:
    """From T1 to L5: median distance of the corners in heights of the film's vertebrae, and median error of
    the mid-plane's tilt in degrees."""
    pairs = [(one.answer.corners_px, one.true_px) for one in measured if one.answer.corners_px is not None]
    if not pairs:
        return {}
    found, true = (np.array([pair[place] for pair in pairs]) for place in (0, 1))
    heights = np.linalg.norm(true[:, :, 2:] - true[:, :, :2], axis=-1).mean(axis=(1, 2))
    distances = np.linalg.norm(found - true, axis=-1).mean(axis=2) / heights[:, None]
    tilts = [np.degrees(np.arctan2(*np.moveaxis(_across(one), -1, 0)[::-1])) for one in (found, true)]
    off = np.abs((tilts[0] - tilts[1] + 180) % 360 - 180)
    return {
        "corner_heights_median": [float(value) for value in np.median(distances, axis=0)],
        "tilt_error_deg_median": [float(value) for value in np.median(off, axis=0)],
    }


def _across(corners: Floats) -> Floats:
    """From the left to the right middle of bodies (..., 17, 4, 2)."""
    return np.asarray(corners[..., [1, 3], :].mean(axis=-2) - corners[..., [0, 2], :].mean(axis=-2))


def _row(one: Measured) -> dict[str, Any]:
    row: dict[str, Any] = {
        "row": one.film.row,
        "name": one.film.name,
        "patient": one.film.patient,
        "label_fault": one.fault,
        "found_deg": [round(float(value), 2) for value in one.score.found_deg],
        "true_deg": [round(float(value), 2) for value in one.score.true_deg],
        "smape_percent": round(one.score.smape_percent, 2),
        "seconds": round(one.seconds, 3),
        "abstains": one.answer.abstains,
    }
    if one.answer.corners_px is not None:
        row |= {
            "corner_px": round(one.score.corner_px, 2),
            "corner_heights": round(one.score.corner_heights, 3),
            "normalised_mse": one.score.normalised_mse,
        }
    if one.answer.doubt_deg is not None:
        deviation_deg = one.answer.doubt_deg / one.answer.calibration.aasce
        row["doubt_deg"] = [round(float(value), 2) for value in one.answer.doubt_deg]
        row["deviation_deg"] = [round(float(value), 4) for value in deviation_deg]
        row["curves"] = _curves(one)
    return row


def _curves(one: Measured) -> list[dict[str, float]]:
    """Each clinical curve found beside the true one; none where the labelled corners make no column."""
    try:
        return [
            {
                "found_deg": round(curve.angle_deg, 2),
                "true_deg": round(true_angle_deg(curve, one.true_px), 2),
                "doubt_deg": round(doubt_deg, 2),
                "deviation_deg": round(doubt_deg / one.answer.calibration.curve, 4),
            }
            for curve, doubt_deg in one.answer.curves
        ]
    except ValueError:
        return []
