"""The survey of a snapshot: what its pictures and points are like."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, user_of
from annotation.api.wiretypes import wire
from annotation.permissions import Capability, InProject
from inference import tasks
from inference.actions import surveys
from inference.api.jobs import JobWire, job_wire
from inference.api.snapshots import visible_snapshots
from inference.models import DatasetSnapshot, SurveyJob


class SurveyWire(JobWire):
    # What `inference.survey` leaves, with `cobb_source` and `left_out`; None until it is done.
    result: dict[str, Any] | None


def survey_wire(job: SurveyJob) -> SurveyWire:
    return {**job_wire(job), "result": job.result}


def survey_of(snapshot: DatasetSnapshot) -> SurveyJob | None:
    rows = SurveyJob.objects.filter(snapshot=snapshot).select_related("project", "created_by")
    return cast("SurveyJob | None", rows.first())


class SnapshotSurvey(Endpoint):
    """Grey levels, depths, landmark scatter, sizes and Cobb angles of a snapshot, measured by a worker.

    Freezing asks for it. A POST asks again: for a snapshot of before there were surveys, or a failed one.
    """

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.TRAIN}

    @extend_schema(responses=wire(SurveyWire))
    def get(self, request: Request, snapshot_id: str) -> Response:
        snapshot = self.row(visible_snapshots(user_of(request)), pk=snapshot_id)
        job = survey_of(snapshot)
        if job is None:
            self.missing()
        return Response(survey_wire(job))

    @extend_schema(request=None, responses=wire(SurveyWire))
    def post(self, request: Request, snapshot_id: str) -> Response:
        user = user_of(request)
        snapshot = self.row(visible_snapshots(user), pk=snapshot_id)
        due = surveys.ask(actor=user, snapshot=snapshot)
        if due is not None:
            tasks.ring(due)
        return self.get(request, snapshot_id)
