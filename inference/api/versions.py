"""Model versions: list, the card of one, promote, retire."""

from typing import Any, ClassVar, TypedDict, cast

from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.reports import STATEMENT
from annotation.api.base import Endpoint, iso, user_of
from annotation.api.listing import Listing, contains, exact, identifier
from annotation.api.wires import ProjectNameWire
from annotation.api.wiretypes import page_of, wire
from annotation.models import AuditEntry, User
from annotation.permissions import Capability, InProject
from inference.actions import jobs, versions
from inference.api.jobs import ModelNameWire, model_name_wire
from inference.api.recipes import RecipeWire, recipe_wire
from inference.api.snapshots import SnapshotWire, snapshot_wire
from inference.models import ModelVersion, VersionState
from inference.recipes.catalogue import RECIPES, recipe_of


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
    # None, both, of weights that come with the program: `shipped` names them, `card` says what they are.
    snapshot: SnapshotWire | None
    job: VersionJobWire | None
    # The version whose weights the training began from; None where it began anew.
    start_from: ModelNameWire | None
    # Names of the recipes, as they are, whose training can begin from these weights.
    fits: list[str]
    shipped: str
    card: dict[str, Any]
    commit: str
    seed: int
    weights_sha256: str
    weights_bytes: int
    parameters: int
    best_epoch: int
    seconds: float
    # What it was trained on, and with which numbers: a recipe's bfloat16 is not used where it is slow.
    device: str
    precision: str
    # By split ("validation", "test"), whatever the kind of training measured: numbers, or numbers by name.
    metrics: dict[str, Any]
    digest: str
    state: str
    created_at: str | None
    state_changed_at: str | None
    predictions_count: int


class VersionActWire(TypedDict):
    at: str | None
    actor: str
    action: str


class ModelVersionDetailWire(ModelVersionWire):
    unseen_images: int
    gone_images: int
    # The version in use for the same points; None where none is, or it is this one.
    in_use: ModelNameWire | None
    # Its metrics, to hold this one's against.
    in_use_metrics: dict[str, Any]
    # Who made, promoted and retired it, the newest first.
    acts: list[VersionActWire]
    # What it was not made for, in plain words.
    limits: list[str]


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
        "recipe": recipe_wire(recipe_of(version.recipe)),
        "snapshot": snapshot_wire(version.snapshot) if version.snapshot else None,
        "job": {"id": str(version.job_id), "name": version.job.name} if version.job else None,
        "start_from": _start_of(version),
        "fits": [name for name, one in RECIPES.items() if one.fits(recipe_of(version.recipe))],
        "shipped": version.shipped,
        "card": version.card,
        "commit": version.commit,
        "seed": version.seed,
        "weights_sha256": version.weights_id,
        "weights_bytes": version.weights.size,
        "parameters": version.metrics["parameters"],
        "best_epoch": version.metrics["best_epoch"],
        "seconds": version.metrics["seconds"],
        "device": version.metrics["device"],
        "precision": version.metrics.get("precision", recipe_of(version.recipe).precision),
        "metrics": version.metrics["metrics"],
        "digest": version.digest,
        "state": version.state,
        "created_at": iso(version.created_at),
        "state_changed_at": iso(version.state_changed_at),
        "predictions_count": cast(Any, version).predictions_count,
    }


def _start_of(version: ModelVersion) -> ModelNameWire | None:
    if version.job is None or version.job.start_from is None:
        return None
    return model_name_wire(version.job.start_from)


def version_detail_wire(version: ModelVersion) -> ModelVersionDetailWire:
    """One version, with what it has not seen, what of its data is gone since, and whom it would replace."""
    in_use = versions.in_use(version)
    return {
        **version_wire(version),
        "unseen_images": len(jobs.unseen_images(version)),
        "gone_images": versions.gone_images(version),
        "in_use": model_name_wire(in_use) if in_use else None,
        "in_use_metrics": in_use.metrics["metrics"] if in_use else {},
        "acts": _acts(version),
        "limits": versions.limits_of(version),
    }


def _acts(version: ModelVersion) -> list[VersionActWire]:
    rows = AuditEntry.objects.filter(target_kind="modelversion", target_id=str(version.pk))
    return [
        {"at": iso(row.at), "actor": row.actor.name if row.actor else "", "action": row.action}
        for row in rows.select_related("actor").order_by("-id")[:50]
    ]


def visible_versions(user: User) -> QuerySet[ModelVersion]:
    rows = ModelVersion.objects.visible_to(user).annotate(predictions_count=Count("predictions"))
    return rows.select_related("project", "snapshot__created_by", "job__start_from", "weights").defer(
        "snapshot__manifest", "job__log", "job__history"
    )


class ModelCardWire(TypedDict):
    statement: str
    project: str
    label: str
    state: str
    architecture: str
    target: str
    schema: str
    recipe: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    training: dict[str, Any]
    limits: list[str]
    origin: dict[str, Any]
    acts: list[VersionActWire]


def card_wire(version: ModelVersion) -> ModelCardWire:
    """All that is known of a version, for whoever has only its file."""
    frozen = version.snapshot
    measured = {name: value for name, value in version.metrics.items() if name != "metrics"}
    return {
        "statement": STATEMENT,
        "project": version.project.name,
        "label": version.label,
        "state": version.state,
        "architecture": version.architecture,
        "target": version.target,
        "schema": version.schema,
        "recipe": version.recipe,
        "data": {"snapshot": frozen.name, "digest": frozen.digest, "counts": frozen.counts}
        if frozen
        else {"shipped": version.shipped, "described": version.card.get("data", "")},
        "metrics": version.metrics["metrics"],
        "training": measured,
        "limits": versions.limits_of(version),
        "origin": {
            "commit": version.commit,
            "seed": version.seed,
            "weights_sha256": version.weights_id,
            "weights_bytes": version.weights.size,
            "digest": version.digest,
            "made": iso(version.created_at),
            # The versions before it whose weights it goes on from, the nearest first.
            "began_from": [
                {
                    "label": one.label,
                    "digest": one.digest,
                    "weights_sha256": one.weights_id,
                    "data_digest": one.snapshot.digest if one.snapshot else one.card["data"]["digest"],
                }
                for one in list(versions.line_of(version))[1:]
            ],
        },
        "acts": _acts(version),
    }


VERSIONS = Listing[ModelVersion](
    filters={
        "project": identifier("project"),
        "snapshot": identifier("snapshot"),
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


class ModelCard(Endpoint):
    """The card of a version as a file: data, recipe, metrics, limits and origin, to go with its weights."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(ModelCardWire))
    def get(self, request: Request, version_id: str) -> Response:
        version = self.row(visible_versions(user_of(request)), pk=version_id)
        name = f"model-{version.number}-card.json"
        return Response(card_wire(version), headers={"Content-Disposition": f'attachment; filename="{name}"'})


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
