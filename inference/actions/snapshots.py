"""Freezing a dataset, and saying whether a frozen one may still be used."""

import random
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.schemas import schema_of
from annotation.models import Image, LandmarkRevision, Project, StoredFile, User
from annotation.models.cohort import Consent
from annotation.models.images import ImageKind, ImageQuerySet
from inference.actions.selection import TEST_SHARE, VALIDATION_SHARE, Choice, select
from inference.models import DatasetSnapshot

# What the trainer reads as it is; anything else (a DICOM film) is taken by its 8-bit view.
READABLE = ("image/png", "image/jpeg", "image/tiff")
DEFAULT_CHOICE = Choice()
IMAGE_KIND = {"back": ImageKind.COLOUR, "radiograph": ImageKind.RADIOGRAPH, "pair": ImageKind.COLOUR}


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


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be frozen, how many images would not by reason, and what to say where nothing would."""

    manifest: dict[str, Any]
    left_out: dict[str, int]
    if_empty: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        return list(self.manifest["entries"])

    @property
    def counts(self) -> dict[str, int]:
        """As `DatasetSnapshot.counts`."""
        return _counts(self.entries)

    @property
    def problem(self) -> str:
        """Why it cannot be frozen, or nothing."""
        if not self.entries:
            return self.if_empty
        if self.counts["subjects"] < 2:
            return (
                "All labelled images are of one subject. A snapshot needs two: "
                "one to train on, one to validate on."
            )
        for split, what in (("train", "train"), ("validation", "validate")):
            if not self.counts[split]:
                return (
                    f"The split that is kept leaves nobody to {what} on. "
                    "Split anew, or label images of more subjects."
                )
        return ""


def draft(*, project: Project, schema: str, seed: int, choice: Choice) -> Draft:
    """What `freeze` would freeze: the images that people have labelled in the schema and a choice takes.

    Withdrawn and deleted subjects and deleted studies never enter.
    """
    definition = schema_of(project, schema)
    selection = select(
        project, usable_images(project), IMAGE_KIND[definition.target], definition.name, choice
    )
    manifest = {
        "schema": definition.to_dict(),
        "target": definition.target,
        "choice": choice.to_dict(),
        "seed": seed,
        "entries": entries_of(project, selection.revisions, seed, choice),
    }
    asked = "" if choice == DEFAULT_CHOICE else " and enters by this choice"
    empty = f"No image of this project is completely labelled in {schema}{asked} yet."
    return Draft(manifest, selection.left_out, empty)


@transaction.atomic
def freeze(
    *, actor: User, project: Project, name: str, schema: str, seed: int, choice: Choice = DEFAULT_CHOICE
) -> DatasetSnapshot:
    """Freeze what `draft` says. Raises ActionError where that is nothing, or of fewer than two subjects."""
    found = draft(project=project, schema=schema, seed=seed, choice=choice)
    return keep(actor=actor, project=project, name=name, draft=found)


def keep(*, actor: User, project: Project, name: str, draft: Draft) -> DatasetSnapshot:
    """The row of a draft. Raises ActionError where it cannot be frozen, Conflict where the name is taken."""
    if draft.problem:
        raise ActionError(draft.problem)
    manifest = draft.manifest
    schema = manifest["schema"]["name"]
    try:
        with transaction.atomic():
            snapshot = DatasetSnapshot.objects.create(
                project=project,
                name=name,
                schema=schema,
                target=manifest["target"],
                seed=manifest["seed"],
                manifest=manifest,
                digest=DatasetSnapshot.digest_of(manifest),
                counts=draft.counts,
                created_by=actor,
            )
    except IntegrityError as error:
        raise Conflict(
            f"This project has a snapshot named {name!r} already.", fields={"name": ["taken"]}
        ) from error
    summary = f"{name}: {draft.counts['images']} images, {schema}"
    record(actor=actor, action="snapshot.freeze", target=snapshot, summary=summary, project=project)
    return snapshot


def gone_images(snapshot: DatasetSnapshot) -> int:
    """How many of its images may no longer be used: consent withdrawn, or deleted, since it was frozen."""
    return gone_of(snapshot.project, snapshot.images)


def gone_of(project: Project, images: Collection[str]) -> int:
    """How many of some images of a project may no longer be used."""
    live = {str(pk) for pk in usable_images(project).values_list("pk", flat=True)}
    return sum(image not in live for image in images)


def entries_of(
    project: Project, revisions: list[LandmarkRevision], seed: int, choice: Choice
) -> list[dict[str, Any]]:
    """The manifest's entries: what is read of each image, and its subject's split. Raises ActionError."""
    images = [revision.landmark_set.image for revision in revisions]
    depth = depth_by_image([image.pk for image in images])
    subjects = sorted({str(image.study.subject_id) for image in images})
    known = _split_of(project, choice.split_as) if choice.split_as else {}
    split = split_subjects(subjects, seed, choice.validation_share, choice.test_share, known)
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


def split_subjects(
    subjects: list[str],
    seed: int,
    validation_share: float = VALIDATION_SHARE,
    test_share: float = TEST_SHARE,
    known: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Each subject's split: about these shares to validate and test, at least one each to train and validate.

    By subject, never by file: two visits of one child are never on both sides. Whose split is `known` keeps
    it; the others bring the shares as near as they can.
    """
    kept = {subject: known[subject] for subject in subjects if subject in known}
    sides = list(kept.values())
    others = [subject for subject in subjects if subject not in kept]
    random.Random(seed).shuffle(others)  # noqa: S311 - a split, not a secret
    wanted = max(1, round(validation_share * len(subjects))) - sides.count("validation")
    validation = min(len(others), max(0, wanted))
    wanted = round(test_share * len(subjects)) - sides.count("test")
    test = max(0, min(wanted, len(others) - validation - ("train" not in sides)))
    names = ["validation"] * validation + ["test"] * test
    names += ["train"] * (len(others) - len(names))
    return kept | dict(zip(others, names, strict=True))


def _split_of(project: Project, snapshot: uuid.UUID) -> dict[str, str]:
    """Each subject's split in an earlier snapshot of the project. Raises ActionError."""
    found = DatasetSnapshot.objects.filter(project=project, pk=snapshot).first()
    if found is None:
        raise ActionError("This project has no such snapshot to split as.", field="split_as")
    return {entry["subject"]: entry["split"] for entry in found.entries}


def _counts(entries: list[dict[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(("train", "validation", "test"), 0)
    for entry in entries:
        counts[entry["split"]] += 1
    return {
        "subjects": len({entry["subject"] for entry in entries}),
        "images": len(entries),
        "with_depth": sum(entry["depth"] is not None for entry in entries),
        "with_corners": sum(bool(entry.get("film", {}).get("corners")) for entry in entries),
        **counts,
    }
