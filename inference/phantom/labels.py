"""Every label of a study, from the geometry: landmarks per image, curves, rotation, balance, indices."""

from dataclasses import asdict
from typing import Any

import numpy as np

from annotation.spine.posture import surface_quantities
from annotation.spine.schemas import BUILT_IN
from capture_agent.k4a.camera import Camera
from inference.phantom.body import Body
from inference.phantom.curves import designed_curves
from inference.phantom.film import Film
from inference.phantom.morphometry import FIRST_LABELLED, LABELLED, Floats
from inference.phantom.options import Options
from inference.phantom.skin import PSIS_MM
from inference.phantom.surface import Visible

HIDDEN_MM = 12.0
SURFACE_HALF_WIDTH_MM = PSIS_MM[0]
CORNERS = ("TL", "TR", "BL", "BR")
Json = dict[str, Any]


def labels_json(body: Body, depth: Visible, colour: Visible) -> Json:
    """The contents of labels.json: who, when, and the landmarks of all three images."""
    design = body.design
    calibration = design.calibration
    points = {n: design.stand.camera_from_body(p) for n, p in body.back_landmarks.items()}
    seen_by_colour = {n: calibration.colour_from_depth(p) for n, p in points.items()}
    return {
        "subject": {"pseudonym": design.pseudonym, "sex": design.sex, "age_years": design.age_years},
        "visit_date": design.visit_date.isoformat(),
        "landmarks": {
            "colour": _back_sets(calibration.colour, seen_by_colour, colour),
            "depth": _back_sets(calibration.depth, points, depth),
            "radiograph": _film_sets(body),
        },
        "radiograph": {
            "spacing_mm": [round(body_spacing_mm(body), 5)] * 2,
            "calibration": "calibrated",
            "direction": "AP" if design.film.turned else "PA",
            "patient_right_at_image_right": not design.film.turned,
        },
    }


def body_spacing_mm(body: Body) -> float:
    """Size of a film pixel in the plane of the sacrum, as a calibration ball beside the spine gives it."""
    return body.design.film.spacing_mm / body.design.film.magnification


def truth_json(body: Body, options: Options) -> Json:
    """The contents of truth.json: the design, the geometry, and what can be measured on it."""
    design, spine = body.design, body.spine
    labelled = slice(FIRST_LABELLED, None)
    truth: Json = _plain(
        {
            "seed": design.seed,
            "index": design.index,
            "severity": design.severity,
            "options": options.as_dict(),
            "anomaly": design.anomaly,
            "skin_bias_mm": design.skin_bias_mm,
            "frame": "body: mm, origin at the S1 endplate, x to the patient's right, y down, z forward",
            "child": {k: getattr(design, k) for k in ("sex", "age_years", "stature_mm", "bmi")},
            "curve_pattern": design.spine.plan.kind,
            "curves": [c.as_dict() for c in designed_curves(design.spine.plan)],
            "levels": list(LABELLED),
            "vertebra_centres_mm": spine.centre[labelled],
            "vertebra_centres_px": design.film.project(spine.centre[labelled]),
            "vertebra_corners_mm": spine.corners[labelled],
            "axial_rotation_deg": spine.rotation_deg[labelled],
            "sagittal_pitch_deg": spine.pitch_deg[labelled],
            "kyphosis_t1_t12_deg": spine.pitch_deg[-6] - spine.pitch_deg[FIRST_LABELLED + 1],
            "c7_to_sacrum_mm": spine.centre[FIRST_LABELLED, 0],
            "pelvic_obliquity_deg": design.spine.sacral_tilt_deg,
            "surface_rotation_deg": surface_rotation_deg(body),
            "surface_indices": _indices(body),
            "back_landmarks_mm": body.back_landmarks,
            "design": {
                k: asdict(getattr(design, k))
                for k in ("spine", "build", "relief", "posture", "film", "machine", "look")
            },
            "depth_camera_from_body": {
                "rotation": design.stand.rotation,
                "translation_mm": design.stand.translation_mm,
            },
        }
    )
    return truth


def surface_rotation_deg(body: Body) -> Floats:
    """Turn of the skin at each labelled level, positive when the right side is the more prominent.

    Angle of the line through two skin points to either side of the spine at that height, at half the distance
    of the PSIS; the surface trunk rotation of rasterstereography.
    """
    half = SURFACE_HALF_WIDTH_MM * body.spine.scale
    centre = body.spine.centre[FIRST_LABELLED:]
    left, right = (body.height.at(centre[:, 0] + side * half, centre[:, 1]) for side in (-1, 1))
    return np.asarray(np.degrees(np.arctan2(left - right, 2 * half)))


def _indices(body: Body) -> Json:
    """Balance, heights, angles and the POTSI-like index of asymmetry of the points seen from behind."""
    points = {name: place[:2].tolist() for name, place in body.back_landmarks.items()}
    return {q.name: {"value": q.value, "unit": q.unit} for q in surface_quantities(points, mm_per_px=1.0)}


def _back_sets(camera: Camera, points: dict[str, Floats], seen: Visible) -> Json:
    return {
        name: {"points": [_back_point(camera, p.name, points[p.name], seen) for p in BUILT_IN[name].points]}
        for name in ("back6", "back10")
    }


def _back_point(camera: Camera, name: str, point: Floats, seen: Visible) -> Json:
    """One landmark in one picture; occluded where something nearer covers it (hair, an arm)."""
    pixel, valid = camera.project(point)
    inside = bool(valid) and 0 <= pixel[0] < camera.width and 0 <= pixel[1] < camera.height
    if not inside:
        return {"name": name, "x": None, "y": None, "state": "missing"}
    hidden = seen.depth[int(pixel[1]), int(pixel[0])] < point[2] - HIDDEN_MM
    state = "occluded" if hidden else "placed"
    return {"name": name, "x": round(float(pixel[0]), 3), "y": round(float(pixel[1]), 3), "state": state}


def _film_sets(body: Body) -> Json:
    film, spine = body.design.film, body.spine
    corners = film.project(spine.corners[FIRST_LABELLED:])
    if film.turned:
        # The letters of a corner are the image's, whatever side of the patient that is.
        corners = corners[:, [1, 0, 3, 2]]
    ends = film.project(np.stack([spine.centre[FIRST_LABELLED], np.zeros(3)]))
    by_name = {f"{v}_{c}": corners[i, j] for i, v in enumerate(LABELLED) for j, c in enumerate(CORNERS)}
    by_name |= {"C7": ends[0], "sacrum": ends[1]}
    return {
        name: {"points": [_film_point(film, p.name, by_name[p.name]) for p in BUILT_IN[name].points]}
        for name in ("xray2", "vertebrae68", "vertebrae72")
    }


def _film_point(film: Film, name: str, pixel: Floats) -> Json:
    if not (0 <= pixel[0] <= film.width and 0 <= pixel[1] <= film.height):
        return {"name": name, "x": None, "y": None, "state": "missing"}
    return {"name": name, "x": round(float(pixel[0]), 3), "y": round(float(pixel[1]), 3), "state": "placed"}


def _plain(value: Any) -> Any:
    """Numpy values as JSON ones, rounded to a micrometre."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.integer):
        return int(value)
    return round(float(value), 6) if isinstance(value, float | np.floating) else value
