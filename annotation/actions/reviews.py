"""A doctor's verdict on somebody's landmarks."""

from django.db import transaction

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.summaries import refresh
from annotation.models import LandmarkSet, Review, User
from annotation.models.reviews import Verdict


@transaction.atomic
def review(*, reviewer: User, landmark_set: LandmarkSet, revision: int, verdict: str, note: str) -> Review:
    """Accept, sign or return the newest revision of a set. The next save opens the question again.

    What is returned waits again for its author. Raises Conflict where the set was saved again meanwhile.
    """
    if verdict == Verdict.RETURNED and not note:
        raise ActionError("Say what has to be mended.", field="note")
    row = LandmarkSet.objects.select_for_update(of=("self",)).get(pk=landmark_set.pk)
    if row.revision != revision:
        raise Conflict(f"Revision {row.revision} was saved meanwhile; look at it first.")
    if verdict == Verdict.RETURNED and row.author_id is None:
        raise ActionError("A model cannot mend its points: correct them as your own.", field="verdict")
    made = Review.objects.create(
        landmark_set=row,
        revision=row.revisions.get(number=revision),
        verdict=verdict,
        note=note,
        reviewer=reviewer,
    )
    row.verdict = verdict
    row.save(update_fields=["verdict"])
    image = landmark_set.image
    summary = f"{row.schema} revision {revision}{f': {note}' if note else ''}"
    record(actor=reviewer, action=f"landmarks.{verdict}", target=row, summary=summary, project=image.project)
    refresh(image.study)
    return made
