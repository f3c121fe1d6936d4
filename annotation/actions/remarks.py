"""Putting an image aside with a reason, flagging it for a doctor, commenting on it or on one point."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.schemas import schema_of
from annotation.actions.summaries import refresh
from annotation.models import Image, Remark, User
from annotation.models.remarks import RemarkKind


@transaction.atomic
def remark(*, author: User, image: Image, kind: str, text: str, schema: str = "", point: str = "") -> Remark:
    """Say something of an image, or of one of its landmarks. To skip puts the image aside for everybody."""
    if bool(schema) != bool(point):
        raise ActionError("A pinned comment names both a schema and one of its points.", field="point")
    if point and point not in {each.name for each in schema_of(image.project, schema).points}:
        raise ActionError(f"{point!r} is not a point of {schema}.", field="point")
    if point and kind == RemarkKind.SKIP:
        raise ActionError("An image is put aside as a whole, not for one of its points.", field="point")
    try:
        with transaction.atomic():
            row = Remark.objects.create(
                image=image, kind=kind, text=text, schema=schema, point=point, author=author
            )
    except IntegrityError as error:
        raise Conflict("This image is put aside already.") from error
    about = f", {schema} {point}" if point else ""
    record(
        actor=author, action=f"remark.{kind}", target=image, summary=f"{text}{about}", project=image.project
    )
    if kind == RemarkKind.SKIP:
        refresh(image.study)
    return row


@transaction.atomic
def settle(*, actor: User, remark: Remark) -> Remark:
    """Strike a remark off; an image that was put aside is back in the queue. Once is enough."""
    row = Remark.objects.select_for_update(of=("self",)).get(pk=remark.pk)
    if row.settled_at is not None:
        return remark
    remark.settled_at, remark.settled_by = timezone.now(), actor
    remark.save(update_fields=["settled_at", "settled_by"])
    image = remark.image
    record(actor=actor, action="remark.settle", target=image, summary=remark.text, project=image.project)
    if remark.kind == RemarkKind.SKIP:
        refresh(image.study)
    return remark
