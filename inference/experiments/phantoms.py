"""A folder of phantoms as a run folder of pairs: what the experiments need where there is no server."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotation.imaging.registration import register_depth, sample_depth
from annotation.spine.schemas import BUILT_IN
from capture_agent.k4a.camera import Calibration
from inference.rundir import Case, Film, Points, RunDir, RunError

BACK, FILM, CORNERS = "back6", "xray2", "vertebrae68"
# Of each twenty studies so many are kept aside to validate and to test.
_OF, _VALIDATION, _TEST = 20, 2, 3


def pairs_of(studies: Path, out: Path) -> RunDir:
    """The studies of `python -m inference.phantom` as pairs of back and film, split by study.

    Depth is registered as on import; a call that was interrupted goes on. Studies whose back or film lacks a
    point are passed over. Raises RunError where there are none.
    """
    run = RunDir(out)
    cases, sizes = [], {}
    for index, study in enumerate(sorted(path.parent for path in studies.glob("*/labels.json"))):
        made = _case(study, run, split_at(index))
        if made is not None:
            case, sizes[case.image] = made
            cases.append(case)
    if not cases:
        raise RunError(f"{studies} holds no phantoms; make some with python -m inference.phantom.")
    schemas = {"schema": schema_spec(BACK), "film_schema": schema_spec(FILM)}
    run.write_spec({"kind": "training", **schemas, "mm_per_px": sizes}, cases)
    return run


def pairs_in(folder: Path, out: Path) -> RunDir:
    """The pairs of a folder: a run folder as it is, or phantoms made into one at `out`. Raises RunError."""
    if not (folder / "spec.json").exists():
        return pairs_of(folder, out)
    run = RunDir(folder)
    if run.spec().get("film_schema") is None:
        raise RunError(f"{folder} holds no pairs of backs and films.")
    return run


def _case(study: Path, run: RunDir, split: str) -> tuple[Case, float] | None:
    labels = json.loads((study / "labels.json").read_text())
    back = points_of(labels, "colour", BACK)
    ends, corners = (points_of(labels, "radiograph", name) for name in (FILM, CORNERS))
    film_file = study / "radiograph.png"
    if None in (*back, *ends, *corners) or not film_file.exists():
        return None
    calibration = Calibration.from_dict(json.loads((study / "camera.json").read_text()))
    depth_file = run.file("depth", f"{study.name}.npy")
    if not depth_file.exists():
        stored = cv2.imread(str(study / "depth.png"), cv2.IMREAD_UNCHANGED)
        if stored is None:
            raise RunError(f"{study / 'depth.png'} is not readable.")
        partial = depth_file.with_suffix(".partial.npy")
        np.save(partial, register_depth(stored.astype(np.uint16), calibration))
        partial.rename(depth_file)
    depth_mm = np.load(depth_file, allow_pickle=False)
    placed = np.array([point for point in back if point is not None])
    distance_mm = float(np.nanmedian(sample_depth(depth_mm, placed)))
    colour = linked(study / "colour.jpg", run, f"{study.name}.jpg")
    picture = linked(film_file, run, f"{study.name}-film.png")
    height, width = cv2.imread(str(film_file), cv2.IMREAD_UNCHANGED).shape[:2]  # type: ignore[union-attr]
    film = Film(
        image=f"{study.name}-film",
        picture=picture,
        width=width,
        height=height,
        mirrored=not labels["radiograph"]["patient_right_at_image_right"],
        points_px=ends,
        corners_px=corners,
    )
    camera = calibration.colour
    depth = f"depth/{depth_file.name}"
    case = Case(study.name, split, camera.width, camera.height, colour, depth, back, film)
    return case, distance_mm / camera.fx


def split_at(index: int) -> str:
    """The split of the study at this place in the order of their names."""
    place = index % _OF
    return "test" if place < _TEST else "validation" if place < _TEST + _VALIDATION else "train"


def points_of(labels: dict[str, Any], picture: str, schema: str) -> Points:
    """The points of a schema on one picture of a study, by its labels.json."""
    placed = {point["name"]: point for point in labels["landmarks"][picture][schema]["points"]}
    chosen = [placed[name] for name in BUILT_IN[schema].point_names]
    return tuple(None if point["x"] is None else (point["x"], point["y"]) for point in chosen)


def schema_spec(name: str) -> dict[str, Any]:
    """A built-in schema as spec.json tells of it."""
    schema = BUILT_IN[name]
    points, order = list(schema.point_names), list(schema.mirrored_order)
    return {"name": name, "points": points, "mirrored_order": order}


def linked(source: Path, run: RunDir, name: str) -> str:
    """The file under images/, without a second copy where the disk can do that."""
    target = run.file("images", name)
    if not target.exists():
        os.symlink(source.resolve(), target)
    return f"images/{name}"
