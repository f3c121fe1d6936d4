"""What lists show of a study, kept in its own columns: one place that knows how it follows from the rest."""

from django.db.models import F

from annotation.models import Image, LandmarkSet, Measurement, Project, Remark, Study, Subject
from annotation.models.cohort import Consent, LabelState
from annotation.models.images import ImageKind
from annotation.models.remarks import RemarkKind
from annotation.models.reviews import Verdict


def refresh(study: Study) -> None:
    """Bring a study's summary columns, and `hidden` and `waiting` of its images, up to date with its rows.

    Call it inside the transaction that changed an image, a landmark set or a measurement of the study, its
    deletion, or its subject's deletion or consent.
    """
    images = list(study.images.only("id", "kind", "waiting", "hidden"))
    kinds = {image.kind for image in images}
    subject = study.subject
    study.hidden = bool(study.deleted_at or subject.deleted_at) or subject.consent == Consent.WITHDRAWN
    study.has_rgbd = bool(kinds & {ImageKind.COLOUR, ImageKind.DEPTH})
    study.has_radiograph = ImageKind.RADIOGRAPH in kinds
    study.label_state = _refresh_images(study, images)
    standing = Measurement.objects.filter(study=study, retracted_at=None)
    angles = list(standing.values_list("signed_angle_deg", flat=True))
    study.cobb_count = len(angles)
    study.cobb_deg = max(map(abs, angles), default=None)
    study.save(
        update_fields=["hidden", "has_rgbd", "has_radiograph", "label_state", "cobb_count", "cobb_deg"]
    )


def refresh_subject(subject: Subject) -> None:
    """The same for every study of a subject: after its consent changed, or it was deleted."""
    for study in Study.objects.filter(subject=subject).select_related("project"):
        study.subject = subject
        refresh(study)


def refresh_project(project: Project) -> None:
    """The same for every study of a project: after the schemas of its queue changed."""
    studies = Study.objects.filter(project=project).select_related("project", "subject")
    for study in studies.iterator(chunk_size=500):
        refresh(study)


def wrongly_shown() -> int:
    """How many studies and images are listed though they must be hidden. Zero, unless rows were changed
    behind the actions' back; `manage.py verify_files` reports it."""
    gone = (
        Study.objects.exclude(deleted_at=None)
        | Study.objects.exclude(subject__deleted_at=None)
        | Study.objects.filter(subject__consent=Consent.WITHDRAWN)
    )
    images = Image.objects.exclude(hidden=F("study__hidden"))
    return gone.filter(hidden=False).count() + images.count()


def _refresh_images(study: Study, images: list[Image]) -> LabelState:
    """Set `hidden` and `waiting` where they changed; the label state of the whole study."""
    asked = {
        ImageKind.COLOUR: study.project.back_schema,
        ImageKind.RADIOGRAPH: study.project.radiograph_schema,
    }
    begun, complete = set(), set()
    sets = LandmarkSet.objects.filter(image__study=study, author__isnull=False, revision__gt=0)
    columns = sets.values_list("image", "schema", "complete", "verdict")
    for image_id, schema, is_complete, verdict in columns:
        begun.add(image_id)
        if is_complete and verdict != Verdict.RETURNED:
            complete.add((image_id, schema))
    unlabelled = {
        image.pk
        for image in images
        if image.kind in asked and (image.pk, asked[ImageKind(image.kind)]) not in complete
    }
    skips = Remark.objects.standing().filter(image__study=study, kind=RemarkKind.SKIP)
    put_aside = set(skips.values_list("image", flat=True))
    for image in images:
        waiting = image.pk in unlabelled - put_aside and not study.hidden
        if (waiting, study.hidden) != (image.waiting, image.hidden):
            image.waiting, image.hidden = waiting, study.hidden
            image.save(update_fields=["waiting", "hidden"])
    if any(image.kind in asked for image in images) and not unlabelled:
        return LabelState.DONE
    return LabelState.PARTIAL if begun else LabelState.NONE
