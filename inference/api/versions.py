"""Model versions: list, the card of one, promote, retire."""

from typing import Any, ClassVar, TypedDict, cast

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, iso, user_of
from annotation.api.listing import Listing, contains, exact, identifier
from annotation.api.wires import ProjectNameWire
from annotation.api.wiretypes import page_of, wire
from annotation.models import User
from annotation.permissions import Capability, InProject
from inference.actions import jobs, snapshots, versions
from inference.api.recipes import RecipeWire
from inference.api.snapshots import SnapshotWire, snapshot_wire
from inference.models import ModelVersion, VersionState


class ScoresWire(TypedDict):
    images: int
    points: int
    loss: float | None
    error_px_mean: float | None
    error_px_median: float | None
    error_px_p90: float | None
    error_px_p95: float | None
    heatmap_mse: float | None
    heatmap_mse_of_empty_map: float | None
    error_px_by_point: dict[str, float]


class VersionJobWire(TypedDict):
    id: str
    name: str


class ModelVersionWire(TypedDict):
    id: str
    project: ProjectNameWire
    name: str
    number: int
    label: str
    schema: str
    target: str
    architecture: str
    recipe: RecipeWire
    snapshot: SnapshotWire
    job: VersionJobWire
    commit: str
    seed: int
    weights_sha256: str
    weights_bytes: int
    parameters: int
    best_epoch: int
    seconds: float
    device: str
    validation: ScoresWire | None
    test: ScoresWire | None
    digest: str
    state: str
    created_at: str | None
    state_changed_at: str | None
    predictions_count: int


class ModelVersionDetailWire(ModelVersionWire):
    unseen_images: int
    gone_images: int


def _scores(version: ModelVersion, split: str) -> ScoresWire | None:
    measured = version.metrics["metrics"].get(split)
    if measured is None:
        return None
    names = ScoresWire.__required_keys__
    return cast(ScoresWire, {name: measured.get(name) for name in names})


def version_wire(version: ModelVersion) -> ModelVersionWire:
    """A version of a queryset from `visible_versions`."""
    return {
        "id": str(version.pk),
        "project": {"id": str(version.project_id), "name": version.project.name},
        "name": version.name,
        "number": version.number,
        "label": version.label,
        "schema": version.schema,
        "target": version.target,
        "architecture": version.architecture,
        "recipe": cast(RecipeWire, version.recipe),
        "snapshot": snapshot_wire(version.snapshot),
        "job": {"id": str(version.job_id), "name": version.job.name},
        "commit": version.commit,
        "seed": version.seed,
        "weights_sha256": version.weights_id,
        "weights_bytes": version.weights.size,
        "parameters": version.metrics["parameters"],
        "best_epoch": version.metrics["best_epoch"],
        "seconds": version.metrics["seconds"],
        "device": version.metrics["device"],
        "validation": _scores(version, "validation"),
        "test": _scores(version, "test"),
        "digest": version.digest,
        "state": version.state,
        "created_at": iso(version.created_at),
        "state_changed_at": iso(version.state_changed_at),
        "predictions_count": cast(Any, version).predictions_count,
    }


def version_detail_wire(version: ModelVersion) -> ModelVersionDetailWire:
    """The card of one version: with what it has not seen yet, and what of its data is gone since."""
    return {
        **version_wire(version),
        "unseen_images": len(jobs.unseen_images(version)),
        "gone_images": snapshots.gone_images(version.snapshot),
    }


def visible_versions(user: User) -> QuerySet[ModelVersion]:
    rows = ModelVersion.objects.visible_to(user).annotate(predictions_count=Count("predictions"))
    return rows.select_related("project", "snapshot__created_by", "job", "weights").defer(
        "snapshot__manifest", "job__log", "job__history"
    )


VERSIONS = Listing[ModelVersion](
    filters={
        "project": identifier("project"),
        "schema": exact("schema"),
        "state": exact("state", [*VersionState.values]),
        "q": contains("name"),
    },
    orderings={
        "-created_at": ("-created_at", "pk"),
        "name": ("name", "-number"),
        "-number": ("-number", "pk"),
    },
    default_ordering="-created_at",
)


class ModelVersions(Endpoint):
    """Model versions, each with its whole origin. They are made by trainings only."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(
        operation_id="model_versions_list",
        parameters=VERSIONS.parameters(),
        responses=page_of(ModelVersionWire),
    )
    def get(self, request: Request) -> Response:
        rows = visible_versions(user_of(request))
        query = request.query_params.dict()
        return Response(VERSIONS.page(rows, query, lambda page: [*map(version_wire, page)]))


class OneModelVersion(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(ModelVersionDetailWire))
    def get(self, request: Request, version_id: str) -> Response:
        return Response(version_detail_wire(self.row(visible_versions(user_of(request)), pk=version_id)))


class PromoteModelVersion(Endpoint):
    """Make it the version the project works with; also how a project rolls back to an older one."""

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=None, responses=wire(ModelVersionDetailWire))
    def post(self, request: Request, version_id: str) -> Response:
        user = user_of(request)
        versions.promote(actor=user, version=self.row(visible_versions(user), pk=version_id))
        return Response(version_detail_wire(self.row(visible_versions(user), pk=version_id)))


class RetireModelVersion(Endpoint):
    """Take it out of use. What it has placed stays."""

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=None, responses=wire(ModelVersionDetailWire))
    def post(self, request: Request, version_id: str) -> Response:
        user = user_of(request)
        versions.retire(actor=user, version=self.row(visible_versions(user), pk=version_id))
        return Response(version_detail_wire(self.row(visible_versions(user), pk=version_id)))
