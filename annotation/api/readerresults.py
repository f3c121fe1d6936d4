"""The results of a reader study: for who manages it, and for its readers once it is closed."""

from typing import TypedDict

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import readerresults
from annotation.actions.audit import record
from annotation.actions.readerresults import Compared, Comparison, Results
from annotation.actions.reports import STATEMENT
from annotation.api.base import user_of
from annotation.api.readerstudies import ReaderStudyEndpoint, may_see_results
from annotation.api.wires import PersonWire, person_wire
from annotation.api.wiretypes import wire
from annotation.models import ReaderStudy, User
from annotation.permissions import Capability, require
from annotation.spine.agreement import Estimate


class EstimateWire(TypedDict):
    """Limits are of 95 %; null where readings that depend on one another would make them too narrow."""

    value: float
    lower: float | None
    upper: float | None


class RocPointWire(TypedDict):
    false_positive_rate: float
    true_positive_rate: float


class ReaderResultWire(TypedDict):
    reader: PersonWire
    films: int
    roc: list[RocPointWire]
    auc: EstimateWire | None
    sensitivity: EstimateWire | None
    specificity: EstimateWire | None
    seconds_real: float | None
    seconds_synthetic: float | None


class KappaWire(TypedDict):
    readers: list[PersonWire]
    films: int
    kappa: EstimateWire | None


class CobbIccWire(TypedDict):
    kind: str
    films: int
    readers: int
    icc: EstimateWire | None


class AnglePairWire(TypedDict):
    reader: str
    first_deg: float
    second_deg: float
    opposite: bool


class ComparisonWire(TypedDict):
    reader: PersonWire | None
    pairs: int
    bias_deg: EstimateWire | None
    lower_limit_deg: EstimateWire | None
    upper_limit_deg: EstimateWire | None
    icc: EstimateWire | None


class ComparedWire(TypedDict):
    first: str
    second: str
    pairs: list[AnglePairWire]
    of_readers: list[ComparisonWire]
    together: ComparisonWire


class ReaderResultsWire(TypedDict):
    statement: str
    readers: list[ReaderResultWire]
    kappas: list[KappaWire]
    iccs: list[CobbIccWire]
    compared: list[ComparedWire]


def _estimate(found: Estimate | None, *, limits: bool = True) -> EstimateWire | None:
    if found is None:
        return None
    lower, upper = (found.lower, found.upper) if limits else (None, None)
    return {"value": found.value, "lower": lower, "upper": upper}


def results_wire(found: Results) -> ReaderResultsWire:
    return {
        "statement": STATEMENT,
        "readers": [
            {
                "reader": person_wire(row.reader),
                "films": row.films,
                "roc": [
                    {
                        "false_positive_rate": point.false_positive_rate,
                        "true_positive_rate": point.true_positive_rate,
                    }
                    for point in row.roc
                ],
                "auc": _estimate(row.auc),
                "sensitivity": _estimate(row.sensitivity),
                "specificity": _estimate(row.specificity),
                "seconds_real": row.seconds_real,
                "seconds_synthetic": row.seconds_synthetic,
            }
            for row in found.readers
        ],
        "kappas": [
            {
                "readers": [person_wire(reader) for reader in row.readers],
                "films": row.films,
                "kappa": _estimate(row.kappa),
            }
            for row in found.kappas
        ],
        "iccs": [
            {"kind": row.kind, "films": row.films, "readers": row.readers, "icc": _estimate(row.icc)}
            for row in found.iccs
        ],
        "compared": [_compared_wire(row) for row in found.compared],
    }


def _compared_wire(row: Compared) -> ComparedWire:
    return {
        "first": row.first,
        "second": row.second,
        "pairs": [
            {
                "reader": str(pair.reader.pk),
                "first_deg": pair.first_deg,
                "second_deg": pair.second_deg,
                "opposite": pair.opposite,
            }
            for pair in row.pairs
        ],
        "of_readers": [_comparison_wire(each, limits=True) for each in row.of_readers],
        # Several readers of one visit: its pairs are no independent ones.
        "together": _comparison_wire(row.together, limits=len(row.of_readers) == 1),
    }


def _comparison_wire(row: Comparison, *, limits: bool) -> ComparisonWire:
    found = row.limits
    return {
        "reader": person_wire(row.reader) if row.reader else None,
        "pairs": row.pairs,
        "bias_deg": _estimate(found.bias, limits=limits) if found else None,
        "lower_limit_deg": _estimate(found.lower_limit, limits=limits) if found else None,
        "upper_limit_deg": _estimate(found.upper_limit, limits=limits) if found else None,
        "icc": _estimate(row.icc, limits=limits),
    }


def require_results(user: User, study: ReaderStudy) -> None:
    """Whoever may still read must not know what others found, nor which film is which."""
    if not may_see_results(user, study):
        raise PermissionDenied("The results are shown once this reader study is closed.")


class ReaderStudyResults(ReaderStudyEndpoint):
    capabilities = {"GET": Capability.MEASURE}

    @extend_schema(responses=wire(ReaderResultsWire))
    def get(self, request: Request, reader_study_id: str) -> Response:
        study = self.study(request, reader_study_id)
        require_results(user_of(request), study)
        return Response(results_wire(readerresults.results_of(study)))


class ReaderStudyReadings(ReaderStudyEndpoint):
    """Every reading as CSV, with the kind of its film."""

    capabilities = {"GET": Capability.EXPORT}

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request, reader_study_id: str) -> HttpResponse:
        study, user = self.study(request, reader_study_id), user_of(request)
        require(user, study.project, Capability.MEASURE)
        require_results(user, study)
        with transaction.atomic():
            record(
                actor=user,
                action="export",
                target=study,
                summary=f"readings of {study.name}",
                project=study.project,
            )
        response = HttpResponse(readerresults.readings_csv(study), content_type="text/csv; charset=utf-8")
        stem = slugify(study.name) or "reader-study"
        response["Content-Disposition"] = f'attachment; filename="{stem}-research-only-readings.csv"'
        return response
