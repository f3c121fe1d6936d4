"""A study's report, as numbers."""

from typing import TypedDict

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import reports
from annotation.actions.measurements import TOOL
from annotation.api.base import Endpoint, iso, user_of
from annotation.api.studies import visible_studies
from annotation.api.wiretypes import wire
from annotation.models import Study
from annotation.permissions import Capability, InProject


class QuantityWire(TypedDict):
    name: str
    title: str
    value: float
    unit: str
    note: str


class ImageQuantitiesWire(TypedDict):
    image: str
    image_kind: str
    schema: str
    author: str
    revision: int
    calibration: str
    quantities: list[QuantityWire]
    vertebrae: str
    problem: str


class ChangeWire(TypedDict):
    earlier_study: str
    earlier_visit: str
    change_deg: float
    error_deg: float
    measurable: bool


class ReportWire(TypedDict):
    generated_at: str | None
    tool: str
    statement: str
    posture: list[ImageQuantitiesWire]
    change: ChangeWire | None


def report_wire(study: Study) -> ReportWire:
    """The report's own numbers; images and measurements come with the study."""
    since = reports.change_since_last_visit(study)
    return {
        "generated_at": iso(timezone.now()),
        "tool": TOOL,
        "statement": reports.STATEMENT,
        "posture": [_quantities_wire(each) for each in reports.quantities_of(study)],
        "change": (
            {
                "earlier_study": str(since.earlier_visit.pk),
                "earlier_visit": since.earlier_visit.visit_date.isoformat(),
                "change_deg": since.change.change_deg,
                "error_deg": since.change.error_deg,
                "measurable": since.change.measurable,
            }
            if since
            else None
        ),
    }


def _quantities_wire(each: reports.ImageQuantities) -> ImageQuantitiesWire:
    author = each.landmark_set.author
    return {
        "image": str(each.image.pk),
        "image_kind": each.image.kind,
        "schema": each.landmark_set.schema,
        "author": author.display_name if author else each.landmark_set.model_label,
        "revision": each.landmark_set.revision,
        "calibration": each.image.calibration,
        "quantities": [
            {"name": q.name, "title": q.title, "value": q.value, "unit": q.unit, "note": q.note}
            for q in each.quantities
        ],
        "vertebrae": each.vertebrae,
        "problem": each.problem,
    }


class Report(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(ReportWire))
    def get(self, request: Request, study_id: str) -> Response:
        return Response(report_wire(self.row(visible_studies(user_of(request)), pk=study_id)))
