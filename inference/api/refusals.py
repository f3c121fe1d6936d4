"""Images of which a model gave no proposal, and its sentence why."""

from typing import TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, iso, user_of
from annotation.api.listing import Listing, identifier
from annotation.api.wiretypes import page_of
from annotation.permissions import SignedIn
from inference.api.jobs import ModelNameWire, model_name_wire
from inference.models import Refusal


class RefusalWire(TypedDict):
    image: str
    study: str
    schema: str
    model: ModelNameWire
    reason: str
    created_at: str | None


REFUSALS = Listing[Refusal](
    filters={
        "image": identifier("image_id"),
        "study": identifier("image__study_id"),
        "model_version": identifier("model_version_id"),
    },
    orderings={"-created_at": ("-created_at", "pk"), "created_at": ("created_at", "pk")},
    default_ordering="-created_at",
)


class Refusals(Endpoint):
    """What the models of the person's projects could not read. As proposals in their place would be, they
    are hidden in a project that labels first until one's own points are complete."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="refusals_list", parameters=REFUSALS.parameters(), responses=page_of(RefusalWire)
    )
    def get(self, request: Request) -> Response:
        rows = Refusal.objects.visible_to(user_of(request))
        return Response(REFUSALS.page(rows, request.query_params, _wires))


def _wires(rows: QuerySet[Refusal]) -> list[RefusalWire]:
    return [
        {
            "image": str(row.image_id),
            "study": str(row.image.study_id),
            "schema": row.model_version.schema,
            "model": model_name_wire(row.model_version),
            "reason": row.reason,
            "created_at": iso(row.created_at),
        }
        for row in rows.select_related("image", "model_version")
    ]
