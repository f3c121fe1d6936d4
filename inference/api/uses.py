"""Where a subject's pictures went: for admins, before and after a consent is withdrawn."""

from typing import TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, user_of
from annotation.api.wiretypes import list_of, wire
from annotation.models import Project, Subject
from annotation.models.cohort import Consent
from annotation.permissions import Capability, InProject, allows, role_in
from inference.actions import uses
from inference.api.jobs import ModelNameWire, model_name_wire


class UsedSubjectWire(TypedDict):
    id: str
    pseudonym: str
    consent: str


class UsedSnapshotWire(TypedDict):
    id: str
    name: str


class UsedTrainingWire(TypedDict):
    id: str
    name: str
    state: str


class UseWire(TypedDict):
    subject: UsedSubjectWire
    snapshots: list[UsedSnapshotWire]
    trainings: list[UsedTrainingWire]
    models: list[ModelNameWire]


def use_wire(use: uses.Use) -> UseWire:
    subject = use.subject
    return {
        "subject": {"id": str(subject.pk), "pseudonym": subject.pseudonym, "consent": subject.consent},
        "snapshots": [{"id": str(row.pk), "name": row.name} for row in use.snapshots],
        "trainings": [{"id": str(row.pk), "name": row.name, "state": row.state} for row in use.trainings],
        "models": [model_name_wire(row) for row in use.models],
    }


class SubjectUses(Endpoint):
    """The snapshots with a subject's pictures, and what was made of them; also once consent is withdrawn."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.MANAGE}

    @extend_schema(responses=wire(UseWire))
    def get(self, request: Request, subject_id: str) -> Response:
        user = user_of(request)
        projects = Project.objects.visible_to(user)
        rows = Subject.objects.filter(project__in=projects, deleted_at=None).select_related("project")
        hidden = rows.filter(pk=subject_id).exclude(consent=Consent.GIVEN).first()
        if hidden is not None and not allows(role_in(user, hidden.project_id), Capability.MANAGE):
            self.missing()
        return Response(use_wire(uses.uses_of(self.row(rows, pk=subject_id))))


class WithdrawnUses(Endpoint):
    """Every subject of a project who withdrew after a snapshot was frozen with their pictures."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.MANAGE}

    @extend_schema(operation_id="projects_withdrawn_uses_list", responses=list_of(UseWire))
    def get(self, request: Request, project_id: str) -> Response:
        project = self.row(Project.objects.visible_to(user_of(request)), pk=project_id)
        return Response([use_wire(use) for use in uses.uses_of_withdrawn(project)])
