"""Dataset snapshots: list, freeze, look at one."""

from dataclasses import fields
from typing import Any, ClassVar, TypedDict, cast

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
from inference import tasks
from inference.actions import snapshots, surveys
from inference.actions.pairs import draft_pairs, freeze_pairs
from inference.actions.selection import MOST_HELD_OUT, REVIEWS, TEST_SHARE, VALIDATION_SHARE, Choice
from inference.actions.snapshots import Draft
from inference.models import DatasetSnapshot
from inference.models.snapshots import TARGETS


class SnapshotCountsWire(TypedDict):
    subjects: int
    images: int
    with_depth: int
    # Pairs whose film has its vertebral corners set; None in a snapshot from before they were counted.
    with_corners: int | None
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


class ChoiceWire(TypedDict):
    consent: str
    review: str
    visits_from: str | None
    visits_to: str | None
    validation_share: float
    test_share: float
    # The snapshot whose subjects stay on the side that they have there.
    split_as: str | None


class LeftOutWire(TypedDict):
    reason: str
    images: int


class FreezePreviewWire(TypedDict):
    counts: SnapshotCountsWire
    subjects: dict[str, int]
    left_out: list[LeftOutWire]
    # Why it cannot be frozen; empty where it can.
    problem: str


class SnapshotFactsWire(SnapshotWire):
    # None of the first snapshots: they took whatever was complete.
    choice: ChoiceWire | None
    gone_images: int


class SnapshotDetailWire(SnapshotFactsWire):
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
        "counts": cast(SnapshotCountsWire, {"with_corners": None, **row.counts}),
        "created_by": person_wire(row.created_by),
        "created_at": iso(row.created_at),
    }


def snapshot_facts_wire(row: DatasetSnapshot) -> SnapshotFactsWire:
    """A snapshot with what was chosen and what is gone since; without its entries, which can be many."""
    return {
        **snapshot_wire(row),
        "choice": _choice_wire(row.manifest.get("choice")),
        "gone_images": snapshots.gone_images(row),
    }


def _choice_wire(choice: dict[str, Any] | None) -> ChoiceWire | None:
    # The first choices did not know of another snapshot's split.
    return None if choice is None else cast(ChoiceWire, {"split_as": None, **choice})


def snapshot_detail_wire(row: DatasetSnapshot) -> SnapshotDetailWire:
    names = SnapshotEntryWire.__required_keys__
    entries = [cast(SnapshotEntryWire, {name: entry[name] for name in names}) for entry in row.entries]
    return {
        **snapshot_facts_wire(row),
        "entries": entries,
    }


def visible_snapshots(user: User) -> QuerySet[DatasetSnapshot]:
    return DatasetSnapshot.objects.visible_to(user).select_related("project", "created_by")


def preview_wire(draft: Draft) -> FreezePreviewWire:
    split_of = {entry["subject"]: entry["split"] for entry in draft.entries}
    splits = list(split_of.values())
    return {
        "counts": cast(SnapshotCountsWire, draft.counts),
        "subjects": {name: splits.count(name) for name in ("train", "validation", "test")},
        "left_out": [{"reason": name, "images": images} for name, images in draft.left_out.items() if images],
        "problem": draft.problem,
    }


class DraftInput(Input):
    project = serializers.UUIDField()
    schema = serializers.CharField(max_length=40)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=1)
    pairs = serializers.BooleanField(default=False)
    review = serializers.ChoiceField(choices=REVIEWS, default="complete")
    visits_from = serializers.DateField(allow_null=True, default=None)
    visits_to = serializers.DateField(allow_null=True, default=None)
    validation_share = serializers.FloatField(min_value=0, max_value=MOST_HELD_OUT, default=VALIDATION_SHARE)
    test_share = serializers.FloatField(min_value=0, max_value=MOST_HELD_OUT, default=TEST_SHARE)
    split_as = serializers.UUIDField(allow_null=True, default=None)


class FreezeInput(DraftInput):
    name = serializers.CharField(max_length=120)


def _with_choice(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a choice gathered into one."""
    chosen = {field.name: given.pop(field.name) for field in fields(Choice)}
    return {**given, "choice": Choice(**chosen)}


SNAPSHOTS = Listing[DatasetSnapshot](
    filters={
        "project": identifier("project"),
        "schema": exact("schema"),
        "target": exact("target", [*TARGETS]),
        "q": contains("name"),
    },
    orderings={"-created_at": ("-created_at", "pk"), "name": ("name", "pk")},
    default_ordering="-created_at",
)


class Snapshots(Endpoint):
    """Frozen datasets. A POST freezes the completely labelled images of a project, or some of them.

    With `pairs`, each back labelled in the schema beside the labelled X-ray of its visit. `review`: also
    accepted by a doctor, or signed. `visits_from`, `visits_to`: dates of visits, both included. The shares
    are of the subjects; with `split_as`, those of that snapshot stay on the side that they have there.
    """

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
        freeze = freeze_pairs if given.pop("pairs") else snapshots.freeze
        snapshot = freeze(actor=user, project=project, **_with_choice(given))
        survey = surveys.ask(actor=user, snapshot=snapshot)
        if survey is not None:
            tasks.ring(survey)
        return Response(snapshot_wire(snapshot), status=201)


class SnapshotPreview(Endpoint):
    """What the same POST to `snapshots` would freeze, by split, and what it would leave out and why.

    Reasons: `withdrawn` (consent), `visit` (outside the dates), `put_aside`, `unlabelled` (not completely),
    `returned` (by a doctor), `unreviewed` (not accepted or signed, where that is asked); of pairs also
    `another` (its visit has a pair already) and `without_film`.
    """

    permission_classes = [InProject]
    capabilities: ClassVar[dict[str, Capability]] = {"POST": Capability.TRAIN}

    @extend_schema(request=DraftInput, responses=wire(FreezePreviewWire))
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(DraftInput, request)
        project = self.row(Project.objects.visible_to(user), pk=given.pop("project"))
        draft = draft_pairs if given.pop("pairs") else snapshots.draft
        return Response(preview_wire(draft(project=project, **_with_choice(given))))


class OneSnapshot(Endpoint):
    """One snapshot with its entries, and how many of its images may no longer be used."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(SnapshotDetailWire))
    def get(self, request: Request, snapshot_id: str) -> Response:
        return Response(snapshot_detail_wire(self.row(visible_snapshots(user_of(request)), pk=snapshot_id)))
