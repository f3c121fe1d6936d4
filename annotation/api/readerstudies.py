"""Blinded reader studies: made and closed by who manages the project, read by its doctors.

What a reader is answered never says which film is synthetic, nor whose it is.
"""

from typing import Any, TypedDict

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import readerstudies
from annotation.actions.audit import record_access
from annotation.actions.files import open_stored
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, identifier
from annotation.api.wires import PersonWire, ProjectNameWire, person_wire, project_name_wire
from annotation.api.wiretypes import page_of, wire
from annotation.models import BlindReading, Project, ReaderStudy, ReaderStudyItem, User
from annotation.models.readerstudies import BlindVerdict
from annotation.permissions import Capability, InProject, SignedIn, allows, require, role_in


class ReaderProgressWire(TypedDict):
    reader: PersonWire
    done: int
    last_read_at: str | None


class ReaderStudyWire(TypedDict):
    id: str
    project: ProjectNameWire
    name: str
    films: int
    # The asker's own; null for who manages the study and so does not read in it.
    done: int | None
    created_at: str | None
    closed_at: str | None
    # Of every reader, for who manages the study; else empty.
    progress: list[ReaderProgressWire]
    may_see_results: bool


class BlindFilmWire(TypedDict):
    """The reader's next film; `number` counts from 1."""

    film: str
    number: int
    url: str
    following_url: str | None


class BlindCaseWire(TypedDict):
    id: str
    name: str
    films: int
    done: int
    width: int
    height: int
    closed: bool
    next: BlindFilmWire | None


def readable_studies(user: User) -> QuerySet[ReaderStudy]:
    """Of the projects where the user's role reads films."""
    rows = ReaderStudy.objects.visible_to(user).select_related("project")
    projects = Project.objects.visible_to(user)
    measured = [row.pk for row in projects if allows(role_in(user, row.pk), Capability.MEASURE)]
    return rows.filter(project__in=measured)


def manages(user: User, study: ReaderStudy) -> bool:
    return allows(role_in(user, study.project_id), Capability.MANAGE)


def may_see_results(user: User, study: ReaderStudy) -> bool:
    """Who manages the study, at any time; its readers once nothing is read any more."""
    return manages(user, study) or study.closed_at is not None


def reader_study_wire(user: User, study: ReaderStudy) -> ReaderStudyWire:
    """Needs `project` selected."""
    is_manager = manages(user, study)
    live = ReaderStudyItem.objects.live().filter(reader_study=study)
    return {
        "id": str(study.pk),
        "project": project_name_wire(study.project),
        "name": study.name,
        "films": live.count(),
        "done": None if is_manager else len(readerstudies.read_by(user, study)),
        "created_at": iso(study.created_at),
        "closed_at": iso(study.closed_at),
        "progress": _progress(live) if is_manager else [],
        "may_see_results": may_see_results(user, study),
    }


def _progress(items: QuerySet[ReaderStudyItem]) -> list[ReaderProgressWire]:
    counted = BlindReading.objects.filter(item__in=items).order_by().values("reader")
    rows = list(counted.annotate(done=Count("pk"), last=Max("created_at")))
    people = User.objects.in_bulk([row["reader"] for row in rows])
    found: list[ReaderProgressWire] = [
        {"reader": person_wire(people[row["reader"]]), "done": row["done"], "last_read_at": iso(row["last"])}
        for row in rows
    ]
    return sorted(found, key=lambda each: each["reader"]["username"])


def blind_case_wire(user: User, study: ReaderStudy) -> BlindCaseWire:
    done = readerstudies.read_by(user, study)
    order = readerstudies.order_for(user, study)
    waiting = [] if study.closed_at else [item for item in order if item.pk not in done]
    urls = [f"/api/v1/reader-studies/{study.pk}/films/{item.pk}" for item in waiting[:2]]
    return {
        "id": str(study.pk),
        "name": study.name,
        "films": len(order),
        "done": len(done),
        "width": study.frame_width,
        "height": study.frame_height,
        "closed": study.closed_at is not None,
        "next": {
            "film": str(waiting[0].pk),
            "number": len(done) + 1,
            "url": urls[0],
            "following_url": urls[1] if len(urls) > 1 else None,
        }
        if waiting
        else None,
    }


def require_reader(user: User, study: ReaderStudy) -> None:
    """Who sees kinds and results cannot be blind to them."""
    if manages(user, study):
        raise PermissionDenied(
            "You manage this project and see its results, so you do not read blinded in it."
        )
    require(user, study.project, Capability.MEASURE)


READER_STUDIES = Listing[ReaderStudy](
    filters={"project": identifier("project_id")},
    orderings={
        "-created_at": ("-created_at", "pk"),
        "created_at": ("created_at", "pk"),
        "name": ("name", "pk"),
        "-name": ("-name", "pk"),
    },
    default_ordering="-created_at",
)


class ReaderStudyInput(Input):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=80)
    films_each = serializers.IntegerField(min_value=2, max_value=100)
    seed = serializers.IntegerField(min_value=0, max_value=readerstudies.MOST_SEED, required=False)


class ReaderStudies(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="reader_studies_list",
        parameters=READER_STUDIES.parameters(),
        responses=page_of(ReaderStudyWire),
    )
    def get(self, request: Request) -> Response:
        user = user_of(request)
        rows = readable_studies(user)
        return Response(
            READER_STUDIES.page(
                rows, request.query_params, lambda found: [reader_study_wire(user, row) for row in found]
            )
        )

    @extend_schema(request=ReaderStudyInput, responses={201: wire(ReaderStudyWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(ReaderStudyInput, request)
        project = self.row(Project.objects.visible_to(user), pk=given.pop("project"))
        require(user, project, Capability.MANAGE)
        made = readerstudies.create(actor=user, project=project, **given)
        return Response(reader_study_wire(user, made), status=201)


class ReaderStudyEndpoint(Endpoint):
    """What every view of one reader study shares."""

    permission_classes = [InProject]

    def study(self, request: Request, reader_study_id: str) -> ReaderStudy:
        rows = ReaderStudy.objects.visible_to(user_of(request)).select_related("project")
        return self.row(rows, pk=reader_study_id)

    def item(self, request: Request, reader_study_id: str, blinded_id: str) -> ReaderStudyItem:
        """A film of the study, for who reads in it."""
        study = self.study(request, reader_study_id)
        require_reader(user_of(request), study)
        rows = ReaderStudyItem.objects.live().filter(reader_study=study).select_related("film", "image")
        found = rows.filter(pk=blinded_id).first()
        return found or self.missing()


class OneReaderStudy(ReaderStudyEndpoint):
    capabilities = {"GET": Capability.MEASURE}

    @extend_schema(responses=wire(ReaderStudyWire))
    def get(self, request: Request, reader_study_id: str) -> Response:
        study = self.study(request, reader_study_id)
        return Response(reader_study_wire(user_of(request), study))


class ReaderStudyClosed(ReaderStudyEndpoint):
    """No reading is taken any more, and readers may see the results."""

    capabilities = {"POST": Capability.MANAGE}

    @extend_schema(request=None, responses=wire(ReaderStudyWire))
    def post(self, request: Request, reader_study_id: str) -> Response:
        user, study = user_of(request), self.study(request, reader_study_id)
        return Response(reader_study_wire(user, readerstudies.close(actor=user, study=study)))


class BlindCase(ReaderStudyEndpoint):
    """Where the reader is, and the next film."""

    capabilities = {"GET": Capability.MEASURE}

    @extend_schema(responses=wire(BlindCaseWire))
    def get(self, request: Request, reader_study_id: str) -> Response:
        user, study = user_of(request), self.study(request, reader_study_id)
        require_reader(user, study)
        return Response(blind_case_wire(user, study))


class BlindFilm(ReaderStudyEndpoint):
    """A film's pixels: the same headers, encoding and number of bytes whatever it is."""

    capabilities = {"GET": Capability.MEASURE}

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, reader_study_id: str, blinded_id: str) -> HttpResponse:
        item = self.item(request, reader_study_id, blinded_id)
        record_access(user=user_of(request), image=item.image, variant="blinded")
        with open_stored(item.film) as handle:
            response = HttpResponse(handle.read(), content_type="image/png")
        response["Content-Disposition"] = 'inline; filename="film.png"'
        response["Cache-Control"] = "private, no-store"
        return response


def _line() -> serializers.ListField:
    end = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    return serializers.ListField(child=end, min_length=2, max_length=2, required=False)


class BlindReadingInput(Input):
    """Both lines with their levels; or none of the four, where no angle can be read on the film."""

    verdict = serializers.ChoiceField(choices=BlindVerdict.choices)
    confidence = serializers.IntegerField(min_value=1, max_value=5)
    seconds = serializers.FloatField(min_value=0, max_value=86_400)
    upper_line = _line()
    lower_line = _line()
    upper_level = serializers.CharField(max_length=4, required=False)
    lower_level = serializers.CharField(max_length=4, required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        angle = ("upper_line", "lower_line", "upper_level", "lower_level")
        absent = [name for name in angle if name not in given]
        if absent and len(absent) < len(angle):
            raise serializers.ValidationError(
                {name: ["An angle is given whole or not at all."] for name in absent}
            )
        return given


class BlindReadings(ReaderStudyEndpoint):
    """Takes the reading of the reader's next film, and answers with the one after it."""

    capabilities = {"POST": Capability.MEASURE}

    @extend_schema(request=BlindReadingInput, responses={201: wire(BlindCaseWire)})
    def post(self, request: Request, reader_study_id: str, blinded_id: str) -> Response:
        given, user = parse(BlindReadingInput, request), user_of(request)
        item = self.item(request, reader_study_id, blinded_id)
        readerstudies.read(reader=user, item=item, **given)
        return Response(blind_case_wire(user, self.study(request, reader_study_id)), status=201)
