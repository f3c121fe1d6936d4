"""Signing in and out, and choosing one's own password."""

from typing import TypedDict

from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import people
from annotation.actions.measurements import VERSION
from annotation.api.base import Endpoint, Input, parse, user_of
from annotation.api.people import MembershipWire, memberships_wire
from annotation.api.wiretypes import wire
from annotation.models import User


class SessionUserWire(TypedDict):
    id: str
    username: str
    name: str
    is_site_admin: bool
    must_change_password: bool


class SessionWire(TypedDict):
    user: SessionUserWire
    memberships: list[MembershipWire]
    version: str


def session_wire(user: User) -> SessionWire:
    return {
        "user": {
            "id": str(user.pk),
            "username": user.username,
            "name": user.display_name,
            "is_site_admin": user.is_superuser,
            "must_change_password": user.must_change_password,
        },
        "memberships": memberships_wire(
            User.objects.prefetch_related("memberships__project").get(pk=user.pk)
        ),
        "version": VERSION,
    }


class SignInInput(Input):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class PasswordChangeInput(Input):
    current = serializers.CharField(max_length=200, trim_whitespace=False)
    new = serializers.CharField(max_length=200, trim_whitespace=False)


def locked_out(request: HttpRequest, *_: object, **__: object) -> JsonResponse:
    """What django-axes answers after too many wrong passwords."""
    detail = "Too many wrong passwords. Wait 15 minutes, or ask a site admin to reset the password."
    return JsonResponse({"detail": detail, "code": "locked"}, status=429)


@method_decorator(csrf_protect, name="dispatch")
class Session(Endpoint):
    """Who is signed in. A POST signs in, a DELETE signs out."""

    permission_classes = [AllowAny]

    @extend_schema(responses=wire(SessionWire))
    def get(self, request: Request) -> Response:
        if not request.user.is_authenticated:
            raise NotAuthenticated("Sign in first.")
        return Response(session_wire(user_of(request)))

    @extend_schema(request=SignInInput, responses=wire(SessionWire))
    def post(self, request: Request) -> Response:
        given = parse(SignInInput, request)
        user = authenticate(request._request, username=given["username"], password=given["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed("That name and password do not belong together.")
        login(request._request, user)
        get_token(request._request)
        return Response(session_wire(user))

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)


class OwnPassword(Endpoint):
    """The one thing an account may do before it has a password of its own choice."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=PasswordChangeInput, responses=wire(SessionWire))
    def post(self, request: Request) -> Response:
        user = user_of(request)
        people.change_password(user=user, **parse(PasswordChangeInput, request))
        update_session_auth_hash(request._request, user)
        return Response(session_wire(user))
