"""Notes on the films of a study."""

from typing import TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import filmnotes
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.wires import PersonWire, person_wire
from annotation.api.wiretypes import list_of, wire
from annotation.models import FilmNote, Image, Study
from annotation.permissions import Capability, InProject, SignedIn, require


class FilmNoteWire(TypedDict):
    id: str
    study: str
    image: str
    text: str
    x: float
    y: float
    reader: PersonWire
    created_at: str | None
    retracted_at: str | None


def film_note_wire(row: FilmNote) -> FilmNoteWire:
    """Needs `reader` selected."""
    return {
        "id": str(row.pk),
        "study": str(row.study_id),
        "image": str(row.image_id),
        "text": row.text,
        "x": row.x,
        "y": row.y,
        "reader": person_wire(row.reader),
        "created_at": iso(row.created_at),
        "retracted_at": iso(row.retracted_at),
    }


class FilmNoteInput(Input):
    """`x` and `y` are stored pixels of the image."""

    image = serializers.UUIDField()
    text = serializers.CharField(max_length=200)
    x = serializers.FloatField()
    y = serializers.FloatField()


def _rows() -> QuerySet[FilmNote]:
    return FilmNote.objects.select_related("reader", "study__project")


class FilmNotes(Endpoint):
    """What readers wrote on a study's films, the retracted too; a POST writes another."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.MEASURE}

    def _study(self, request: Request, study_id: str) -> Study:
        return self.row(Study.objects.visible_to(user_of(request)).select_related("project"), pk=study_id)

    @extend_schema(operation_id="film_notes_list", responses=list_of(FilmNoteWire))
    def get(self, request: Request, study_id: str) -> Response:
        study = self._study(request, study_id)
        return Response([film_note_wire(row) for row in _rows().filter(study=study).order_by("created_at")])

    @extend_schema(request=FilmNoteInput, responses={201: wire(FilmNoteWire)})
    def post(self, request: Request, study_id: str) -> Response:
        study, user = self._study(request, study_id), user_of(request)
        given = parse(FilmNoteInput, request)
        images = Image.objects.filter(study=study).select_related("study__project", "project")
        image = self.row(images, pk=given.pop("image"))
        return Response(film_note_wire(filmnotes.write(reader=user, image=image, **given)), status=201)


class OneFilmNote(Endpoint):
    """A DELETE retracts, a POST takes that back; both keep the row."""

    permission_classes = [SignedIn]

    def _note(self, request: Request, note_id: str) -> FilmNote:
        user = user_of(request)
        row = self.row(_rows().filter(study__in=Study.objects.visible_to(user)), pk=note_id)
        require(user, row.study.project, Capability.MEASURE)
        return row

    @extend_schema(responses=wire(FilmNoteWire))
    def delete(self, request: Request, note_id: str) -> Response:
        note = self._note(request, note_id)
        return Response(film_note_wire(filmnotes.retract(actor=user_of(request), note=note)))

    @extend_schema(operation_id="film_notes_restore", request=None, responses=wire(FilmNoteWire))
    def post(self, request: Request, note_id: str) -> Response:
        note = self._note(request, note_id)
        return Response(film_note_wire(filmnotes.restore(actor=user_of(request), note=note)))
