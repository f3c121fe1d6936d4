"""A study's report: the quantities that its labelled points and measured films allow, each with its note."""

from dataclasses import dataclass

from annotation.actions.measurements import corners_of
from annotation.models import Image, LandmarkSet, Study
from annotation.models.images import ImageKind
from annotation.spine import posture, reading_error
from annotation.spine.levels import count_note

STATEMENT = "For research use only. Not a diagnostic device."


@dataclass(frozen=True, slots=True)
class ImageQuantities:
    """What one image's newest set in a schema gives. `vertebrae`: what is unusual about their number."""

    image: Image
    landmark_set: LandmarkSet
    quantities: list[posture.Quantity]
    vertebrae: str
    problem: str


def quantities_of(study: Study) -> list[ImageQuantities]:
    """Posture from the newest set by a person, per image and schema, in the order of the study page.

    What several schemas of one image give alike is told once, from the newest set.
    """
    newest: dict[tuple[object, str], LandmarkSet] = {}
    rows = LandmarkSet.objects.filter(image__study=study, revision__gt=0, author__isnull=False)
    for row in rows.select_related("image__acquisition", "author").order_by("saved_at"):
        newest[row.image_id, row.schema] = row
    found = []
    told: set[tuple[object, str]] = set()
    for row in sorted(newest.values(), key=lambda row: row.saved_at or row.created_at, reverse=True):
        try:
            quantities, problem = _quantities(row), ""
        except ValueError as error:
            quantities, problem = [], str(error)
        quantities = [each for each in quantities if (row.image_id, each.name) not in told]
        told |= {(row.image_id, each.name) for each in quantities}
        found.append(ImageQuantities(row.image, row, quantities, _vertebrae(row), problem))
    return sorted(found, key=lambda each: (each.image.kind, each.landmark_set.schema))


def _vertebrae(row: LandmarkSet) -> str:
    _, levels = corners_of(row.points)
    note = count_note(levels)
    return f"{note} vertebrae" if note else ""


def _quantities(row: LandmarkSet) -> list[posture.Quantity]:
    points = {point["name"]: [point["x"], point["y"]] for point in row.points if point["x"] is not None}
    right = not row.image.acquisition.display_flip
    if row.image.kind == ImageKind.COLOUR:
        return posture.surface_quantities(points, patient_right_at_image_right=right)
    spacing = row.image.spacing_mm
    mm_per_px = spacing[1] if spacing and abs(spacing[0] - spacing[1]) < 1e-6 * spacing[1] else None
    found = []
    if "C7" in points and "sacrum" in points:
        found.append(
            posture.coronal_balance(
                points["C7"], points["sacrum"], mm_per_px=mm_per_px, patient_right_at_image_right=right
            )
        )
    corners_px, levels = corners_of(row.points)
    if "T1" in levels:
        t1 = corners_px[levels.index("T1")]
        found.append(posture.t1_tilt(t1, patient_right_at_image_right=right))
    return found


@dataclass(frozen=True, slots=True)
class CurveChange:
    """The largest angle of this visit beside that of the visit before."""

    earlier_visit: Study
    change: reading_error.Change


def change_since_last_visit(study: Study) -> CurveChange | None:
    """The change of the largest angle since the measured visit before, held against the error of reading."""
    if study.cobb_deg is None:
        return None
    earlier = (
        Study.objects.live()
        .filter(subject=study.subject, visit_date__lt=study.visit_date, cobb_deg__isnull=False)
        .order_by("-visit_date")
        .first()
    )
    if earlier is None or earlier.cobb_deg is None:
        return None
    change = reading_error.measurable_change(earlier.cobb_deg, study.cobb_deg, readers="different")
    return CurveChange(earlier, change)
