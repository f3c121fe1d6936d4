"""Landmark sets: reading them, and saving one's own with If-Match and an idempotency key."""

import re
import uuid
from typing import Any, TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import landmarks
from annotation.actions.schemas import schema_of
from annotation.actions.takenover import Sources
from annotation.api.base import Endpoint, ErrorWire, Input, iso, parse, user_of
from annotation.api.errors import PreconditionRequired
from annotation.api.listing import Listing
from annotation.api.studies import sets_by_image
from annotation.api.wires import AuthorWire, author_wire
from annotation.api.wiretypes import list_of, page_of, wire
from annotation.models import Image, LandmarkRevision, LandmarkSet, User
from annotation.permissions import Capability, InProject, require


class PointWire(TypedDict):
    name: str
    x: float | None
    y: float | None
    state: str


class BeganFromWire(TypedDict):
    set: str
    revision: int


class LandmarkSetWire(TypedDict):
    id: str | None
    image: str
    schema: str
    author: AuthorWire
    revision: int
    saved_at: str | None
    points: list[PointWire]
    began_from: BeganFromWire | None
    complete: bool
    verdict: str


class StaleWire(ErrorWire):
    current: LandmarkSetWire


class TakenOverWire(TypedDict):
    """How many points lie where another author had placed them."""

    author: AuthorWire
    points: int


class RevisionWire(TypedDict):
    number: int
    saved_at: str | None
    author: str
    points_count: int
    comment: str
    taken_over: list[TakenOverWire]


def set_wire(row: LandmarkSet, began_from: LandmarkRevision | None = None) -> LandmarkSetWire:
    """A stored set with its newest points. Needs `author` selected."""
    return {
        "id": str(row.pk),
        "image": str(row.image_id),
        "schema": row.schema,
        "author": author_wire(row),
        "revision": row.revision,
        "saved_at": iso(row.saved_at),
        "points": row.points,  # type: ignore[typeddict-item]
        "began_from": (
            {"set": str(began_from.landmark_set_id), "revision": began_from.number} if began_from else None
        ),
        "complete": row.complete,
        "verdict": row.verdict,
    }


def own_set_wire(user: User, image: Image, schema: str, sets: list[LandmarkSet]) -> LandmarkSetWire:
    """The user's own among the sets on an image; an empty one at revision 0 where there is none yet."""
    for row in sets:
        if row.author_id == user.pk and row.schema == schema:
            return set_wire(row)
    return {
        "id": None,
        "image": str(image.pk),
        "schema": schema,
        "author": {"kind": "person", "id": str(user.pk), "name": user.display_name},
        "revision": 0,
        "saved_at": None,
        "points": [],
        "began_from": None,
        "complete": False,
        "verdict": "",
    }


def visible_images(user: User) -> QuerySet[Image]:
    return Image.objects.visible_to(user).select_related("study__subject", "acquisition", "project")


class ImageLandmarks(Endpoint):
    """Everyone's newest sets on an image that this person may see."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(operation_id="landmark_sets_list", responses=list_of(LandmarkSetWire))
    def get(self, request: Request, image_id: str) -> Response:
        user = user_of(request)
        image = self.row(visible_images(user), pk=image_id)
        return Response([set_wire(row) for row in sets_by_image(user, [image])[image.pk]])


_POINT_KEYS = {"name", "x", "y", "state"}
_MOST_POINTS = 300
_FARTHEST_PX = 1e6


@extend_schema_field(list_of(PointWire))
class PointsField(serializers.Field[list[dict[str, Any]], Any, Any, Any]):
    """Points as a list of {name, x, y, state}. By hand: a nested serializer takes 10 ms for 72 points."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list) or len(data) > _MOST_POINTS:
            raise serializers.ValidationError(f"must be a list of at most {_MOST_POINTS} points")
        return [self._point(number, point) for number, point in enumerate(data)]

    def _point(self, number: int, point: Any) -> dict[str, Any]:
        if not isinstance(point, dict) or not isinstance(point.get("name"), str):
            raise serializers.ValidationError(f"point {number} must be an object with a name")
        name = point["name"]
        unknown = sorted(set(point) - _POINT_KEYS)
        if unknown:
            raise serializers.ValidationError(f"{name}: {', '.join(unknown)} is not known here; remove it")
        if point.get("state") not in landmarks.STATES:
            raise serializers.ValidationError(f"{name}: state must be one of {', '.join(landmarks.STATES)}")
        return {
            "name": name,
            "x": self._coordinate(name, "x", point.get("x")),
            "y": self._coordinate(name, "y", point.get("y")),
            "state": point["state"],
        }

    def _coordinate(self, name: str, axis: str, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _FARTHEST_PX:
            raise serializers.ValidationError(f"{name}: {axis} must be a number of pixels")
        return float(value)

    def to_representation(self, value: Any) -> Any:
        return value


class BeganFromInput(Input):
    set = serializers.UUIDField()
    revision = serializers.IntegerField(min_value=1)


class LandmarksInput(Input):
    points = PointsField()
    began_from = BeganFromInput(allow_null=True, required=False)
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")


_PRECONDITIONS = [
    OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, required=True, description="the revision"),
    OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="a UUID"),
]


class OwnLandmarks(Endpoint):
    """The signed-in person's own set on an image in one schema."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "PUT": Capability.LABEL}

    @extend_schema(operation_id="landmarks_read", responses=wire(LandmarkSetWire))
    def get(self, request: Request, image_id: str, schema: str) -> Response:
        user = user_of(request)
        image = self.row(visible_images(user), pk=image_id)
        schema_of(image.project, schema)
        answer = own_set_wire(user, image, schema, sets_by_image(user, [image])[image.pk])
        return Response(answer, headers={"ETag": f'"{answer["revision"]}"'})

    @extend_schema(
        operation_id="landmarks_save",
        parameters=_PRECONDITIONS,
        request=LandmarksInput,
        responses={200: wire(LandmarkSetWire), 412: wire(StaleWire), 428: wire(ErrorWire)},
    )
    def put(self, request: Request, image_id: str, schema: str) -> Response:
        user = user_of(request)
        image = self.row(Image.objects.visible_to(user).select_related("project"), pk=image_id)
        base_revision, key = _if_match(request), _idempotency_key(request)
        given = parse(LandmarksInput, request)
        began_from = _began_from(user, image, schema, given.get("began_from"))
        try:
            row = landmarks.save(
                user=user,
                image=image,
                schema=schema,
                points=given["points"],
                base_revision=base_revision,
                idempotency_key=key,
                comment=given["comment"],
                began_from=began_from,
            )
        except landmarks.StaleError as stale:
            detail = "These landmarks were saved elsewhere in the meantime; look at both and choose."
            current = set_wire(stale.current)
            return Response({"detail": detail, "code": "stale", "current": current}, status=412)
        return Response(set_wire(row, began_from), headers={"ETag": f'"{row.revision}"'})


def _if_match(request: Request) -> int:
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired
    match = re.fullmatch(r'"?(\d{1,9})"?', header.strip())
    if match is None:
        raise serializers.ValidationError({"If-Match": ['must be the number of a revision, such as "3"']})
    return int(match[1])


def _idempotency_key(request: Request) -> uuid.UUID:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        raise PreconditionRequired("Send an Idempotency-Key: a UUID that stays the same when you retry.")
    try:
        return uuid.UUID(header)
    except ValueError as error:
        raise serializers.ValidationError({"Idempotency-Key": ["must be a UUID"]}) from error


def _began_from(
    user: User, image: Image, schema: str, given: dict[str, Any] | None
) -> LandmarkRevision | None:
    if given is None:
        return None
    seen = {row.pk for row in sets_by_image(user, [image])[image.pk] if row.schema == schema}
    row = LandmarkRevision.objects.filter(landmark_set=given["set"], number=given["revision"]).first()
    if row is None or row.landmark_set_id not in seen:
        raise serializers.ValidationError(
            {"began_from": ["There is no such revision of this schema on this image."]}
        )
    return row


REVISIONS = Listing[LandmarkRevision](
    filters={}, orderings={"-number": ("-number",), "number": ("number",)}, default_ordering="-number"
)


def taken_over_wires(
    sources: Sources, landmark_set: uuid.UUID, number: int, points: list[dict[str, Any]]
) -> list[TakenOverWire]:
    """Of the points of a set's revision."""
    return [
        {"author": author_wire(source.landmark_set), "points": count}
        for source, count in sources.counted(landmark_set, number, points)
    ]


def _revision_wires(rows: QuerySet[LandmarkRevision]) -> list[RevisionWire]:
    sources = Sources({row.landmark_set_id for row in rows})
    return [
        {
            "number": row.number,
            "saved_at": iso(row.saved_at),
            "author": row.author.display_name if row.author else row.landmark_set.model_label,
            "points_count": len(row.points),
            "comment": row.comment,
            "taken_over": taken_over_wires(sources, row.landmark_set_id, row.number, row.points),
        }
        for row in rows
    ]


def visible_set(view: Endpoint, request: Request, set_id: str) -> LandmarkSet:
    """A set the person may see, or a 404. The permission is the image's project's."""
    user = user_of(request)
    rows = LandmarkSet.objects.filter(image__in=Image.objects.visible_to(user), pk=set_id)
    row = rows.select_related("author", "image__project").first()
    seen = sets_by_image(user, [row.image])[row.image_id] if row else []
    if row is None or row not in seen:
        view.missing()
    require(user, row.image.project, Capability.VIEW)
    return row


class Revisions(Endpoint):
    """A set's history, newest first."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(
        operation_id="revisions_list", parameters=REVISIONS.parameters(), responses=page_of(RevisionWire)
    )
    def get(self, request: Request, set_id: str) -> Response:
        rows = visible_set(self, request, set_id).revisions.select_related("author", "landmark_set")
        return Response(REVISIONS.page(rows, request.query_params, _revision_wires))


class OneRevision(Endpoint):
    """The points as they were."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(LandmarkSetWire))
    def get(self, request: Request, set_id: str, number: int) -> Response:
        row = visible_set(self, request, set_id)
        revision = row.revisions.filter(number=number).select_related("began_from").first()
        if revision is None:
            self.missing()
        if revision.number != row.revision:
            row.verdict = ""  # it is about the newest
        row.revision, row.points, row.saved_at = revision.number, revision.points, revision.saved_at
        return Response(set_wire(row, revision.began_from))
