"""Accounts, memberships and agent tokens."""

from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import people
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, contains, exact, yes_no
from annotation.api.wires import PersonWire, ProjectNameWire, person_wire
from annotation.api.wiretypes import list_of, page_of, wire
from annotation.models import AgentToken, Membership, Project, User
from annotation.models.people import Role
from annotation.permissions import Capability, InProject, SiteAdmin


class MembershipWire(TypedDict):
    project: ProjectNameWire
    role: str


class UserWire(TypedDict):
    id: str
    username: str
    name: str
    is_site_admin: bool
    is_active: bool
    must_change_password: bool
    last_login: str | None
    memberships: list[MembershipWire]


class UserWithPasswordWire(UserWire):
    password: str


class PasswordWire(TypedDict):
    password: str


def memberships_wire(user: User) -> list[MembershipWire]:
    """The user's roles in live projects, by project name. Uses the prefetched rows where there are any."""
    rows = [row for row in user.memberships.all() if row.project.deleted_at is None]
    rows.sort(key=lambda row: row.project.name)
    return [
        {"project": {"id": str(row.project_id), "name": row.project.name}, "role": row.role} for row in rows
    ]


def user_wire(user: User) -> UserWire:
    return {
        "id": str(user.pk),
        "username": user.username,
        "name": user.display_name,
        "is_site_admin": user.is_superuser,
        "is_active": user.is_active,
        "must_change_password": user.must_change_password,
        "last_login": iso(user.last_login),
        "memberships": memberships_wire(user),
    }


class UserInput(Input):
    username = serializers.CharField(max_length=150)
    name = serializers.CharField(max_length=120, allow_blank=True, default="")


class UserChangeInput(Input):
    name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    is_active = serializers.BooleanField(required=False)
    is_site_admin = serializers.BooleanField(required=False)


USERS = Listing[User](
    filters={
        "q": contains("username", "name"),
        "is_active": yes_no(Q(is_active=True)),
        "is_site_admin": yes_no(Q(is_superuser=True)),
    },
    orderings={
        "username": ("username",),
        "-username": ("-username",),
        "-last_login": ("-last_login", "username"),
    },
    default_ordering="username",
)


def _users() -> QuerySet[User]:
    return User.objects.prefetch_related("memberships__project")


class Users(Endpoint):
    permission_classes = [SiteAdmin]

    @extend_schema(operation_id="users_list", parameters=USERS.parameters(), responses=page_of(UserWire))
    def get(self, request: Request) -> Response:
        return Response(
            USERS.page(_users(), request.query_params, lambda rows: [user_wire(row) for row in rows])
        )

    @extend_schema(request=UserInput, responses={201: wire(UserWithPasswordWire)})
    def post(self, request: Request) -> Response:
        user, password = people.create_user(actor=user_of(request), **parse(UserInput, request))
        return Response({**user_wire(user), "password": password}, status=201)


class OneUser(Endpoint):
    permission_classes = [SiteAdmin]

    @extend_schema(responses=wire(UserWire))
    def get(self, request: Request, user_id: str) -> Response:
        return Response(user_wire(self.row(_users(), pk=user_id)))

    @extend_schema(request=UserChangeInput, responses=wire(UserWire))
    def patch(self, request: Request, user_id: str) -> Response:
        user = self.row(_users(), pk=user_id)
        changes = parse(UserChangeInput, request, partial=True)
        return Response(user_wire(people.update_user(actor=user_of(request), user=user, **changes)))


class PasswordReset(Endpoint):
    permission_classes = [SiteAdmin]

    @extend_schema(request=None, responses=wire(PasswordWire))
    def post(self, request: Request, user_id: str) -> Response:
        user = self.row(_users(), pk=user_id)
        return Response({"password": people.reset_password(actor=user_of(request), user=user)})


# --- Members ---------------------------------------------------------------------------------------


class MemberWire(TypedDict):
    id: str
    user: PersonWire
    role: str
    created_at: str | None


def member_wire(row: Membership) -> MemberWire:
    return {
        "id": str(row.pk),
        "user": person_wire(row.user),
        "role": row.role,
        "created_at": iso(row.created_at),
    }


class MemberInput(Input):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=Role.choices)


class RoleInput(Input):
    role = serializers.ChoiceField(choices=Role.choices)


MEMBERS = Listing[Membership](
    filters={"q": contains("user__username", "user__name"), "role": exact("role", Role.values)},
    orderings={"username": ("user__username",), "role": ("role", "user__username")},
    default_ordering="username",
)


def _project(view: Endpoint, request: Request, project_id: str) -> Project:
    return view.row(Project.objects.visible_to(user_of(request)), pk=project_id)


class Members(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "POST": Capability.MANAGE}

    @extend_schema(
        operation_id="members_list", parameters=MEMBERS.parameters(), responses=page_of(MemberWire)
    )
    def get(self, request: Request, project_id: str) -> Response:
        project = _project(self, request, project_id)
        rows = Membership.objects.filter(project=project).select_related("user")
        return Response(
            MEMBERS.page(rows, request.query_params, lambda found: [member_wire(row) for row in found])
        )

    @extend_schema(request=MemberInput, responses={201: wire(MemberWire)})
    def post(self, request: Request, project_id: str) -> Response:
        project = _project(self, request, project_id)
        member = people.add_member(actor=user_of(request), project=project, **parse(MemberInput, request))
        return Response(member_wire(member), status=201)


class OneMember(Endpoint):
    permission_classes = [InProject]
    capabilities = {"PATCH": Capability.MANAGE, "DELETE": Capability.MANAGE}

    def _member(self, request: Request, member_id: str) -> Membership:
        projects = Project.objects.visible_to(user_of(request))
        rows = Membership.objects.filter(project__in=projects).select_related("user", "project")
        return self.row(rows, pk=member_id)

    @extend_schema(request=RoleInput, responses=wire(MemberWire))
    def patch(self, request: Request, member_id: str) -> Response:
        member = self._member(request, member_id)
        role = parse(RoleInput, request)["role"]
        return Response(member_wire(people.change_role(actor=user_of(request), membership=member, role=role)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, member_id: str) -> Response:
        people.remove_member(actor=user_of(request), membership=self._member(request, member_id))
        return Response(status=204)


# --- Agent tokens ----------------------------------------------------------------------------------


class TokenWire(TypedDict):
    id: str
    name: str
    prefix: str
    created_at: str | None
    created_by: PersonWire
    last_used_at: str | None
    revoked_at: str | None


class TokenWithSecretWire(TokenWire):
    token: str


def token_wire(row: AgentToken) -> TokenWire:
    return {
        "id": str(row.pk),
        "name": row.name,
        "prefix": row.prefix,
        "created_at": iso(row.created_at),
        "created_by": person_wire(row.created_by),
        "last_used_at": iso(row.last_used_at),
        "revoked_at": iso(row.revoked_at),
    }


class TokenInput(Input):
    name = serializers.CharField(max_length=80)


class Tokens(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.MANAGE, "POST": Capability.MANAGE}

    @extend_schema(operation_id="tokens_list", responses=list_of(TokenWire))
    def get(self, request: Request, project_id: str) -> Response:
        project = _project(self, request, project_id)
        rows = AgentToken.objects.filter(project=project).select_related("created_by").order_by("-created_at")
        return Response([token_wire(row) for row in rows])

    @extend_schema(request=TokenInput, responses={201: wire(TokenWithSecretWire)})
    def post(self, request: Request, project_id: str) -> Response:
        project = _project(self, request, project_id)
        name: Any = parse(TokenInput, request)["name"]
        row, token = people.create_token(actor=user_of(request), project=project, name=name)
        return Response({**token_wire(row), "token": token}, status=201)


class OneToken(Endpoint):
    permission_classes = [InProject]
    capabilities = {"DELETE": Capability.MANAGE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: str) -> Response:
        projects = Project.objects.visible_to(user_of(request))
        token = self.row(
            AgentToken.objects.filter(project__in=projects).select_related("project"), pk=token_id
        )
        people.revoke_token(actor=user_of(request), token=token)
        return Response(status=204)
