"""Imports: files come in resumable chunks, are looked at, and are stored once the person confirms."""

from typing import TypedDict

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import imports, inspection
from annotation.actions.confirmation import Answer, confirm
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.chunks import chunk_of, with_offset
from annotation.api.wires import ProjectNameWire, project_name_wire
from annotation.api.wiretypes import list_of, wire
from annotation.models import Import, ImportItem, Project
from annotation.models.images import Direction
from annotation.models.imports import ImportState
from annotation.permissions import Capability, InProject


class FoundPointsWire(TypedDict):
    image: str
    schema: str
    count: int


class FoundWire(TypedDict):
    """What a look at a file found. `side`: where the patient's right lies in the picture, if it is known.

    `dated`: the file names its day, which is kept moved by the subject's own number of days.
    """

    title: str
    width: int
    height: int
    bit_depth: int
    spacing_mm: list[float] | None
    calibration: str
    direction: str
    side: str
    side_certain: bool
    side_marker: str
    subject: str
    sex: str
    visit_date: str | None
    dated: bool
    device: str
    removed: list[str]
    notes: list[str]
    points: list[FoundPointsWire]


class ImportItemWire(TypedDict):
    id: str
    name: str
    size: int
    received: int
    state: str
    role: str
    group: str
    kind: str
    problem: str
    found: FoundWire | None
    thumbnail: str | None
    study: str | None


class ImportWire(TypedDict):
    id: str
    project: ProjectNameWire
    created_at: str | None
    state: str
    items: list[ImportItemWire]


class ImportNameWire(TypedDict):
    id: str
    created_at: str | None
    items_count: int


def item_wire(item: ImportItem) -> ImportItemWire:
    found = item.found.get("wire")
    url = f"/api/v1/imports/{item.batch_id}/items/{item.pk}/thumbnail"
    return {
        "id": str(item.pk),
        "name": item.name,
        "size": item.size,
        "received": item.received,
        "state": item.state,
        "role": item.role,
        "group": item.group,
        "kind": item.kind,
        "problem": item.problem,
        "found": found,
        "thumbnail": url if found and item.found.get("thumbnail") else None,
        "study": str(item.study_id) if item.study_id else None,
    }


def import_wire(batch: Import) -> ImportWire:
    return {
        "id": str(batch.pk),
        "project": project_name_wire(batch.project),
        "created_at": iso(batch.created_at),
        "state": batch.state,
        "items": [item_wire(item) for item in batch.items.order_by("name")],
    }


class ItemInput(Input):
    name = serializers.CharField(max_length=400, trim_whitespace=False)
    size = serializers.IntegerField(min_value=0)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, default="")


class AnswerInput(Input):
    id = serializers.UUIDField()
    subject = serializers.CharField(max_length=64)
    visit_date = serializers.DateField(
        required=False,
        allow_null=True,
        help_text="None: the day the file names, moved as all of the subject's.",
    )
    direction = serializers.ChoiceField(Direction.choices, required=False, default="", allow_blank=True)
    side = serializers.ChoiceField(
        ["image_left", "image_right", "unknown"],
        required=False,
        default="",
        allow_blank=True,
        help_text="Where the patient's right lies in the picture as stored.",
    )


class ConfirmInput(Input):
    items = AnswerInput(many=True, allow_empty=False)


class OfImport(Endpoint):
    """The base of the views of one import: one's own, in a project where one may import."""

    permission_classes = [InProject]

    def batch(self, request: Request, import_id: str) -> Import:
        rows = Import.objects.visible_to(user_of(request)).select_related("project", "created_by")
        return self.row(rows, pk=import_id)

    def item(self, request: Request, import_id: str, item_id: str) -> ImportItem:
        batch = self.batch(request, import_id)
        found = batch.items.select_related("batch__project").filter(pk=item_id).first()
        if found is None:
            raise Http404
        return found


class ProjectImports(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.IMPORT, "POST": Capability.IMPORT}

    def _project(self, request: Request, project_id: str) -> Project:
        return self.row(Project.objects.visible_to(user_of(request)), pk=project_id)

    @extend_schema(operation_id="imports_open", responses=list_of(ImportNameWire))
    def get(self, request: Request, project_id: str) -> Response:
        """One's own imports that are still open, newest first: to go on with."""
        project = self._project(request, project_id)
        rows = Import.objects.visible_to(user_of(request)).filter(project=project, state=ImportState.OPEN)
        names = [
            ImportNameWire(id=str(row.pk), created_at=iso(row.created_at), items_count=row.items.count())
            for row in rows.order_by("-created_at")[:20]
        ]
        return Response(names)

    @extend_schema(request=None, responses={201: wire(ImportWire)})
    def post(self, request: Request, project_id: str) -> Response:
        project = self._project(request, project_id)
        opened = imports.open_import(user=user_of(request), project=project)
        return Response(import_wire(opened), status=201)


class OneImport(OfImport):
    capabilities = {"GET": Capability.IMPORT, "DELETE": Capability.IMPORT}

    @extend_schema(responses=wire(ImportWire))
    def get(self, request: Request, import_id: str) -> Response:
        return Response(import_wire(self.batch(request, import_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, import_id: str) -> Response:
        """Discard the import and every byte of it that was not confirmed."""
        imports.discard(user=user_of(request), batch=self.batch(request, import_id))
        return Response(status=204)


class ImportItems(OfImport):
    capabilities = {"POST": Capability.IMPORT}

    @extend_schema(request=ItemInput, responses={201: wire(ImportItemWire)})
    def post(self, request: Request, import_id: str) -> Response:
        """Announce a file. The same name and size again answers the item as it is, to go on from."""
        batch = self.batch(request, import_id)
        item = imports.add_item(batch=batch, **parse(ItemInput, request))
        return Response(item_wire(item), status=201)


class OneImportItem(OfImport):
    capabilities = {"DELETE": Capability.IMPORT}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, import_id: str, item_id: str) -> Response:
        imports.remove_item(item=self.item(request, import_id, item_id))
        return Response(status=204)


class ImportContent(OfImport):
    capabilities = {"PUT": Capability.IMPORT}

    @extend_schema(
        parameters=[
            OpenApiParameter("Upload-Offset", int, OpenApiParameter.HEADER, required=True),
        ],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=wire(ImportItemWire),
    )
    def put(self, request: Request, import_id: str, item_id: str) -> Response:
        """Add one chunk of at most 8 MiB at the end of what is there; 409 says where that is."""
        item = self.item(request, import_id, item_id)
        offset, stream = chunk_of(request)
        return Response(item_wire(imports.append(item=item, offset=offset, stream=stream)))

    def handle_exception(self, exc: Exception) -> Response:
        return with_offset(super().handle_exception(exc), exc)


class ImportThumbnail(OfImport):
    capabilities = {"GET": Capability.IMPORT}

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, import_id: str, item_id: str) -> FileResponse:
        """A small picture of a file that waits to be confirmed, for the one who imports it."""
        path = inspection.thumbnail_of(self.item(request, import_id, item_id))
        if path is None:
            raise Http404
        answer = FileResponse(path.open("rb"), content_type="image/jpeg")
        answer["Cache-Control"] = "private, max-age=3600"
        return answer


class ImportInspect(OfImport):
    capabilities = {"POST": Capability.IMPORT}

    @extend_schema(request=None, responses=wire(ImportWire))
    def post(self, request: Request, import_id: str) -> Response:
        """Look at files that came in, for a few seconds; call again while items are `checking`."""
        batch = self.batch(request, import_id)
        inspection.look(batch=batch, user=user_of(request))
        return Response(import_wire(batch))


class ImportConfirm(OfImport):
    capabilities = {"POST": Capability.IMPORT}

    @extend_schema(request=ConfirmInput, responses=wire(ImportWire))
    def post(self, request: Request, import_id: str) -> Response:
        """Store the named acquisitions. Those with a problem say so; the others are stored all the same."""
        batch = self.batch(request, import_id)
        answers = [
            Answer(item=answer.pop("id"), **answer) for answer in parse(ConfirmInput, request)["items"]
        ]
        confirm(user=user_of(request), batch=batch, answers=answers)
        batch.refresh_from_db(fields=["state"])
        return Response(import_wire(batch))
