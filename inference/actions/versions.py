"""Promoting and retiring model versions."""

from django.db import transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import Conflict
from annotation.models import User
from inference.models import ModelVersion, VersionState
from inference.models.versions import VERSION_TRANSITIONS, digest_of_origin


@transaction.atomic
def promote(*, actor: User, version: ModelVersion) -> ModelVersion:
    """Make it the version the project works with; the one before it in the same schema retires.

    Promoting a retired version is how a project rolls back. Raises Conflict without its full origin.
    """
    rows = ModelVersion.objects.select_for_update().filter(project=version.project, schema=version.schema)
    current = {row.pk: row for row in rows}
    version = current[version.pk]
    if not version.commit or version.digest != digest_of_origin(version):
        raise Conflict("The origin of this version is incomplete or was changed; train it again.")
    for other in current.values():
        if other.state == VersionState.PROMOTED and other.pk != version.pk:
            _move(actor, other, VersionState.RETIRED)
    return _move(actor, version, VersionState.PROMOTED)


@transaction.atomic
def retire(*, actor: User, version: ModelVersion) -> ModelVersion:
    """Take it out of use; its predictions stay."""
    return _move(actor, ModelVersion.objects.select_for_update().get(pk=version.pk), VersionState.RETIRED)


def _move(actor: User, version: ModelVersion, to: VersionState) -> ModelVersion:
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
