"""What a capture agent asks for over HTTP, as `capture_agent/protocol/PROTOCOL.md` has it.

An agent says who it is by `Authorization: Bearer`, here and nowhere else; a browser's session opens nothing.
"""

import uuid
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import authentication, exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions import capture, captureannounce, captureshots
from annotation.actions.captureshots import Progress
from annotation.api.base import Endpoint
from annotation.api.chunks import OFFSET, chunk_of, with_offset
from annotation.models import AgentToken, CaptureShot
from annotation.models.capture import ShotStage
from capture_agent.protocol import uploads
from capture_agent.protocol.uploads import CHUNK_TYPE, LENGTH, MOST_JSON_BYTES, ShotState
from capture_agent.protocol.wire import Kind, ProtocolError, load_json, plain, read


class Revoked(exceptions.PermissionDenied):
    default_code = "revoked"
    default_detail = "This agent token was revoked. Make a new one on the project's page, Agent tokens."


class AgentAuthentication(authentication.BaseAuthentication):
    """By the token in the header. 401 for a stranger, 403 `revoked` for a token that was."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, AgentToken] | None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.isascii() or not 0 < len(secret) <= 200:
            return None
        token = capture.token_of(secret.strip())
        if token is None:
            raise exceptions.AuthenticationFailed("The server does not know this agent token.")
        if not capture.is_good(token):
            raise Revoked
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class AgentScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = AgentAuthentication
    name = "agent"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class IsAgent(BasePermission):
    """A capture agent, and nobody else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, AgentToken):
            raise exceptions.NotAuthenticated("Only a capture agent may do this, with its token.")
        return True


class AgentEndpoint(Endpoint):
    # Not in the description of the API, which is for people: what agents say is in capture_agent/protocol.
    schema = None
    authentication_classes = [AgentAuthentication]
    permission_classes = [IsAgent]

    def token(self) -> AgentToken:
        return cast(AgentToken, self.request.auth)

    def shot(self, shot_id: str) -> CaptureShot:
        found = CaptureShot.objects.filter(pk=shot_id, project=self.token().project_id).first()
        if found is None:
            raise Http404
        return found

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, Revoked):
            response.data["code"] = "revoked"
        return with_offset(response, exc)


def _said(kind: type[Kind], request: Request) -> Kind:
    """The body as the protocol has it, or a 400 that names the field."""
    try:
        return read(kind, load_json(request.stream.read() if request.stream else b"", MOST_JSON_BYTES))
    except ProtocolError as error:
        raise exceptions.ValidationError(str(error)) from error


def _state(found: Progress) -> Any:
    shot = found.shot
    stored = shot.stage == ShotStage.STORED
    return plain(
        ShotState(
            shot=shot.pk,
            state="stored" if stored else "receiving",
            received=found.received,
            size=shot.size,
            study=shot.study_id if stored else None,
            acquisition=shot.acquisition_id if stored else None,
        )
    )


_STATE = OpenApiTypes.OBJECT


class AgentShot(AgentEndpoint):
    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: _STATE, 201: _STATE})
    def put(self, request: Request, shot_id: str) -> Response:
        """Announce a shot. The same again answers how far it is; with other bytes: 409 `other_bytes`."""
        said = _said(uploads.ShotOffer, request)
        found, new = captureshots.offer(token=self.token(), shot_id=uuid.UUID(str(shot_id)), offered=said)
        return Response(_state(found), status=201 if new else 200)

    @extend_schema(responses=_STATE)
    def get(self, request: Request, shot_id: str) -> Response:
        return Response(_state(captureshots.progress(self.shot(shot_id))))


class AgentShotContent(AgentEndpoint):
    @extend_schema(responses={200: None})
    def head(self, request: Request, shot_id: str) -> Response:
        """How many bytes are safely here."""
        found = captureshots.progress(self.shot(shot_id))
        return Response(headers={OFFSET: str(found.received), LENGTH: str(found.shot.size)})

    @extend_schema(
        parameters=[OpenApiParameter(OFFSET, int, OpenApiParameter.HEADER, required=True)],
        request={CHUNK_TYPE: OpenApiTypes.BINARY},
        responses={204: None},
    )
    def patch(self, request: Request, shot_id: str) -> Response:
        """Add one piece of at most 8 MiB at the end; 409 `wrong_offset` says where that is."""
        if request.content_type != CHUNK_TYPE:
            raise exceptions.UnsupportedMediaType(request.content_type)
        offset, stream = chunk_of(request)
        end = captureshots.append(shot=self.shot(shot_id), offset=offset, stream=stream)
        return Response(status=204, headers={OFFSET: str(end)})


class AgentShotFinish(AgentEndpoint):
    @extend_schema(request=None, responses=_STATE)
    def post(self, request: Request, shot_id: str) -> Response:
        """Check the hash, decode the burst, store it in its study. Again: the same answer."""
        shot = captureshots.finish(shot=self.shot(shot_id))
        captureannounce.stored(shot)
        return Response(_state(captureshots.progress(shot)))


class AgentCheck(AgentEndpoint):
    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: None, 201: None})
    def put(self, request: Request, check_id: str) -> Response:
        """Keep what a device check measured; again: nothing changes."""
        said = _said(uploads.DeviceCheck, request)
        _, new = capture.keep_check(token=self.token(), check_id=uuid.UUID(str(check_id)), said=said)
        return Response(status=201 if new else 200)
