"""Which labelled images of a project enter a snapshot, and why the others do not."""

import datetime
import uuid
from dataclasses import dataclass
from typing import Any, Literal, get_args

from django.db.models import F, Q

from annotation.actions.errors import ActionError
from annotation.models import Image, LandmarkRevision, Project, Remark
from annotation.models.cohort import Consent
from annotation.models.images import ImageKind, ImageQuerySet
from annotation.models.remarks import RemarkKind
from annotation.models.reviews import Verdict

# How far a set must have come: completely placed; also accepted (or signed) by a doctor; also signed.
Review = Literal["complete", "accepted", "signed"]
REVIEWS: tuple[Review, ...] = get_args(Review)
_VERDICTS: dict[Review, tuple[str, ...]] = {
    "complete": ("", Verdict.ACCEPTED, Verdict.SIGNED),
    "accepted": (Verdict.ACCEPTED, Verdict.SIGNED),
    "signed": (Verdict.SIGNED,),
}
VALIDATION_SHARE = TEST_SHARE = 0.15
# More held out would leave too few to learn from.
MOST_HELD_OUT = 0.8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person chooses when freezing; kept in the manifest. Raises ActionError naming the wrong field.

    Consent is no choice: only who has given it enters. `visits_from`, `visits_to`: first and last visit date,
    both included. The shares are of the subjects; the rest trains. `split_as`: the snapshot whose subjects
    stay on the side that they have there, so that what is trained on the two can be compared; only the others
    are split.
    """

    review: Review = "complete"
    visits_from: datetime.date | None = None
    visits_to: datetime.date | None = None
    validation_share: float = VALIDATION_SHARE
    test_share: float = TEST_SHARE
    split_as: uuid.UUID | None = None

    def __post_init__(self) -> None:
        if self.visits_from and self.visits_to and self.visits_from > self.visits_to:
            raise ActionError("The first visit date lies after the last one.", field="visits_to")
        if self.validation_share + self.test_share > MOST_HELD_OUT:
            raise ActionError(
                f"Validation and test together take more than {MOST_HELD_OUT:.0%} of the subjects.",
                field="test_share",
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "consent": Consent.GIVEN.value,
            "review": self.review,
            "visits_from": self.visits_from.isoformat() if self.visits_from else None,
            "visits_to": self.visits_to.isoformat() if self.visits_to else None,
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "split_as": str(self.split_as) if self.split_as else None,
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """One revision per image that enters, in the order of the image ids; and how many do not, by reason.

    An image is counted under the first reason that holds, in the order of `left_out`.
    """

    revisions: list[LandmarkRevision]
    left_out: dict[str, int]


def select(
    project: Project, usable: ImageQuerySet, kind: ImageKind, schema: str, choice: Choice
) -> Selection:
    """Of the usable images of a project those of a kind that enter by a choice.

    Of several people's sets on an image the one saved last counts. A set that a doctor returned never enters,
    nor an image that somebody has put aside.
    """
    usable = usable.filter(kind=kind)
    live = _ids(usable)
    dated = _ids(usable.filter(_visited(choice)))
    aside = set(
        Remark.objects.standing()
        .filter(image__in=usable, kind=RemarkKind.SKIP)
        .values_list("image_id", flat=True)
    )
    kept = dated - aside
    last, complete, returned = _last_revisions(usable.filter(_visited(choice)), schema, choice)
    found = kept & last.keys()
    only_returned = (kept & returned) - found
    hidden = Image.objects.filter(
        project=project,
        kind=kind,
        study__deleted_at=None,
        study__subject__deleted_at=None,
        study__subject__consent=Consent.WITHDRAWN,
    )
    left_out = {
        "withdrawn": hidden.count(),
        "visit": len(live - dated),
        "put_aside": len(dated & aside),
        "unlabelled": len(kept - complete),
        "returned": len(only_returned),
        "unreviewed": len((kept & complete) - found - only_returned),
    }
    return Selection([last[pk] for pk in sorted(found)], left_out)


def _ids(rows: ImageQuerySet) -> set[uuid.UUID]:
    return set(rows.values_list("pk", flat=True))


def _visited(choice: Choice) -> Q:
    visited = Q()
    if choice.visits_from:
        visited &= Q(study__visit_date__gte=choice.visits_from)
    if choice.visits_to:
        visited &= Q(study__visit_date__lte=choice.visits_to)
    return visited


def _last_revisions(
    images: ImageQuerySet, schema: str, choice: Choice
) -> tuple[dict[uuid.UUID, LandmarkRevision], set[uuid.UUID], set[uuid.UUID]]:
    """By image the newest revision the choice takes; the images with a complete set; with a returned one."""
    rows = (
        LandmarkRevision.objects.filter(
            landmark_set__image__in=images,
            landmark_set__schema=schema,
            landmark_set__complete=True,
            landmark_set__author__isnull=False,
            number=F("landmark_set__revision"),
        )
        .select_related(
            "landmark_set__image__pixels",
            "landmark_set__image__view",
            "landmark_set__image__study__subject",
            "landmark_set__image__acquisition",
        )
        .order_by("saved_at", "pk")
    )
    wanted = _VERDICTS[choice.review]
    last = {row.landmark_set.image_id: row for row in rows if row.landmark_set.verdict in wanted}
    complete = {row.landmark_set.image_id for row in rows}
    returned = {row.landmark_set.image_id for row in rows if row.landmark_set.verdict == Verdict.RETURNED}
    return last, complete, returned
