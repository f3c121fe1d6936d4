"""The audit trail: one line per act, in the act's own transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction

from annotation.models import AuditEntry, Image, ImageAccess, Project, User


def record_access(*, user: User, image: Image, variant: str) -> None:
    """Note in the ledger that a person was shown an image.

    Unlike an act, it need not wait for the disk: a power cut may take the last moments of the ledger, but
    looking at a picture must not cost as much as saving one.
    """
    with without_sync():
        ImageAccess.objects.create(user=user, image=image, variant=variant)


@contextmanager
def without_sync() -> Iterator[None]:
    """What is committed inside is on disk a moment later, not at once."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            yield
    elif connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = NORMAL")
            try:
                yield
            finally:
                cursor.execute("PRAGMA synchronous = FULL")
    else:
        yield


def record(
    *, actor: User | None, action: str, target: models.Model, summary: str, project: Project | None
) -> None:
    """Write one audit entry. Must run inside the transaction of the change it speaks of."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit entry belongs in the transaction of the change it records.")
    AuditEntry.objects.create(
        actor=actor,
        action=action,
        target_kind=target._meta.model_name or "",
        target_id=str(target.pk),
        summary=summary[:300],
        project=project,
    )
