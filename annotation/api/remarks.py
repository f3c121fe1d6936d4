"""Remarks on images: put aside, flagged for a doctor, commented on."""

from typing import TypedDict

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import remarks
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, exact, identifier, yes_no
from annotation.api.wires import PersonWire, SubjectNameWire, person_wire, subject_name_wire
from annotation.api.wiretypes import list_of, page_of, wire
from annotation.models import Image, Remark, User
from annotation.models.remarks import RemarkKind
from annotation.permissions import Capability, InProject, SignedIn, require


class RemarkWire(TypedDict):
    id: str
    image: str
    kind: str
    text: str
    schema: str
    point: str
    author: PersonWire
    created_at: str | None
    settled_at: str | None
    settled_by: PersonWire | None


class ListedRemarkWire(RemarkWire):
    """With what its image is of, for a list across studies."""

    study: str
    subject: SubjectNameWire
    visit_date: str
    image_kind: str


def remark_wire(row: Remark) -> RemarkWire:
    """Needs `author` and `settled_by` selected."""
    return {
        "id": str(row.pk),
        "image": str(row.image_id),
        "kind": row.kind,
        "text": row.text,
        "schema": row.schema,
        "point": row.point,
        "author": person_wire(row.author),
        "created_at": iso(row.created_at),
        "settled_at": iso(row.settled_at),
        "settled_by": person_wire(row.settled_by) if row.settled_by else None,
    }


def remarks_on(user: User, *images: Image) -> list[RemarkWire]:
    """What was said of some images, as far as the user may read it now: what stands first, then what is
    settled; the oldest first in each."""
    about = Remark.objects.visible_to(user).filter(image__in=images)
    rows = about.select_related("author", "settled_by").order_by("created_at")
    return [remark_wire(row) for row in sorted(rows, key=lambda row: row.settled_at is not None)]


def _listed(rows: QuerySet[Remark]) -> list[ListedRemarkWire]:
    found = rows.select_related("author", "settled_by", "image__study__subject")
    return [
        {
            **remark_wire(row),
            "study": str(row.image.study_id),
            "subject": subject_name_wire(row.image.study.subject),
            "visit_date": row.image.study.visit_date.isoformat(),
            "image_kind": row.image.kind,
        }
        for row in found
    ]


REMARKS = Listing[Remark](
    filters={
        "project": identifier("image__project_id"),
        "image": identifier("image_id"),
        "kind": exact("kind", RemarkKind.values),
        "standing": yes_no(Q(settled_at=None)),
    },
    orderings={"-created_at": ("-created_at", "pk"), "created_at": ("created_at", "pk")},
    default_ordering="-created_at",
)


class Remarks(Endpoint):
    """Every remark the person may see."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="remarks_list", parameters=REMARKS.parameters(), responses=page_of(ListedRemarkWire)
    )
    def get(self, request: Request) -> Response:
        rows = Remark.objects.visible_to(user_of(request))
        return Response(REMARKS.page(rows, request.query_params, _listed))


class RemarkInput(Input):
    kind = serializers.ChoiceField(choices=RemarkKind.choices)
    text = serializers.CharField(max_length=500)
    schema = serializers.CharField(max_length=40, required=False)
    point = serializers.CharField(max_length=40, required=False)


class ImageRemarks(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.LABEL}

    def _image(self, request: Request, image_id: str) -> Image:
        rows = Image.objects.visible_to(user_of(request)).select_related("project", "study__subject")
        return self.row(rows, pk=image_id)

    @extend_schema(operation_id="image_remarks_list", responses=list_of(RemarkWire))
    def get(self, request: Request, image_id: str) -> Response:
        return Response(remarks_on(user_of(request), self._image(request, image_id)))

    @extend_schema(request=RemarkInput, responses={201: wire(RemarkWire)})
    def post(self, request: Request, image_id: str) -> Response:
        image = self._image(request, image_id)
        made = remarks.remark(author=user_of(request), image=image, **parse(RemarkInput, request))
        return Response(remark_wire(made), status=201)


class RemarkSettled(Endpoint):
    """Strike a remark off; it stays to be read."""

    permission_classes = [SignedIn]

    @extend_schema(request=None, responses=wire(RemarkWire))
    def post(self, request: Request, remark_id: str) -> Response:
        user = user_of(request)
        rows = Remark.objects.visible_to(user)
        row = self.row(
            rows.select_related("author", "settled_by", "image__project", "image__study__subject"),
            pk=remark_id,
        )
        require(user, row.image.project, Capability.LABEL)
        return Response(remark_wire(remarks.settle(actor=user, remark=row)))
