"""Cobb angles of a study, as read."""

import uuid
from typing import Any, TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import measurements
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.wires import PersonWire, person_wire
from annotation.api.wiretypes import list_of, wire
from annotation.models import Image, LandmarkRevision, Measurement, Study
from annotation.models.measurements import Method
from annotation.permissions import Capability, InProject, SignedIn, require


class MeasurementWire(TypedDict):
    id: str
    study: str
    image: str
    method: str
    angle_deg: float
    signed_angle_deg: float
    upper_level: str
    lower_level: str
    apex_level: str
    side: str
    region: str
    upper_line: list[list[float]]
    lower_line: list[list[float]]
    reader: PersonWire
    tool: str
    calibration: str
    reading_error_deg: float
    reading_error_source: str
    landmark_set: str | None
    landmark_revision: int | None
    created_at: str | None
    retracted_at: str | None


def measurement_wire(row: Measurement) -> MeasurementWire:
    """Needs `reader` and `landmark_revision` selected."""
    revision = row.landmark_revision
    return {
        "id": str(row.pk),
        "study": str(row.study_id),
        "image": str(row.image_id),
        "method": row.method,
        "angle_deg": abs(row.signed_angle_deg),
        "signed_angle_deg": row.signed_angle_deg,
        "upper_level": row.upper_level,
        "lower_level": row.lower_level,
        "apex_level": row.apex_level,
        "side": row.side,
        "region": row.region,
        "upper_line": row.upper_line,
        "lower_line": row.lower_line,
        "reader": person_wire(row.reader),
        "tool": row.tool,
        "calibration": row.calibration,
        "reading_error_deg": row.reading_error_deg,
        "reading_error_source": row.reading_error_source,
        "landmark_set": str(revision.landmark_set_id) if revision else None,
        "landmark_revision": revision.number if revision else None,
        "created_at": iso(row.created_at),
        "retracted_at": iso(row.retracted_at),
    }


def _line() -> serializers.ListField:
    end = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    return serializers.ListField(child=end, min_length=2, max_length=2, required=False)


class MeasurementInput(Input):
    """Either a landmark revision (method vertebrae), with the end vertebrae of each curve where a reader
    chose them; or two lines with their levels (method lines).
    """

    method = serializers.ChoiceField(choices=Method.choices)
    image = serializers.UUIDField()
    landmark_set = serializers.UUIDField(required=False)
    revision = serializers.IntegerField(min_value=1, required=False)
    upper_line = _line()
    lower_line = _line()
    ends = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(max_length=4), min_length=2, max_length=2),
        min_length=1,
        max_length=8,
        required=False,
    )
    upper_level = serializers.CharField(max_length=4, required=False)
    lower_level = serializers.CharField(max_length=4, required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        needed = {
            Method.VERTEBRAE: {"landmark_set", "revision"},
            Method.LINES: {"upper_line", "lower_line", "upper_level", "lower_level"},
        }[given["method"]]
        optional = {"ends"} if given["method"] == Method.VERTEBRAE else set()
        wrong = {name: ["required for this method"] for name in sorted(needed - set(given))}
        wrong |= {
            name: ["does not belong to this method"]
            for name in sorted(set(given) - needed - optional - {"method", "image"})
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return given


def _rows() -> QuerySet[Measurement]:
    return Measurement.objects.select_related("reader", "landmark_revision", "study__project")


class Measurements(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.MEASURE}

    def _study(self, request: Request, study_id: str) -> Study:
        return self.row(Study.objects.visible_to(user_of(request)).select_related("project"), pk=study_id)

    @extend_schema(operation_id="measurements_list", responses=list_of(MeasurementWire))
    def get(self, request: Request, study_id: str) -> Response:
        study = self._study(request, study_id)
        rows = _rows().filter(study=study).order_by("created_at")
        return Response([measurement_wire(row) for row in rows])

    @extend_schema(request=MeasurementInput, responses={201: list_of(MeasurementWire)})
    def post(self, request: Request, study_id: str) -> Response:
        study, user = self._study(request, study_id), user_of(request)
        given = parse(MeasurementInput, request)
        images = Image.objects.filter(study=study).select_related("acquisition", "study__project", "project")
        image = self.row(images, pk=given["image"])
        if given["method"] == Method.LINES:
            lines = {name: given[name] for name in ("upper_line", "lower_line", "upper_level", "lower_level")}
            made = [measurements.measure_lines(reader=user, image=image, **lines)]
        else:
            revision = _revision(image, given["landmark_set"], given["revision"])
            ends = [(upper, lower) for upper, lower in given["ends"]] if "ends" in given else None
            made = measurements.measure_vertebrae(reader=user, image=image, revision=revision, ends=ends)
        return Response([measurement_wire(row) for row in made], status=201)


def _revision(image: Image, set_id: uuid.UUID, number: int) -> LandmarkRevision:
    rows = LandmarkRevision.objects.select_related("landmark_set").filter(landmark_set__image=image)
    found = rows.filter(landmark_set=set_id, number=number).first()
    if found is None:
        raise serializers.ValidationError({"landmark_set": ["There is no such revision on this image."]})
    return found


class OneMeasurement(Endpoint):
    """A DELETE retracts, a POST takes that back; both keep the row."""

    permission_classes = [SignedIn]

    def _measurement(self, request: Request, measurement_id: str) -> Measurement:
        user = user_of(request)
        row = self.row(_rows().filter(study__in=Study.objects.visible_to(user)), pk=measurement_id)
        require(user, row.study.project, Capability.MEASURE)
        return row

    @extend_schema(responses=wire(MeasurementWire))
    def delete(self, request: Request, measurement_id: str) -> Response:
        row = self._measurement(request, measurement_id)
        return Response(measurement_wire(measurements.retract(actor=user_of(request), measurement=row)))

    @extend_schema(operation_id="measurements_restore", request=None, responses=wire(MeasurementWire))
    def post(self, request: Request, measurement_id: str) -> Response:
        row = self._measurement(request, measurement_id)
        return Response(measurement_wire(measurements.restore(actor=user_of(request), measurement=row)))
