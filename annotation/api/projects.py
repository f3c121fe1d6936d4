"""Projects and the landmark schemas they may use."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypedDict

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import cohort, schemas
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, contains
from annotation.api.wiretypes import list_of, page_of, wire
from annotation.models import Image, Measurement, Membership, Project, Study, Subject, User
from annotation.models.people import Role
from annotation.permissions import Capability, InProject, SignedIn, require
from annotation.spine.schemas import BUILT_IN, LandmarkPoint, LandmarkSchema


class ProjectCountsWire(TypedDict):
    subjects: int
    studies: int
    rgbd: int
    radiographs: int
    to_label: int
    to_read: int
    measurements: int


class ProjectWire(TypedDict):
    id: str
    name: str
    description: str
    label_first: bool
    back_schema: str
    radiograph_schema: str
    created_at: str | None
    role: str
    counts: ProjectCountsWire


def counts_of(project: Project) -> ProjectCountsWire:
    """What the project holds and what waits in it: live rows only, four queries."""
    studies = (
        Study.objects.live()
        .filter(project=project)
        .aggregate(
            studies=Count("pk"),
            rgbd=Count("pk", filter=Q(has_rgbd=True)),
            radiographs=Count("pk", filter=Q(has_radiograph=True)),
            to_read=Count("pk", filter=Q(has_radiograph=True, cobb_count=0)),
        )
    )
    return {
        "studies": studies["studies"],
        "rgbd": studies["rgbd"],
        "radiographs": studies["radiographs"],
        "to_read": studies["to_read"],
        "subjects": Subject.objects.live().filter(project=project).count(),
        "to_label": Image.objects.filter(project=project, waiting=True).count(),
        "measurements": Measurement.objects.filter(
            study__in=Study.objects.live().filter(project=project), retracted_at=None
        ).count(),
    }


def project_wire(project: Project, role: str) -> ProjectWire:
    return {
        "id": str(project.pk),
        "name": project.name,
        "description": project.description,
        "label_first": project.label_first,
        "back_schema": project.back_schema,
        "radiograph_schema": project.radiograph_schema,
        "created_at": iso(project.created_at),
        "role": role,
        "counts": counts_of(project),
    }


def project_wires(user: User, projects: Iterable[Project]) -> list[ProjectWire]:
    """Projects with the user's role in each."""
    roles = dict(Membership.objects.filter(user=user).values_list("project_id", "role"))
    default = Role.ADMIN if user.is_superuser else ""
    return [
        project_wire(row, Role.ADMIN if user.is_superuser else roles.get(row.pk, default)) for row in projects
    ]


class ProjectInput(Input):
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=4000, allow_blank=True, default="")


class ProjectChangeInput(Input):
    name = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    label_first = serializers.BooleanField(required=False)
    back_schema = serializers.CharField(max_length=40, required=False)
    radiograph_schema = serializers.CharField(max_length=40, required=False)


PROJECTS = Listing[Project](
    filters={"q": contains("name", "description")},
    orderings={"name": ("name",), "-name": ("-name",), "-created_at": ("-created_at", "pk")},
    default_ordering="name",
)


class Projects(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="projects_list", parameters=PROJECTS.parameters(), responses=page_of(ProjectWire)
    )
    def get(self, request: Request) -> Response:
        user = user_of(request)
        rows = Project.objects.visible_to(user)
        return Response(PROJECTS.page(rows, request.query_params, lambda found: project_wires(user, found)))

    @extend_schema(request=ProjectInput, responses={201: wire(ProjectWire)})
    def post(self, request: Request) -> Response:
        user = user_of(request)
        if not user.is_superuser:
            self.permission_denied(request, "Only a site admin creates projects.")
        project = cohort.create_project(actor=user, **parse(ProjectInput, request))
        return Response(project_wire(project, Role.ADMIN), status=201)


class OneProject(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "PATCH": Capability.MANAGE, "DELETE": Capability.MANAGE}

    def _project(self, request: Request, project_id: str) -> Project:
        return self.row(Project.objects.visible_to(user_of(request)), pk=project_id)

    @extend_schema(responses=wire(ProjectWire))
    def get(self, request: Request, project_id: str) -> Response:
        project = self._project(request, project_id)
        return Response(project_wires(user_of(request), [project])[0])

    @extend_schema(request=ProjectChangeInput, responses=wire(ProjectWire))
    def patch(self, request: Request, project_id: str) -> Response:
        project = self._project(request, project_id)
        changes = parse(ProjectChangeInput, request, partial=True)
        cohort.update_project(actor=user_of(request), project=project, changes=changes)
        return Response(project_wires(user_of(request), [project])[0])

    @extend_schema(responses={204: None})
    def delete(self, request: Request, project_id: str) -> Response:
        cohort.delete_project(actor=user_of(request), project=self._project(request, project_id))
        return Response(status=204)


# --- Landmark schemas --------------------------------------------------------------------------------


class PointDefinitionWire(TypedDict):
    name: str
    title: str
    hint: str


class SchemaWire(TypedDict):
    name: str
    title: str
    target: str
    points: list[PointDefinitionWire]
    extras: list[PointDefinitionWire]
    mirror_pairs: list[list[str]]
    links: list[list[str]]
    built_in: bool


def _point_wire(point: LandmarkPoint) -> PointDefinitionWire:
    return {"name": point.name, "title": point.title, "hint": point.hint}


@lru_cache(maxsize=256)
def schema_wire(schema: LandmarkSchema) -> SchemaWire:
    """A schema as every answer writes it. Shared between answers: not to be changed."""
    return {
        "name": schema.name,
        "title": schema.title,
        "target": schema.target,
        "points": [_point_wire(point) for point in schema.points],
        "extras": [_point_wire(point) for point in schema.extras],
        "mirror_pairs": [list(pair) for pair in schema.mirror_pairs],
        "links": [list(link) for link in schema.links],
        "built_in": schema.name in BUILT_IN,
    }


class SchemaInput(Input):
    project = serializers.UUIDField()
    definition = serializers.JSONField()


class Schemas(Endpoint):
    """The landmark schemas a project may use; its admins add more."""

    permission_classes = [SignedIn]

    def _project(self, project_id: object) -> Project:
        rows: QuerySet[Project] = Project.objects.visible_to(user_of(self.request))
        return self.row(rows, pk=project_id)

    @extend_schema(
        operation_id="schemas_list",
        parameters=[OpenApiParameter("project", str)],
        responses=list_of(SchemaWire),
    )
    def get(self, request: Request) -> Response:
        given = dict(request.query_params.items())
        project_id = given.pop("project", None)
        if given:
            raise ValidationError({name: ["Unknown parameter; allowed is: project."] for name in given})
        if project_id is None:
            return Response([schema_wire(schema) for schema in BUILT_IN.values()])
        project = self._project(serializers.UUIDField().run_validation(project_id))
        return Response([schema_wire(schema) for schema in schemas.schemas_of(project)])

    @extend_schema(request=SchemaInput, responses={201: wire(SchemaWire)})
    def post(self, request: Request) -> Response:
        given = parse(SchemaInput, request)
        project = self._project(given["project"])
        require(user_of(request), project, Capability.MANAGE)
        schema = schemas.add_schema(actor=user_of(request), project=project, definition=given["definition"])
        return Response(schema_wire(schema), status=201)
