"""What people ask of jobs: start a training, run a model, cancel."""

import datetime
import uuid

from django.db import transaction
from django.db.models import Q

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import Image, LandmarkSet, Project, User
from inference.actions import versions
from inference.actions.announcements import AnyJob, announce
from inference.actions.beginnings import points_to_begin_from
from inference.actions.snapshots import IMAGE_KIND, depth_by_image, gone_images, usable_images
from inference.models import DatasetSnapshot, InferenceJob, ModelVersion, Refusal, TrainingJob, VersionState
from inference.models.jobs import FINISHED
from inference.recipes.base import Recipe
from inference.recipes.catalogue import recipe_of
from inference.recipes.landmarks import LandmarkRecipe
from inference.recipes.synthesis import SynthesisRecipe

MOST_IMAGES = 5000
_READS = {"back": "a back", "radiograph": "an X-ray", "pair": "a back"}
_OF = {"back": "backs", "radiograph": "X-rays", "pair": "backs with their X-rays"}


@transaction.atomic
def start_training(
    *,
    actor: User,
    snapshot: DatasetSnapshot,
    recipe: Recipe,
    name: str,
    start_from: ModelVersion | None = None,
) -> TrainingJob:
    """A pending training of a recipe on a snapshot, anew or from the weights of a version of the project.

    Raises ActionError where these do not go together.
    """
    if recipe.target != snapshot.target:
        raise ActionError(
            f"{recipe.title} is for {_OF[recipe.target]}; the snapshot is of {_OF[snapshot.target]}.",
            fields={"recipe": ["wrong target"]},
        )
    without_depth = snapshot.counts["images"] - snapshot.counts["with_depth"]
    if "depth" in recipe.channels and without_depth:
        raise ActionError(
            f"{without_depth} of the snapshot's images have no registered depth; choose a recipe without it.",
            fields={"recipe": ["needs depth"]},
        )
    _require_corners(snapshot, recipe)
    _require_whole(snapshot)
    if start_from is not None:
        _require_fit(start_from, snapshot, recipe)
    job = TrainingJob.objects.create(
        project=snapshot.project,
        name=name,
        snapshot=snapshot,
        recipe=recipe.to_dict(),
        held_to=_held_to(snapshot.project, recipe),
        start_from=start_from,
        created_by=actor,
    )
    begins = f", from {start_from.label}" if start_from else ""
    summary = f"{name}: {recipe.name} on {snapshot.name}{begins}"
    record(actor=actor, action="training.start", target=job, summary=summary, project=snapshot.project)
    announce(job)
    return job


def _held_to(project: Project, recipe: Recipe) -> ModelVersion | None:
    """The landmark network for X-rays in use, where a recipe holds its films to one. Raises ActionError."""
    if not isinstance(recipe, SynthesisRecipe) or not recipe.landmark_weight:
        return None
    used = ModelVersion.objects.filter(
        project=project, target="radiograph", state=VersionState.PROMOTED, recipe__kind=LandmarkRecipe.kind
    )
    found = used.order_by("-state_changed_at").first()
    if found is None:
        raise ActionError(
            f"{recipe.title} holds its films to a landmark network for X-rays, and none is in use in this "
            "project: train one on X-rays and promote it, or choose another recipe.",
            fields={"recipe": ["needs a landmark network for X-rays"]},
        )
    return found


@transaction.atomic
def start_inference(
    *, actor: User | None, version: ModelVersion, images: list[uuid.UUID] | None = None
) -> InferenceJob:
    """A pending run of a model version: on the images named, or on all that it has not seen yet.

    `actor` is None where nobody asked: see `start_on_new_images`. Raises ActionError for a retired version
    and for images it cannot read.
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


def start_on_new_images() -> list[InferenceJob]:
    """Run every promoted version on what came in since it was promoted; the jobs it took.

    A version with a job still open waits for that. An image whose job failed is not tried again by itself:
    its page says so, and a person may ask for it.
    """
    begun = []
    promoted = ModelVersion.objects.filter(state=VersionState.PROMOTED, project__deleted_at=None)
    for version in promoted.select_related("project"):
        new = unseen_images(version, since=version.state_changed_at)
        # Asked for the few only: this runs many times a minute, and mostly nothing is new.
        jobs = list(version.inference_jobs.values_list("state", "images")) if new else []
        tried = {image for _, images in jobs for image in images}
        waiting = [pk for pk in new if str(pk) not in tried]
        if waiting and all(state in FINISHED for state, _ in jobs):
            begun.append(start_inference(actor=None, version=version, images=waiting[:MOST_IMAGES]))
    return begun


def readable_in(version: ModelVersion, studies: list[uuid.UUID]) -> list[uuid.UUID]:
    """The images of some studies that a version can read, seen or not. Raises Conflict where none is."""
    rows = usable_images(version.project).filter(kind=IMAGE_KIND[version.target], study__in=studies)
    readable = _readable(version, list(rows.order_by("created_at", "pk")))
    if not readable:
        raise Conflict(
            f"None of these studies has {_READS[version.target]} with all that {version.label} needs."
        )
    return readable


def unseen_images(version: ModelVersion, *, since: datetime.datetime | None = None) -> list[uuid.UUID]:
    """Live images that the version can read and has neither answered nor refused yet.

    `since`: only images that came in after then, or whose points did where it begins from points.
    """
    rows = usable_images(version.project).filter(kind=IMAGE_KIND[version.target])
    if since is not None:
        points = LandmarkSet.objects.filter(schema=version.schema, saved_at__gt=since, complete=True)
        new = Q(created_at__gt=since)
        rows = rows.filter(new | Q(pk__in=points.values("image")) if version.target == "pair" else new)
    if version.target == "pair":
        seen = rows.filter(synthetic_films__model_version=version)
    else:
        seen = rows.filter(landmark_sets__prediction__model_version=version)
    refused = Refusal.objects.filter(model_version=version).values("image")
    rows = rows.exclude(pk__in=seen).exclude(pk__in=refused).order_by("created_at", "pk")
    return _readable(version, list(rows))


def _readable(version: ModelVersion, images: list[Image]) -> list[uuid.UUID]:
    """Those with all that the version reads: depth, and points to begin from."""
    if version.target == "pair":
        begun = points_to_begin_from(images, version.schema)
        images = [image for image in images if image.pk in begun]
    pks = [image.pk for image in images]
    if "depth" in version.recipe["channels"]:
        depth = depth_by_image(pks)
        pks = [pk for pk in pks if pk in depth]
    return pks


def _chosen(version: ModelVersion, images: list[uuid.UUID] | None) -> list[uuid.UUID]:
    if images is None:
        chosen = unseen_images(version)[:MOST_IMAGES]
        if not chosen:
            raise Conflict("This model version has answered for every image it can read.")
        return chosen
    rows = usable_images(version.project).filter(kind=IMAGE_KIND[version.target], pk__in=images)
    readable = set(_readable(version, list(rows)))
    unreadable = [str(pk) for pk in images if pk not in readable]
    if unreadable or not images:
        begins = f", with every point of {version.schema} placed" if version.target == "pair" else ""
        raise ActionError(
            "Name images of this project that the model reads "
            f"({_READS[version.target]}: {' and '.join(version.recipe['channels'])}{begins}).",
            fields={"images": unreadable or ["empty"]},
        )
    return sorted(readable)


@transaction.atomic
def cancel(*, actor: User, job: AnyJob) -> None:
    """Cancel a pending job now; a running one once its worker hears of it. Raises Conflict when over."""
    if not type(job).objects.all().ask_to_cancel(job.pk):
        raise Conflict("This job is over; there is nothing to cancel.")
    project: Project = job.project
    action = f"{job._meta.model_name}.cancel"
    record(actor=actor, action=action, target=job, summary=job.name, project=project)
    announce(job)


@transaction.atomic
def resume_training(*, actor: User, job: TrainingJob) -> None:
    """Let a failed or cancelled training go on from its last checkpoint, or begin again where there is none.

    Raises Conflict where it is neither, and where its snapshot or its start can no longer be used.
    """
    _require_whole(job.snapshot)
    if job.start_from is not None:
        _require_untouched(job.start_from)
    if not TrainingJob.objects.all().resume(job.pk):
        raise Conflict("Only a training that failed or was cancelled can go on.")
    record(actor=actor, action="training.resume", target=job, summary=job.name, project=job.project)
    announce(job)


def _require_corners(snapshot: DatasetSnapshot, recipe: Recipe) -> None:
    if not isinstance(recipe, SynthesisRecipe) or not recipe.column_passes:
        return
    of = {entry["split"] for entry in snapshot.entries if entry["film"].get("corners")}
    if not {"train", "validation"} <= of:
        raise ActionError(
            f"{recipe.title} learns where vertebrae lie from films whose vertebral corners are set: at "
            "least one to train on and one to validate on. Set them and freeze a new snapshot, or choose "
            "another recipe.",
            fields={"recipe": ["needs vertebral corners"]},
        )


def _require_fit(start_from: ModelVersion, snapshot: DatasetSnapshot, recipe: Recipe) -> None:
    same = start_from.project_id == snapshot.project_id and start_from.schema == snapshot.schema
    if not same or not recipe.fits(recipe_of(start_from.recipe)):
        raise ActionError(
            f"{recipe.title} cannot begin from {start_from.label}, which has another network or other "
            "landmarks. Begin anew, or choose a recipe with its network.",
            fields={"start_from": ["does not fit"]},
        )
    _require_untouched(start_from)
    held_out = {entry["subject"] for entry in snapshot.entries if entry["split"] != "train"}
    known = held_out & versions.taught_by(start_from)
    if known:
        raise ActionError(
            f"{start_from.label} has learned from {len(known)} of the {len(held_out)} subjects that this "
            "snapshot keeps back to measure with, so the figures would flatter. Freeze a snapshot with the "
            "split of the one it was trained on, or begin anew.",
            fields={"start_from": ["knows who is measured on"]},
        )


def _require_untouched(start_from: ModelVersion) -> None:
    gone = versions.gone_images(start_from)
    if gone:
        raise Conflict(
            f"{start_from.label} has learned from {gone} images that were withdrawn or deleted since. "
            "Begin anew."
        )


def _require_whole(snapshot: DatasetSnapshot) -> None:
    gone = gone_images(snapshot)
    if gone:
        raise Conflict(
            f"{gone} of the snapshot's images were withdrawn or deleted since it was frozen. "
            "Freeze a new one."
        )
