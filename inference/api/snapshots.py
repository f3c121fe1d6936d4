"""Dataset snapshots: list, freeze, look at one."""

from typing import TypedDict, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, contains, exact, identifier
from annotation.api.wires import PersonWire, person_wire
from annotation.api.wiretypes import page_of, wire
from annotation.models import Project, User
from annotation.permissions import Capability, InProject
from inference.actions import snapshots
from inference.models import DatasetSnapshot


class SnapshotCountsWire(TypedDict):
    subjects: int
    images: int
    with_depth: int
    train: int
    validation: int
    test: int


class SnapshotWire(TypedDict):
    id: str
    project: str
    name: str
    schema: str
    target: str
    seed: int
    digest: str
    counts: SnapshotCountsWire
    created_by: PersonWire
    created_at: str | None


class SnapshotEntryWire(TypedDict):
    image: str
    subject: str
    split: str
    colour: str
    depth: str | None
    set: str
    revision: int


class SnapshotDetailWire(SnapshotWire):
    gone_images: int
    entries: list[SnapshotEntryWire]


def snapshot_wire(row: DatasetSnapshot) -> SnapshotWire:
    return {
        "id": str(row.pk),
        "project": str(row.project_id),
        "name": row.name,
        "schema": row.schema,
        "target": row.target,
        "seed": row.seed,
        "digest": row.digest,
        "counts": cast(SnapshotCountsWire, row.counts),
        "created_by": person_wire(row.created_by),
        "created_at": iso(row.created_at),
    }


def snapshot_detail_wire(row: DatasetSnapshot) -> SnapshotDetailWire:
    names = SnapshotEntryWire.__required_keys__
    entries = [cast(SnapshotEntryWire, {name: entry[name] for name in names}) for entry in row.entries]
    return {
        **snapshot_wire(row),
        "gone_images": snapshots.gone_images(row),
        "entries": entries,
    }


def visible_snapshots(user: User) -> QuerySet[DatasetSnapshot]:
    return DatasetSnapshot.objects.visible_to(user).select_related("project", "created_by")


class FreezeInput(Input):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    schema = serializers.CharField(max_length=40)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=1)


SNAPSHOTS = Listing[DatasetSnapshot](
    filters={
        "project": identifier("project"),
        "schema": exact("schema"),
        "target": exact("target", ["back", "radiograph"]),
        "q": contains("name"),
    },
    orderings={"-created_at": ("-created_at", "pk"), "name": ("name", "pk")},
    default_ordering="-created_at",
)


class Snapshots(Endpoint):
    """Frozen datasets. A POST freezes every completely labelled image of a project."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.TRAIN}

    @extend_schema(
        operation_id="snapshots_list", parameters=SNAPSHOTS.parameters(), responses=page_of(SnapshotWire)
    )
    def get(self, request: Request) -> Response:
        rows = visible_snapshots(user_of(request))
        found = SNAPSHOTS.page(rows, request.query_params.dict(), lambda page: [*map(snapshot_wire, page)])
        return Response(found)

    @extend_schema(request=FreezeInput, responses={201: wire(SnapshotWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(FreezeInput, request)
        project = self.row(Project.objects.visible_to(user), pk=given.pop("project"))
        return Response(snapshot_wire(snapshots.freeze(actor=user, project=project, **given)), status=201)


class OneSnapshot(Endpoint):
    """One snapshot with its entries, and how many of its images may no longer be used."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(SnapshotDetailWire))
    def get(self, request: Request, snapshot_id: str) -> Response:
        return Response(snapshot_detail_wire(self.row(visible_snapshots(user_of(request)), pk=snapshot_id)))
