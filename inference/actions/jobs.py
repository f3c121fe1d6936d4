"""What people ask of jobs: start a training, run a model, cancel."""

import uuid

from django.db import transaction

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import Project, User
from inference.actions.announcements import announce
from inference.actions.snapshots import IMAGE_KIND, depth_by_image, gone_images, usable_images
from inference.models import DatasetSnapshot, InferenceJob, ModelVersion, TrainingJob, VersionState
from inference.recipes import Recipe

MOST_IMAGES = 5000


@transaction.atomic
def start_training(*, actor: User, snapshot: DatasetSnapshot, recipe: Recipe, name: str) -> TrainingJob:
    """A pending training of a recipe on a snapshot. Raises ActionError where the two do not go together."""
    if recipe.target != snapshot.target:
        raise ActionError(
            f"{recipe.title} is for a {recipe.target}; the snapshot is of a {snapshot.target}.",
            fields={"recipe": ["wrong target"]},
        )
    without_depth = snapshot.counts["images"] - snapshot.counts["with_depth"]
    if "depth" in recipe.channels and without_depth:
        raise ActionError(
            f"{without_depth} of the snapshot's images have no registered depth; choose a recipe without it.",
            fields={"recipe": ["needs depth"]},
        )
    gone = gone_images(snapshot)
    if gone:
        raise Conflict(
            f"{gone} of the snapshot's images were withdrawn or deleted since it was frozen. "
            "Freeze a new one."
        )
    job = TrainingJob.objects.create(
        project=snapshot.project, name=name, snapshot=snapshot, recipe=recipe.to_dict(), created_by=actor
    )
    summary = f"{name}: {recipe.name} on {snapshot.name}"
    record(actor=actor, action="training.start", target=job, summary=summary, project=snapshot.project)
    announce(job)
    return job


@transaction.atomic
def start_inference(
    *, actor: User, version: ModelVersion, images: list[uuid.UUID] | None = None
) -> InferenceJob:
    """A pending run of a model version: on the images named, or on all that it has not seen yet.

    Raises ActionError for a retired version and for images it cannot read.
    """
    if version.state == VersionState.RETIRED:
        raise Conflict("This model version is retired; promote it again before running it.")
    chosen = _chosen(version, images)
    job = InferenceJob.objects.create(
        project=version.project,
        name=version.label,
        model_version=version,
        images=[str(pk) for pk in chosen],
        created_by=actor,
    )
    summary = f"{version.label} on {len(chosen)} images"
    record(actor=actor, action="inference.start", target=job, summary=summary, project=version.project)
    announce(job)
    return job


def unseen_images(version: ModelVersion) -> list[uuid.UUID]:
    """Live images of the kind the version reads, with all it needs, on which it has placed nothing yet."""
    rows = usable_images(version.project).filter(kind=IMAGE_KIND[version.target])
    seen = rows.filter(landmark_sets__prediction__model_version=version)
    pks = list(rows.exclude(pk__in=seen).order_by("created_at", "pk").values_list("pk", flat=True))
    if "depth" in version.recipe["channels"]:
        depth = depth_by_image(pks)
        pks = [pk for pk in pks if pk in depth]
    return pks


def _chosen(version: ModelVersion, images: list[uuid.UUID] | None) -> list[uuid.UUID]:
    if images is None:
        chosen = unseen_images(version)[:MOST_IMAGES]
        if not chosen:
            raise Conflict("This model version has placed its landmarks on every image it can read.")
        return chosen
    rows = usable_images(version.project).filter(kind=IMAGE_KIND[version.target])
    readable = set(rows.filter(pk__in=images).values_list("pk", flat=True))
    if "depth" in version.recipe["channels"]:
        readable &= depth_by_image(list(readable)).keys()
    unreadable = [str(pk) for pk in images if pk not in readable]
    if unreadable or not images:
        raise ActionError(
            "Name images of this project that the model reads "
            f"({version.target}, {' and '.join(version.recipe['channels'])}).",
            fields={"images": unreadable or ["empty"]},
        )
    return sorted(readable)


@transaction.atomic
def cancel(*, actor: User, job: TrainingJob | InferenceJob) -> None:
    """Cancel a pending job now; a running one once its worker hears of it. Raises Conflict when over."""
    if not type(job).objects.all().ask_to_cancel(job.pk):
        raise Conflict("This job is over; there is nothing to cancel.")
    project: Project = job.project
    action = f"{job._meta.model_name}.cancel"
    record(actor=actor, action=action, target=job, summary=job.name, project=project)
    announce(job)
