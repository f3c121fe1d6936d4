"""Who may do what. Deny by default: a view that declares no capability answers nobody.

A role in a project is a set of capabilities. What a person may not even know of (another project's row, a
deleted one, a withdrawn subject) is a 404, from the `visible_to` querysets; what the role does not allow
in a project of theirs is a 403, from here.
"""

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from annotation.models import Project, User
from annotation.models.cohort import roles_of
from annotation.models.people import Role

if TYPE_CHECKING:
    # REST framework loads this module while it builds its views.
    from rest_framework.views import APIView


class Capability(Enum):
    """What a role may allow inside a project."""

    VIEW = "see the project's data"
    IMPORT = "bring in studies and images"
    LABEL = "place landmarks"
    MEASURE = "measure and read films"
    EXPORT = "export landmarks and measurements"
    TRAIN = "freeze datasets and run jobs"
    MANAGE = "manage members, tokens, consent and settings"


_ASSISTANT = frozenset({Capability.VIEW, Capability.IMPORT, Capability.LABEL, Capability.EXPORT})
_DOCTOR = frozenset({Capability.VIEW, Capability.LABEL, Capability.MEASURE, Capability.EXPORT})
CAPABILITIES: dict[str, frozenset[Capability]] = {
    Role.ASSISTANT: _ASSISTANT,
    Role.DOCTOR: _DOCTOR,
    Role.ADMIN: frozenset(Capability),
}


def role_in(user: User, project_id: uuid.UUID) -> str | None:
    """The user's role in a live project; a site admin is an admin everywhere; None for a stranger."""
    return Role.ADMIN if user.is_superuser else roles_of(user).get(project_id)


def allows(role: str | None, capability: Capability) -> bool:
    return role is not None and capability in CAPABILITIES[role]


def require(user: User, project: Project, capability: Capability) -> None:
    """Raise PermissionDenied (403) unless the user's role in the project has the capability."""
    if not allows(role_in(user, project.pk), capability):
        raise PermissionDenied(f"Your role in this project does not allow you to {capability.value}.")


class Deny(BasePermission):
    """The default of every API view."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


class SignedIn(BasePermission):
    """Any signed-in user with no password to change first; the view itself narrows what they see."""

    message = "Choose a password of your own first: POST /api/v1/session/password."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not user.is_authenticated:
            return False
        return not user.must_change_password


class SiteAdmin(SignedIn):
    """People and projects are managed by site admins."""

    message = "Only a site admin may do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return super().has_permission(request, view) and bool(request.user.is_superuser)


class InProject(SignedIn):
    """Signed in, and the view names the capability of each method it has; `require` it on the row's project.

    The view's `capabilities` must list every method it serves: a method that is missing is denied.
    """

    capabilities: ClassVar[dict[str, Capability]] = {}

    def has_permission(self, request: Request, view: "APIView") -> bool:
        declared: dict[str, Capability] = getattr(view, "capabilities", {})
        served = hasattr(view, str(request.method).lower())
        # A method the view has no code for goes on to its 405.
        return super().has_permission(request, view) and (request.method in declared or not served)

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        declared: dict[str, Capability] = getattr(view, "capabilities", {})
        project_id = obj.pk if isinstance(obj, Project) else obj.project_id
        user = request.user
        return isinstance(user, User) and allows(role_in(user, project_id), declared[str(request.method)])
