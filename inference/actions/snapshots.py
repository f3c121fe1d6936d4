"""Freezing a dataset, and saying whether a frozen one may still be used."""

import random
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.schemas import schema_of
from annotation.models import Image, LandmarkRevision, Project, StoredFile, User
from annotation.models.cohort import Consent
from annotation.models.images import ImageKind, ImageQuerySet
from inference.models import DatasetSnapshot

VALIDATION_SHARE = TEST_SHARE = 0.15
# What the trainer reads as it is; anything else (a DICOM film) is taken by its 8-bit view.
READABLE = ("image/png", "image/jpeg", "image/tiff")
IMAGE_KIND = {"back": ImageKind.COLOUR, "radiograph": ImageKind.RADIOGRAPH}


def pixels_of(image: Image) -> StoredFile:
    """The file a network sees of an image."""
    return image.pixels if image.pixels.media_type in READABLE else image.view


def usable_images(project: Project) -> ImageQuerySet:
    """The project's images that networks may see. Asks consent itself, not only the column kept from it."""
    return Image.objects.live().filter(
        project=project,
        study__deleted_at=None,
        study__subject__deleted_at=None,
        study__subject__consent=Consent.GIVEN,
    )


def depth_by_image(images: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """SHA-256 of the depth map registered to each colour image that has one."""
    rows = Image.objects.filter(
        registered_to__in=images, kind=ImageKind.DEPTH, depth_npy__isnull=False
    ).order_by("created_at", "id")
    return dict(rows.values_list("registered_to_id", "depth_npy_id"))


@transaction.atomic
def freeze(*, actor: User, project: Project, name: str, schema: str, seed: int) -> DatasetSnapshot:
    """Freeze every image of the project that a person has labelled completely in the schema.

    Withdrawn and deleted subjects and deleted studies never enter. Of several people's complete sets on one
    image the one saved last counts. Raises ActionError where there are fewer than two subjects.
    """
    definition = schema_of(project, schema)
    revisions = _last_complete_revisions(project, schema, definition.target)
    if not revisions:
        raise ActionError(f"No image of this project is completely labelled in {schema} yet.")
    entries = _entries(revisions, seed)
    if len({entry["subject"] for entry in entries}) < 2:
        raise ActionError(
            "All labelled images are of one subject. A snapshot needs two: "
            "one to train on, one to validate on."
        )
    manifest = {"schema": definition.to_dict(), "target": definition.target, "seed": seed, "entries": entries}
    try:
        with transaction.atomic():
            snapshot = DatasetSnapshot.objects.create(
                project=project,
                name=name,
                schema=schema,
                target=definition.target,
                seed=seed,
                manifest=manifest,
                digest=DatasetSnapshot.digest_of(manifest),
                counts=_counts(entries),
                created_by=actor,
            )
    except IntegrityError as error:
        raise Conflict(
            f"This project has a snapshot named {name!r} already.", fields={"name": ["taken"]}
        ) from error
    summary = f"{name}: {len(entries)} images, {schema}"
    record(actor=actor, action="snapshot.freeze", target=snapshot, summary=summary, project=project)
    return snapshot


def gone_images(snapshot: DatasetSnapshot) -> int:
    """How many of its images may no longer be used: consent withdrawn, or deleted, since it was frozen."""
    live = {str(pk) for pk in usable_images(snapshot.project).values_list("pk", flat=True)}
    return sum(entry["image"] not in live for entry in snapshot.entries)


def _last_complete_revisions(project: Project, schema: str, target: str) -> list[LandmarkRevision]:
    """One revision per image, in the order of the image ids."""
    live = usable_images(project).filter(kind=IMAGE_KIND[target])
    rows = (
        LandmarkRevision.objects.filter(
            landmark_set__image__in=live,
            landmark_set__schema=schema,
            landmark_set__complete=True,
            landmark_set__author__isnull=False,
            number=F("landmark_set__revision"),
        )
        .select_related(
            "landmark_set__image__pixels", "landmark_set__image__view", "landmark_set__image__study"
        )
        .order_by("saved_at", "pk")
    )
    last = {row.landmark_set.image_id: row for row in rows}
    return [last[pk] for pk in sorted(last)]


def _entries(revisions: list[LandmarkRevision], seed: int) -> list[dict[str, Any]]:
    images = [revision.landmark_set.image for revision in revisions]
    depth = depth_by_image([image.pk for image in images])
    split = split_subjects(sorted({str(image.study.subject_id) for image in images}), seed)
    return [
        {
            "image": str(image.pk),
            "subject": str(image.study.subject_id),
            "split": split[str(image.study.subject_id)],
            "colour": pixels_of(image).sha256,
            "depth": depth.get(image.pk),
            "width": image.width,
            "height": image.height,
            "set": str(revision.landmark_set_id),
            "revision": revision.number,
            "revision_digest": revision.digest,
        }
        for image, revision in zip(images, revisions, strict=True)
    ]


def split_subjects(subjects: list[str], seed: int) -> dict[str, str]:
    """Each subject's split: about 70 % train, 15 % validation, 15 % test; at least one each of the first two.

    By subject, never by file: two visits of one child are never on both sides.
    """
    shuffled = list(subjects)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a split, not a secret
    validation = max(1, round(VALIDATION_SHARE * len(shuffled)))
    test = round(TEST_SHARE * len(shuffled))
    names = ["validation"] * validation + ["test"] * test
    names += ["train"] * (len(shuffled) - len(names))
    return dict(zip(shuffled, names, strict=True))


def _counts(entries: list[dict[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(("train", "validation", "test"), 0)
    for entry in entries:
        counts[entry["split"]] += 1
    return {
        "subjects": len({entry["subject"] for entry in entries}),
        "images": len(entries),
        "with_depth": sum(entry["depth"] is not None for entry in entries),
        **counts,
    }
