"""Promoting and retiring model versions."""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import Conflict
from annotation.models import User
from inference.actions.snapshots import gone_of
from inference.models import DatasetSnapshot, ModelVersion, VersionState
from inference.models.versions import VERSION_TRANSITIONS, digest_of_origin

# Fewer than these give figures that say little.
FEW_SUBJECTS = 30


@transaction.atomic
def promote(*, actor: User | None, version: ModelVersion) -> ModelVersion:
    """Make it the version the project works with; the one before it for the same purpose retires.

    Promoting a retired version is how a project rolls back. Raises Conflict without its full origin.
    """
    rows = ModelVersion.objects.select_for_update().filter(
        project=version.project, schema=version.schema, target=version.target
    )
    current = {row.pk: row for row in rows}
    version = current[version.pk]
    if not version.commit or version.digest != digest_of_origin(version):
        raise Conflict("The origin of this version is incomplete or was changed; train it again.")
    for other in current.values():
        if other.state == VersionState.PROMOTED and other.pk != version.pk:
            _move(actor, other, VersionState.RETIRED)
    return _move(actor, version, VersionState.PROMOTED)


def in_use(version: ModelVersion) -> ModelVersion | None:
    """The promoted version for the same purpose, which promoting this one would retire; never this one."""
    rows = ModelVersion.objects.filter(
        project=version.project, schema=version.schema, target=version.target, state=VersionState.PROMOTED
    )
    return rows.exclude(pk=version.pk).first()


def line_of(version: ModelVersion) -> Iterator[ModelVersion]:
    """The version, the one whose weights it began from, and so on to one that began anew."""
    before: ModelVersion | None = version
    while before is not None:
        yield before
        before = before.job.start_from if before.job else None


def snapshots_of(version: ModelVersion) -> list[DatasetSnapshot]:
    """What it has learned from: its own snapshot and its line's; what comes with the program has none."""
    return [one.snapshot for one in line_of(version) if one.snapshot is not None]


def taught_by(version: ModelVersion) -> set[str]:
    """The subjects of this project that a version and its line have learned from."""
    entries = (entry for snapshot in snapshots_of(version) for entry in snapshot.entries)
    return {entry["subject"] for entry in entries if entry["split"] == "train"}


def gone_images(version: ModelVersion) -> int:
    """How many of the images it and its line were trained with may no longer be used."""
    images = {image for snapshot in snapshots_of(version) for image in snapshot.images}
    return gone_of(version.project, images)


def limits_of(version: ModelVersion) -> list[str]:
    """What a version was not made for, in plain words, from what is known of it."""
    sees = {"back": "pictures of backs", "radiograph": "X-rays", "pair": "backs and their X-rays"}
    said = [
        "For research use only. Not a diagnostic device: a person checks whatever it says.",
        *version.card.get("limits", []),
    ]
    frozen = version.snapshot
    if frozen is not None:
        said.append(
            f"It has seen {sees[version.target]} of the project {version.project.name} and nothing else: on "
            "other cameras, clinics and ages its error is not known."
        )
        learned = {entry["subject"] for entry in frozen.entries if entry["split"] == "train"}
        if len(learned) < FEW_SUBJECTS:
            said.append(f"It learned from {len(learned)} subjects only: its figures are rough.")
        # What comes with the program says on its card how it was measured.
        if "test" not in version.metrics["metrics"]:
            said.append("No test subjects: the figures were also used to choose the epoch, and flatter it.")
    if version.job is not None and version.job.start_from is not None:
        said.append(
            f"It began from the weights of {version.job.start_from.label}: what that one has learned, and "
            "its limits, are in it."
        )
    if version.target == "pair":
        said.append(
            "What it makes looks like an X-ray and is none: angles read on it are only as good as the Cobb "
            "error measured on its synthetic films."
        )
    if "depth" in version.recipe.get("channels", []):
        said.append("It needs a depth map registered to the picture.")
    if version.commit.endswith("-dirty"):
        said.append("Its code had changes that no commit names: the training cannot be repeated exactly.")
    return said


@transaction.atomic
def retire(*, actor: User, version: ModelVersion) -> ModelVersion:
    """Take it out of use; its predictions stay."""
    return _move(actor, ModelVersion.objects.select_for_update().get(pk=version.pk), VersionState.RETIRED)


def _move(actor: User | None, version: ModelVersion, to: VersionState) -> ModelVersion:
    if (VersionState(version.state), to) not in VERSION_TRANSITIONS:
        raise Conflict(f"This version is {version.state}; it cannot become {to}.")
    before, version.state, version.state_changed_at = version.state, to, timezone.now()
    version.save(update_fields=["state", "state_changed_at"])
    record(
        actor=actor,
        action=f"version.{to}",
        target=version,
        summary=f"{version.label}: {before} to {to}",
        project=version.project,
    )
    return version
