"""What lists show of a study, kept in its own columns: one place that knows how it follows from the rest."""

from annotation.models import Image, LandmarkSet, Measurement, Project, Study
from annotation.models.cohort import LabelState
from annotation.models.images import ImageKind


def refresh(study: Study) -> None:
    """Bring a study's summary columns, and `labelled` of its images, up to date with its rows.

    Call it inside the transaction that changed an image, a landmark set or a measurement of the study.
    """
    images = list(study.images.only("id", "kind", "labelled"))
    kinds = {image.kind for image in images}
    study.has_rgbd = bool(kinds & {ImageKind.COLOUR, ImageKind.DEPTH})
    study.has_radiograph = ImageKind.RADIOGRAPH in kinds
    study.label_state = _refresh_labels(study, images)
    standing = Measurement.objects.filter(study=study, retracted_at=None)
    angles = list(standing.values_list("signed_angle_deg", flat=True))
    study.cobb_count = len(angles)
    study.cobb_deg = max(map(abs, angles), default=None)
    study.save(update_fields=["has_rgbd", "has_radiograph", "label_state", "cobb_count", "cobb_deg"])


def refresh_project(project: Project) -> None:
    """The same for every study of a project: after the schemas of its queue changed."""
    for study in Study.objects.filter(project=project).select_related("project").iterator(chunk_size=500):
        refresh(study)


def _refresh_labels(study: Study, images: list[Image]) -> LabelState:
    """Set `labelled` where it changed; the state of the whole study."""
    asked = {
        ImageKind.COLOUR: study.project.back_schema,
        ImageKind.RADIOGRAPH: study.project.radiograph_schema,
    }
    begun, complete = set(), set()
    sets = LandmarkSet.objects.filter(image__study=study, author__isnull=False, revision__gt=0)
    for image_id, schema, is_complete in sets.values_list("image", "schema", "complete"):
        begun.add(image_id)
        if is_complete:
            complete.add((image_id, schema))
    to_label = [image for image in images if image.kind in asked]
    for image in to_label:
        labelled = (image.pk, asked[ImageKind(image.kind)]) in complete
        if labelled != image.labelled:
            image.labelled = labelled
            image.save(update_fields=["labelled"])
    if to_label and all(image.labelled for image in to_label):
        return LabelState.DONE
    return LabelState.PARTIAL if begun else LabelState.NONE
