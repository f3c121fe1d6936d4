"""The survey of a run folder, from its cases to result.json."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.networks.pictures import read_colour, read_depth
from inference.rundir import Case, RunDir, RunError
from inference.survey.angles import STEP_DEG, angles_of
from inference.survey.pixels import Pixels
from inference.survey.places import places_of, sizes_of

_SECONDS_BETWEEN_LINES = 0.5
SPLITS = ("train", "validation", "test")


def survey(run: RunDir) -> None:
    """Measure every case; a picture that cannot be read is named in the result and left out.

    Of spec.json: `points`, the names in the order of the cases' points; `is_film`, whether the cases are
    radiographs; `cobb_deg`, the largest angle by image, where one is known. Raises RunError where there are
    no cases, or none can be read.
    """
    spec, cases = run.spec(), run.cases()
    counted, unreadable = _count(run, cases, bool(spec["is_film"]))
    broken = {entry["image"] for entry in unreadable}
    whole = [case for case in cases if case.image not in broken]
    if not whole:
        raise RunError("None of the snapshot's pictures can be read.")
    total = sum(counted.values(), Pixels())
    films = [case.film for case in whole if case.film]
    run.write_result(
        {
            "images": len(whole),
            "unreadable": unreadable,
            "all": _part(total, whole, spec["cobb_deg"]),
            "splits": {
                split: _part(
                    counted[split], [case for case in whole if case.split == split], spec["cobb_deg"]
                )
                for split in SPLITS
            },
            "cobb_step_deg": STEP_DEG,
            "places": places_of(spec["points"], [(c.points_px, c.width, c.height) for c in whole]),
            "sizes": sizes_of([(case.width, case.height) for case in whole]),
            "film_sizes": sizes_of([(film.width, film.height) for film in films]),
        }
    )


def _part(pixels: Pixels, cases: Sequence[Case], cobb_deg: dict[str, float]) -> dict[str, Any]:
    angles = [cobb_deg[case.image] for case in cases if case.image in cobb_deg]
    return {"images": len(cases), **pixels.summary(), "cobb_deg": angles_of(angles, len(cases))}


def _count(
    run: RunDir, cases: Sequence[Case], is_film: bool
) -> tuple[dict[str, Pixels], list[dict[str, str]]]:
    """The pixels of each split, and the pictures that could not be read with the reason."""
    counted = {split: Pixels() for split in SPLITS}
    unreadable = []
    began = last = time.monotonic()
    for step, case in enumerate(cases, start=1):
        try:
            counted[case.split] = counted[case.split] + _of_case(run, case, is_film)
        except RunError as error:
            unreadable.append({"image": case.image, "reason": str(error)})
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or step == len(cases):
            last = now
            eta_s = round((now - began) / step * (len(cases) - step), 1)
            run.append_progress({"kind": "step", "step": step, "steps": len(cases), "eta_s": eta_s})
    return counted, unreadable


def _of_case(run: RunDir, case: Case, is_film: bool) -> Pixels:
    """All of one case or, where one of its files cannot be read, RunError and nothing."""
    pixels = Pixels()
    picture = read_colour(run.path / case.colour)
    if is_film:
        pixels.add_film(picture)
    else:
        pixels.add_colour(picture)
    if case.depth is not None:
        pixels.add_depth(read_depth(run.path / case.depth).astype(np.uint16))
    if case.film is not None:
        pixels.add_film(read_colour(run.path / case.film.picture))
    return pixels
