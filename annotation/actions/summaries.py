"""The summary columns that lists show and sort by, recomputed from the rows they summarise."""

from annotation.models import Image, LandmarkSet, Measurement, Study
from annotation.models.cohort import LabelState
from annotation.models.images import AcquisitionKind, ImageKind


def refresh(study: Study) -> None:
    """Recompute one study's summary columns and its images' `labelled`. Call inside the transaction."""
    images = list(Image.objects.filter(study=study))
    asked = {
        ImageKind.COLOUR: study.project.back_schema,
        ImageKind.RADIOGRAPH: study.project.radiograph_schema,
    }
    complete = set(
        LandmarkSet.objects.filter(image__study=study, complete=True, author__isnull=False).values_list(
            "image_id", "schema"
        )
    )
    to_label = [image for image in images if image.kind in asked]
    for image in to_label:
        labelled = (image.pk, asked[ImageKind(image.kind)]) in complete
        if labelled != image.labelled:
            image.labelled = labelled
            image.save(update_fields=["labelled"])
    done = sum(image.labelled for image in to_label)
    angles = [
        abs(angle)
        for angle in Measurement.objects.filter(study=study, retracted_at=None).values_list(
            "signed_angle_deg", flat=True
        )
    ]
    kinds = {image.acquisition_id: image.kind for image in images}
    study.has_rgbd = study.acquisitions.filter(kind=AcquisitionKind.RGBD).exists()
    study.has_radiograph = ImageKind.RADIOGRAPH in kinds.values()
    study.label_state = _label_state(done, len(to_label), any_set=_has_sets(study))
    study.cobb_deg = max(angles, default=None)
    study.cobb_count = len(angles)
    study.save(update_fields=["has_rgbd", "has_radiograph", "label_state", "cobb_deg", "cobb_count"])


def _has_sets(study: Study) -> bool:
    return LandmarkSet.objects.filter(image__study=study, author__isnull=False, revision__gt=0).exists()


def _label_state(done: int, asked: int, *, any_set: bool) -> LabelState:
    if asked and done == asked:
        return LabelState.DONE
    return LabelState.PARTIAL if done or any_set else LabelState.NONE
