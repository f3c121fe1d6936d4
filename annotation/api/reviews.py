"""Verdicts on landmark sets."""

from typing import TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import reviews
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.landmarks import visible_set
from annotation.api.wires import PersonWire, person_wire
from annotation.api.wiretypes import list_of, wire
from annotation.models import LandmarkSet, Review
from annotation.models.reviews import Verdict
from annotation.permissions import Capability, InProject, require


class ReviewWire(TypedDict):
    id: str
    set: str
    revision: int
    verdict: str
    note: str
    reviewer: PersonWire
    created_at: str | None


def review_wire(row: Review) -> ReviewWire:
    """Needs `reviewer` and `revision` selected."""
    return {
        "id": str(row.pk),
        "set": str(row.landmark_set_id),
        "revision": row.revision.number,
        "verdict": row.verdict,
        "note": row.note,
        "reviewer": person_wire(row.reviewer),
        "created_at": iso(row.created_at),
    }


def _newest_first() -> QuerySet[Review]:
    return Review.objects.select_related("reviewer", "revision").order_by("-created_at", "pk")


def standing_reviews(sets: list[LandmarkSet]) -> list[ReviewWire]:
    """The verdict that stands on each set that has one. No query where none has."""
    judged = [row.pk for row in sets if row.verdict]
    if not judged:
        return []
    last: dict[object, Review] = {}
    for row in _newest_first().filter(landmark_set__in=judged):
        last.setdefault(row.landmark_set_id, row)
    return [review_wire(row) for row in last.values()]


class ReviewInput(Input):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    revision = serializers.IntegerField(min_value=1)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class SetReviews(Endpoint):
    """The verdicts on a set, newest first."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.MEASURE}

    @extend_schema(operation_id="reviews_list", responses=list_of(ReviewWire))
    def get(self, request: Request, set_id: str) -> Response:
        rows = _newest_first().filter(landmark_set=visible_set(self, request, set_id))
        return Response([review_wire(row) for row in rows])

    @extend_schema(request=ReviewInput, responses={201: wire(ReviewWire)})
    def post(self, request: Request, set_id: str) -> Response:
        row, user = visible_set(self, request, set_id), user_of(request)
        require(user, row.image.project, Capability.MEASURE)
        made = reviews.review(reviewer=user, landmark_set=row, **parse(ReviewInput, request))
        return Response(review_wire(made), status=201)
