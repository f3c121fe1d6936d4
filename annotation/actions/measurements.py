"""Cobb angles as readers take them: from labelled vertebrae, or between two free lines.

The server computes the angle in both cases; what the browser shows while a line is dragged is the twin of
the same code, held to it by golden cases.
"""

from importlib.metadata import version
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.summaries import refresh
from annotation.actions.takenover import Sources
from annotation.models import Image, LandmarkRevision, Measurement, Review, User
from annotation.models.images import ImageKind
from annotation.models.measurements import Method
from annotation.models.reviews import Verdict
from annotation.spine import cobb, reading_error
from annotation.spine.levels import Level, is_above, parse_level, spine_levels

VERSION = version("spineweb")
TOOL = f"spineweb {VERSION}"
_CORNERS = ("TL", "TR", "BL", "BR")


def corners_of(points: list[dict[str, Any]]) -> tuple[NDArray[np.float64], list[str]]:
    """The vertebrae whose four corners are all there: (n, 4, 2) in px and their n levels, from above.

    Occluded and uncertain corners count, missing ones do not. Raises ActionError when the levels that
    remain are not neighbours, since a Cobb angle over a gap would be read at the wrong level.
    """
    placed = {point["name"]: (point["x"], point["y"]) for point in points if point["x"] is not None}
    levels = [
        str(level)
        for level in (*spine_levels(13, 6, with_c7=True),)
        if all(f"{level}_{corner}" in placed for corner in _CORNERS)
    ]
    corners = np.array(
        [[placed[f"{level}_{corner}"] for corner in _CORNERS] for level in levels], dtype=float
    )
    return corners.reshape(-1, 4, 2), levels


def _check_film(image: Image) -> None:
    if image.kind not in {ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH}:
        raise ActionError(f"A Cobb angle is measured on a radiograph; this image is a {image.kind}.")


def _named_side(image: Image, side: str) -> str:
    """No side is named before a person has confirmed which side of the film is which."""
    return side if image.acquisition.side_confirmed else ""


@transaction.atomic
def measure_vertebrae(
    *, reader: User, image: Image, revision: LandmarkRevision, ends: list[tuple[str, str]] | None = None
) -> list[Measurement]:
    """Every curve of at least 10 degrees in a saved set of vertebra corners, each as one measurement.

    With `ends`, the curves between these end vertebrae instead, upper and lower by level, however small: a
    reader chose others than the most tilted ones, or those of the visit before. A model's points of which
    it says that no angle may be read off them are measured only once a doctor has accepted them, or a person
    has corrected one.
    """
    _check_film(image)
    if revision.landmark_set.image_id != image.pk:
        raise ActionError("These landmarks belong to another image.")
    if revision.abstains and not _is_taken_over(revision):
        raise Conflict(
            f"The model gives no angle with these points: {revision.abstains} Accept or correct them first."
        )
    corners_px, levels = corners_of(revision.points)
    flipped = image.acquisition.display_flip
    try:
        if ends is None:
            curves = cobb.find_curves(corners_px, levels, patient_right_at_image_right=not flipped)
        else:
            curves = [
                cobb.curve_between(corners_px, levels, *pair, patient_right_at_image_right=not flipped)
                for pair in ends
            ]
    except ValueError as error:
        raise ActionError(f"No curve can be found: {error}.") from error
    if not curves:
        raise Conflict("No curve of 10 degrees or more: there is nothing to measure on this film.")
    rows = [
        _create(
            reader=reader,
            image=image,
            method=Method.VERTEBRAE,
            signed_angle_deg=curve.angle_deg,
            upper_level=curve.upper_level,
            lower_level=curve.lower_level,
            apex_level=curve.apex_level,
            side=_named_side(image, curve.side),
            region=curve.region,
            upper_line=[list(end) for end in curve.upper_line],
            lower_line=[list(end) for end in curve.lower_line],
            landmark_revision=revision,
        )
        for curve in curves
    ]
    refresh(image.study)
    return rows


def _is_taken_over(revision: LandmarkRevision) -> bool:
    """Whether a doctor has said that the points are right."""
    return Review.objects.filter(revision=revision).exclude(verdict=Verdict.RETURNED).exists()


def angle_of_lines(
    upper_line: list[list[float]],
    lower_line: list[list[float]],
    upper_level: str,
    lower_level: str,
    *,
    flipped: bool,
) -> tuple[float, Level, Level]:
    """The signed angle in degrees between two lines, and their levels; ActionError where it is none.

    `flipped`: the film is to be mirrored, so that the patient's right is on its right.
    """
    try:
        upper, lower = parse_level(upper_level), parse_level(lower_level)
        if not is_above(upper, lower):
            raise ValueError(f"the upper end vertebra {upper} must lie above the lower one {lower}")
        angle = cobb.cobb_between(upper_line, lower_line, patient_right_at_image_right=not flipped)
    except ValueError as error:
        raise ActionError(f"This is not a Cobb angle: {error}.") from error
    return angle, upper, lower


@transaction.atomic
def measure_lines(
    *,
    reader: User,
    image: Image,
    upper_line: list[list[float]],
    lower_line: list[list[float]],
    upper_level: str,
    lower_level: str,
) -> Measurement:
    """The angle between two lines a reader drew along the endplates of two named end vertebrae."""
    _check_film(image)
    angle, upper, lower = angle_of_lines(
        upper_line, lower_line, upper_level, lower_level, flipped=image.acquisition.display_flip
    )
    row = _create(
        reader=reader,
        image=image,
        method=Method.LINES,
        signed_angle_deg=angle,
        upper_level=upper,
        lower_level=lower,
        side=_named_side(image, "right" if angle >= 0 else "left"),
        upper_line=upper_line,
        lower_line=lower_line,
    )
    refresh(image.study)
    return row


def _create(
    *, reader: User, image: Image, landmark_revision: LandmarkRevision | None = None, **values: Any
) -> Measurement:
    source = f"{reading_error.SOURCE}, same reader, own levels"
    if landmark_revision is not None and (model := _model_behind(landmark_revision)):
        # A reader took a model's curves over: whoever sees the error must know that it is not the model's.
        longest = Measurement._meta.get_field("reading_error_source").max_length
        source = f"{source}; points by model {model}"[:longest]
    row = Measurement.objects.create(
        study=image.study,
        image=image,
        reader=reader,
        calibration=image.calibration,
        tool=TOOL,
        reading_error_deg=reading_error.reading_error_deg(readers="same", levels="own"),
        reading_error_source=source,
        landmark_revision=landmark_revision,
        **values,
    )
    summary = f"Cobb {abs(row.signed_angle_deg):.1f} deg, {row.upper_level}-{row.lower_level}, {row.method}"
    record(actor=reader, action="measurement.create", target=row, summary=summary, project=image.project)
    return row


def _model_behind(revision: LandmarkRevision) -> str:
    """The label of the model that had placed the points, or most of them, as they stand; or nothing."""
    landmark_set = revision.landmark_set
    if landmark_set.author_id is None:
        return landmark_set.model_label
    sources = Sources([landmark_set.pk])
    for source, number in sources.counted(landmark_set.pk, revision.number, revision.points):
        if source.landmark_set.model_label and 2 * number > len(revision.points):
            return source.landmark_set.model_label
    return ""


@transaction.atomic
def retract(*, actor: User, measurement: Measurement) -> Measurement:
    """Take a measurement back. It stays in the history; a second call changes nothing."""
    if measurement.reader_id != actor.pk:
        raise Conflict("Only its reader can retract a measurement; measure again to disagree.")
    return _set_retracted(actor, measurement, retracted=True)


@transaction.atomic
def restore(*, actor: User, measurement: Measurement) -> Measurement:
    """Undo a retraction."""
    if measurement.reader_id != actor.pk:
        raise Conflict("Only its reader can restore a measurement.")
    return _set_retracted(actor, measurement, retracted=False)


def _set_retracted(actor: User, measurement: Measurement, *, retracted: bool) -> Measurement:
    if (measurement.retracted_at is not None) == retracted:
        return measurement
    measurement.retracted_at = timezone.now() if retracted else None
    measurement.save(update_fields=["retracted_at"])
    action = "measurement.retract" if retracted else "measurement.restore"
    summary = f"Cobb {abs(measurement.signed_angle_deg):.1f} deg"
    project = measurement.study.project
    record(actor=actor, action=action, target=measurement, summary=summary, project=project)
    refresh(measurement.study)
    return measurement
