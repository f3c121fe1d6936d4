"""The pictures that a training drew of a few cases after its epochs."""

from typing import TypedDict

from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.files import open_stored
from annotation.api.base import Endpoint, user_of
from annotation.api.wiretypes import wire
from annotation.permissions import Capability, InProject
from inference.actions.snapshots import gone_images
from inference.api.jobs import visible_training_jobs
from inference.models import TrainingJob, TrainingSample


class SampleWire(TypedDict):
    epoch: int
    url: str
    text: str


class SamplesWire(TypedDict):
    # Somebody in the snapshot has withdrawn since, and may be in the pictures: none is shown any more.
    withheld: bool
    samples: list[SampleWire]


def samples_wire(job: TrainingJob) -> SamplesWire:
    """By epoch, the first one first."""
    rows = list(TrainingSample.objects.filter(job=job).order_by("epoch"))
    withheld = bool(rows) and gone_images(job.snapshot) > 0
    return {
        "withheld": withheld,
        "samples": [
            {
                "epoch": row.epoch,
                "url": f"/api/v1/training-jobs/{job.pk}/samples/{row.epoch}",
                "text": row.caption.get("text", ""),
            }
            for row in ([] if withheld else rows)
        ],
    }


class TrainingSamples(Endpoint):
    """The pictures there are: the first, the last and some between; the last changes with every epoch."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(operation_id="training_jobs_samples_list", responses=wire(SamplesWire))
    def get(self, request: Request, job_id: str) -> Response:
        return Response(samples_wire(self.row(visible_training_jobs(user_of(request)), pk=job_id)))


class TrainingSamplePicture(Endpoint):
    """One picture, a PNG; 404 once somebody in the snapshot has withdrawn."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, job_id: str, epoch: int) -> FileResponse | HttpResponse:
        job: TrainingJob = self.row(visible_training_jobs(user_of(request)), pk=job_id)
        row = TrainingSample.objects.filter(job=job, epoch=epoch).select_related("picture").first()
        if row is None or gone_images(job.snapshot):
            self.missing()
        etag = f'"{row.picture_id}"'
        if request.headers.get("If-None-Match") == etag:
            response: FileResponse | HttpResponse = HttpResponseNotModified()
        else:
            response = FileResponse(open_stored(row.picture), content_type=row.picture.media_type)
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        return response
