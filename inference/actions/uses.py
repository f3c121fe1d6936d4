"""Where a subject's pictures went: the snapshots that have them, the trainings and models made of these."""

import uuid
from dataclasses import dataclass, field

from annotation.models import Project, Subject
from annotation.models.cohort import Consent
from inference.models import DatasetSnapshot, ModelVersion, TrainingJob


@dataclass(slots=True)
class Use:
    """One subject and what was made with their pictures, the newest first."""

    subject: Subject
    snapshots: list[DatasetSnapshot] = field(default_factory=list)
    trainings: list[TrainingJob] = field(default_factory=list)
    models: list[ModelVersion] = field(default_factory=list)


def uses_of(subject: Subject) -> Use:
    """What was made with one subject's pictures, whatever became of their consent."""
    return _uses(subject.project, {subject.pk: subject})[subject.pk]


def uses_of_withdrawn(project: Project) -> list[Use]:
    """The subjects of a project who withdrew and whose pictures are in a snapshot; by pseudonym."""
    rows = Subject.objects.filter(project=project, deleted_at=None, consent=Consent.WITHDRAWN)
    found = _uses(project, {row.pk: row for row in rows.order_by("pseudonym")})
    return [use for use in found.values() if use.snapshots]


def _uses(project: Project, subjects: dict[uuid.UUID, Subject]) -> dict[uuid.UUID, Use]:
    found = {pk: Use(subject) for pk, subject in subjects.items()}
    if not found:
        return found
    by_id = {str(pk): use for pk, use in found.items()}
    # One manifest in memory at a time: they can be large.
    for snapshot in DatasetSnapshot.objects.filter(project=project).order_by("-created_at").iterator(1):
        inside = {entry["subject"] for entry in snapshot.entries} & by_id.keys()
        if not inside:
            continue
        trainings, models = _made_of(snapshot)
        for subject in inside:
            use = by_id[subject]
            use.snapshots.append(snapshot)
            use.trainings += [job for job in trainings if job not in use.trainings]
            use.models += [version for version in models if version not in use.models]
    return found


def _made_of(snapshot: DatasetSnapshot) -> tuple[list[TrainingJob], list[ModelVersion]]:
    """The trainings on a snapshot and their models, and whatever began from these, each the newest first."""
    rows = TrainingJob.objects.defer("log", "history")
    trainings, newer = dict[uuid.UUID, TrainingJob](), list(rows.filter(snapshot=snapshot))
    while newer:
        trainings |= {job.pk: job for job in newer}
        made = ModelVersion.objects.filter(job__in=newer)
        newer = list(rows.filter(start_from__in=made).exclude(pk__in=trainings))
    models = ModelVersion.objects.filter(job__in=trainings).order_by("-created_at")
    return sorted(trainings.values(), key=lambda job: job.created_at, reverse=True), list(models)
