"""Jobs: start, list, look at, cancel. What a page shows live comes from here; the socket only says when."""

from collections import Counter
from typing import Any, ClassVar, TypedDict, cast

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, contains, exact, identifier, on_date
from annotation.api.wires import PersonWire, ProjectNameWire, person_wire
from annotation.api.wiretypes import page_of, wire
from annotation.models import Image, User
from annotation.permissions import Capability, InProject
from inference import tasks
from inference.actions import jobs
from inference.api.recipes import RecipeWire, recipe_wire
from inference.api.snapshots import SnapshotWire, snapshot_wire, visible_snapshots
from inference.models import InferenceJob, JobState, ModelVersion, Refusal, TrainingJob
from inference.models.jobs import Job
from inference.recipes.catalogue import RECIPES, recipe_of


class ProgressWire(TypedDict):
    epoch: int | None
    epochs: int | None
    step: int | None
    steps: int | None
    eta_s: float | None
    loss: float | None


class ModelNameWire(TypedDict):
    id: str
    label: str
    state: str


class JobWire(TypedDict):
    id: str
    project: ProjectNameWire
    name: str
    state: str
    cancel_requested: bool
    progress: ProgressWire | None
    attempt: int
    created_by: PersonWire | None
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    error: str


class TrainingJobWire(JobWire):
    recipe: RecipeWire
    snapshot: SnapshotWire
    model: ModelNameWire | None
    # The version whose weights it began from; None where it began anew.
    start_from: ModelNameWire | None
    best_error_px: float | None
    losses: list[float]


class ReasonWire(TypedDict):
    reason: str
    images_count: int


class InferenceJobWire(JobWire):
    model: ModelNameWire
    images_count: int
    # Of how many images the model gave no proposal, and the most frequent sentences why.
    refused_count: int
    refused_why: list[ReasonWire]


class LogWire(TypedDict):
    text: str


class EpochWire(TypedDict):
    epoch: int
    # Every number that the training told of the epoch, by its own name; None where it was not finite.
    values: dict[str, float | None]


class CurveWire(TypedDict):
    epochs: list[EpochWire]


def model_name_wire(version: ModelVersion) -> ModelNameWire:
    return {"id": str(version.pk), "label": version.label, "state": version.state}


def job_wire(job: Job) -> JobWire:
    return {
        "id": str(job.pk),
        "project": {"id": str(job.project_id), "name": job.project.name},
        "name": job.name,
        "state": job.state,
        "cancel_requested": job.cancel_requested,
        "progress": cast("ProgressWire | None", job.progress),
        "attempt": job.attempt,
        "created_by": person_wire(job.created_by) if job.created_by else None,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "error": job.error,
    }


def training_job_wire(job: TrainingJob) -> TrainingJobWire:
    version: ModelVersion | None = getattr(job, "model_version", None)
    errors = [entry["error_px_median"] for entry in job.history if entry.get("error_px_median") is not None]
    losses = [entry["validation_loss"] for entry in job.history]
    return {
        **job_wire(job),
        "recipe": recipe_wire(recipe_of(job.recipe)),
        "snapshot": snapshot_wire(job.snapshot),
        "model": model_name_wire(version) if version else None,
        "start_from": model_name_wire(job.start_from) if job.start_from else None,
        "best_error_px": min(errors, default=None),
        "losses": [loss for loss in losses if loss is not None],
    }


_MOST_REASONS = 5


def inference_job_wire(job: InferenceJob) -> InferenceJobWire:
    """Needs `visible_inference_jobs`: refusals of images that are hidden by now do not count."""
    reasons = Counter(refusal.reason for refusal in job.refusals.all())
    return {
        **job_wire(job),
        "model": model_name_wire(job.model_version),
        "images_count": len(job.images),
        "refused_count": reasons.total(),
        "refused_why": [
            {"reason": reason, "images_count": count} for reason, count in reasons.most_common(_MOST_REASONS)
        ],
    }


# What says where a training is, and not how well it does.
_PLACES = frozenset({"epoch", "epochs", "step", "steps", "eta_s", "images", "points"})


def curve_wire(job: TrainingJob) -> CurveWire:
    return {
        "epochs": [{"epoch": entry["epoch"], "values": _numbers_of(entry)} for entry in job.history],
    }


def _numbers_of(entry: dict[str, Any]) -> dict[str, float | None]:
    return {
        name: value
        for name, value in entry.items()
        if name not in _PLACES
        and (value is None or (isinstance(value, int | float) and not isinstance(value, bool)))
    }


def visible_training_jobs(user: User) -> QuerySet[Any]:
    rows = TrainingJob.objects.visible_to(user).defer("snapshot__manifest")
    return rows.select_related("project", "created_by", "snapshot__created_by", "model_version", "start_from")


def visible_inference_jobs(user: User) -> QuerySet[Any]:
    rows = InferenceJob.objects.visible_to(user)
    live = Refusal.objects.filter(image__in=Image.objects.live()).order_by("pk")
    return rows.select_related("project", "created_by", "model_version").prefetch_related(
        Prefetch("refusals", queryset=live)
    )


_FILTERS = {
    "project": identifier("project"),
    "state": exact("state", [*JobState.values]),
    "finished_from": on_date("finished_at__date__gte"),
    "q": contains("name"),
}
_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-created_at": ("-created_at", "pk"),
    "created_at": ("created_at", "pk"),
    "name": ("name", "pk"),
}
TRAINING_JOBS = Listing[TrainingJob](
    filters={**_FILTERS, "snapshot": identifier("snapshot")},
    orderings=_ORDERINGS,
    default_ordering="-created_at",
)
INFERENCE_JOBS = Listing[InferenceJob](
    filters={**_FILTERS, "model_version": identifier("model_version")},
    orderings=_ORDERINGS,
    default_ordering="-created_at",
)


class TrainingInput(Input):
    snapshot = serializers.UUIDField()
    recipe = serializers.ChoiceField(choices=[*RECIPES])
    name = serializers.CharField(max_length=100)
    changes = serializers.DictField(default=dict)
    start_from = serializers.UUIDField(allow_null=True, default=None)


class InferenceInput(Input):
    model_version = serializers.UUIDField()
    images = serializers.ListField(
        child=serializers.UUIDField(), max_length=jobs.MOST_IMAGES, required=False, allow_empty=False
    )
    studies = serializers.ListField(
        child=serializers.UUIDField(), max_length=jobs.MOST_IMAGES, required=False, allow_empty=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "images" in attrs and "studies" in attrs:
            raise ValidationError({"studies": ["Name images or studies, not both."]})
        return attrs


class TrainingJobs(Endpoint):
    """Trainings. A POST starts one; `changes` sets numbers of the recipe, such as `{"epochs": 20}`, and
    `start_from` names a version with the recipe's network, whose weights it begins from."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.TRAIN}

    @extend_schema(
        operation_id="training_jobs_list",
        parameters=TRAINING_JOBS.parameters(),
        responses=page_of(TrainingJobWire),
    )
    def get(self, request: Request) -> Response:
        rows = visible_training_jobs(user_of(request))
        query = request.query_params.dict()
        return Response(TRAINING_JOBS.page(rows, query, lambda page: [*map(training_job_wire, page)]))

    @extend_schema(request=TrainingInput, responses={201: wire(TrainingJobWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(TrainingInput, request)
        snapshot = self.row(visible_snapshots(user), pk=given["snapshot"])
        try:
            recipe = RECIPES[given["recipe"]].with_changes(given["changes"])
        except ValueError as error:
            raise ValidationError({"changes": [str(error)]}) from error
        begun = given["start_from"]
        start_from = self.row(ModelVersion.objects.visible_to(user), pk=begun) if begun else None
        job = jobs.start_training(
            actor=user, snapshot=snapshot, recipe=recipe, name=given["name"], start_from=start_from
        )
        tasks.ring(job)
        return Response(training_job_wire(job), status=201)


class InferenceJobs(Endpoint):
    """Runs of a model. A POST starts one: on the images named, on all that it can read of some studies, or
    on all that it has not seen yet."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.TRAIN}

    @extend_schema(
        operation_id="inference_jobs_list",
        parameters=INFERENCE_JOBS.parameters(),
        responses=page_of(InferenceJobWire),
    )
    def get(self, request: Request) -> Response:
        rows = visible_inference_jobs(user_of(request))
        query = request.query_params.dict()
        return Response(INFERENCE_JOBS.page(rows, query, lambda page: [*map(inference_job_wire, page)]))

    @extend_schema(request=InferenceInput, responses={201: wire(InferenceJobWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(InferenceInput, request)
        rows = ModelVersion.objects.visible_to(user).select_related("project")
        version = self.row(rows, pk=given["model_version"])
        images = given.get("images")
        if "studies" in given:
            images = jobs.readable_in(version, given["studies"])
        job = jobs.start_inference(actor=user, version=version, images=images)
        tasks.ring(job)
        return Response(inference_job_wire(job), status=201)


class OneTrainingJob(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(TrainingJobWire))
    def get(self, request: Request, job_id: str) -> Response:
        return Response(training_job_wire(self.row(visible_training_jobs(user_of(request)), pk=job_id)))


class OneInferenceJob(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(InferenceJobWire))
    def get(self, request: Request, job_id: str) -> Response:
        return Response(inference_job_wire(self.row(visible_inference_jobs(user_of(request)), pk=job_id)))


class CancelTrainingJob(Endpoint):
    """A pending job is cancelled now; a running one is asked to, and its worker ends it within seconds."""

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=None, responses=wire(TrainingJobWire))
    def post(self, request: Request, job_id: str) -> Response:
        user = user_of(request)
        jobs.cancel(actor=user, job=self.row(visible_training_jobs(user), pk=job_id))
        return Response(training_job_wire(self.row(visible_training_jobs(user), pk=job_id)))


class ResumeTrainingJob(Endpoint):
    """A failed or cancelled training goes on from its last checkpoint, where its run folder is still kept."""

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=None, responses=wire(TrainingJobWire))
    def post(self, request: Request, job_id: str) -> Response:
        user = user_of(request)
        job: TrainingJob = self.row(visible_training_jobs(user), pk=job_id)
        jobs.resume_training(actor=user, job=job)
        tasks.ring(job)
        return Response(training_job_wire(self.row(visible_training_jobs(user), pk=job_id)))


class CancelInferenceJob(Endpoint):
    """As for a training."""

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=None, responses=wire(InferenceJobWire))
    def post(self, request: Request, job_id: str) -> Response:
        user = user_of(request)
        jobs.cancel(actor=user, job=self.row(visible_inference_jobs(user), pk=job_id))
        return Response(inference_job_wire(self.row(visible_inference_jobs(user), pk=job_id)))


class TrainingJobLog(Endpoint):
    """The end of what the training program printed."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(LogWire))
    def get(self, request: Request, job_id: str) -> Response:
        return Response({"text": self.row(visible_training_jobs(user_of(request)), pk=job_id).log})


class TrainingJobCurve(Endpoint):
    """Losses and figures of each finished epoch, whatever the kind of training tells."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(CurveWire))
    def get(self, request: Request, job_id: str) -> Response:
        return Response(curve_wire(self.row(visible_training_jobs(user_of(request)), pk=job_id)))
