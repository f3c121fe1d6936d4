"""Notes on films: words at one place, kept as measurements are."""

import math

from django.db import transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import FilmNote, Image, User
from annotation.models.images import ImageKind


@transaction.atomic
def write(*, reader: User, image: Image, text: str, x: float, y: float) -> FilmNote:
    """Write a note at a spot of a film (stored pixels). ActionError for no film, and for nothing said."""
    if image.kind not in {ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH}:
        raise ActionError(f"A note is written on a radiograph; this image is a {image.kind}.")
    said = " ".join(text.split())
    if not said:
        raise ActionError("Write what is to be seen there.", field="text")
    if not (math.isfinite(x + y) and 0 <= x <= image.width and 0 <= y <= image.height):
        raise ActionError("The note lies outside the film.", fields={"x": ["outside"], "y": ["outside"]})
    note = FilmNote.objects.create(study=image.study, image=image, reader=reader, text=said, x=x, y=y)
    record(actor=reader, action="filmnote.write", target=note, summary=said, project=image.project)
    return note


@transaction.atomic
def retract(*, actor: User, note: FilmNote) -> FilmNote:
    """Take a note back. It stays in the history; a second call changes nothing."""
    return _set_retracted(actor, note, retracted=True)


@transaction.atomic
def restore(*, actor: User, note: FilmNote) -> FilmNote:
    """Undo a retraction."""
    return _set_retracted(actor, note, retracted=False)


def _set_retracted(actor: User, note: FilmNote, *, retracted: bool) -> FilmNote:
    if note.reader_id != actor.pk:
        raise Conflict("Only its reader can take a note back or put it back; write another to disagree.")
    if (note.retracted_at is not None) == retracted:
        return note
    note.retracted_at = timezone.now() if retracted else None
    note.save(update_fields=["retracted_at"])
    action = "filmnote.retract" if retracted else "filmnote.restore"
    record(actor=actor, action=action, target=note, summary=note.text, project=note.study.project)
    return note
