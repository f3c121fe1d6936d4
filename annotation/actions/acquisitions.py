"""Corrections to a shot's side and direction."""

from typing import Any

from django.db import transaction

from annotation.actions.audit import record
from annotation.actions.errors import Conflict
from annotation.models import Acquisition, Measurement, User


@transaction.atomic
def update_acquisition(*, actor: User, acquisition: Acquisition, changes: dict[str, Any]) -> Acquisition:
    """Set direction, display flip or side marker; a person who sets the flip confirms the side.

    Refused once measurements stand on it: their sides would silently turn wrong.
    """
    turns = "display_flip" in changes and changes["display_flip"] != acquisition.display_flip
    standing = Measurement.objects.filter(image__acquisition=acquisition, retracted_at=None)
    if turns and standing.exists():
        raise Conflict("Measurements stand on this film; retract them before you change its side.")
    for field, value in changes.items():
        setattr(acquisition, field, value)
    fields = [*changes]
    if "display_flip" in changes:
        acquisition.side_confirmed = True
        fields.append("side_confirmed")
    acquisition.save(update_fields=fields)
    summary = ", ".join(_said(field, value) for field, value in changes.items())
    record(
        actor=actor,
        action="acquisition.update",
        target=acquisition,
        summary=summary,
        project=acquisition.study.project,
    )
    return acquisition


def _said(field: str, value: Any) -> str:
    if field == "display_flip":
        return "side confirmed, shown mirrored" if value else "side confirmed, shown as stored"
    return f"{field.replace('_', ' ')}: {value or 'not known'}"
