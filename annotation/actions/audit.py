"""The audit trail: one line per act, in the act's own transaction."""

from django.db import models, transaction

from annotation.models import AuditEntry, Project, User


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
