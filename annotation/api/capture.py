"""What people see of agents: who is online, the last shots and their quality, how the cameras hold."""

import uuid
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import devicechecks
from annotation.actions.audit import record_access
from annotation.actions.files import open_stored
from annotation.api.base import Endpoint, iso, user_of
from annotation.api.wires import ProjectNameWire, SubjectNameWire, project_name_wire, subject_name_wire
from annotation.api.wiretypes import list_of, wire
from annotation.models import Acquisition, AgentToken, CaptureShot, Image, Project, User
from annotation.models.images import ImageKind
from annotation.permissions import Capability, InProject, SignedIn, allows, role_in

LAST_SHOTS = 12


class AgentTargetWire(TypedDict):
    id: str
    pseudonym: str
    study: str | None


class CaptureAgentWire(TypedDict):
    """An agent as it was last heard of. `may_capture`, `may_manage`: what the reader may do with it."""

    id: str
    name: str
    project: ProjectNameWire
    online: bool
    heard_at: str | None
    source: str
    host: str
    agent_version: str
    camera_state: str
    camera_says: str
    serial: str
    firmware: str
    fps: float | None
    dropped: int | None
    warm_s: float | None
    spool_shots: int
    spool_bytes: int
    free_bytes: int | None
    target: AgentTargetWire | None
    last_shot_at: str | None
    shots_count: int
    warnings: list[str]
    may_capture: bool
    may_manage: bool


class ShotQualityWire(TypedDict):
    frames: int | None
    noise_median_mm: float | None
    noise_p95_mm: float | None
    holes_fraction: float | None
    sway_mm: float | None
    distance_median_mm: float | None


class CaptureShotWire(TypedDict):
    """A shot. `image`: the colour picture to label; `noise`: where its noise map is."""

    id: str
    subject: SubjectNameWire
    taken_at: str | None
    stored: bool
    problem: str
    study: str | None
    acquisition: str | None
    image: str | None
    thumbnail: str | None
    noise: str | None
    put_aside: bool
    quality: ShotQualityWire | None


class CheckPointWire(TypedDict):
    measured_at: str | None
    value: float


class CheckTrendWire(TypedDict):
    key: str
    title: str
    unit: str
    points: list[CheckPointWire]
    was: float | None
    now: float | None
    drift: float
    most: float
    warning: str


class DeviceChecksWire(TypedDict):
    """The checks of an agent's camera. `cold`: those made before it was warm, which do not count."""

    serial: str
    count: int
    cold: int
    last_at: str | None
    trends: list[CheckTrendWire]


def agents_of(user: User) -> QuerySet[AgentToken]:
    """Agents with a good token in the projects that a person may see."""
    rows = AgentToken.objects.filter(project__in=Project.objects.visible_to(user), revoked_at=None)
    return rows.select_related("project", "agent__subject").order_by("name", "created_at")


def agent_wire(user: User, token: AgentToken) -> CaptureAgentWire:
    row = getattr(token, "agent", None)
    hello: dict[str, Any] = row.hello if row else {}
    camera: dict[str, Any] = row.camera if row else {}
    heartbeat: dict[str, Any] = row.heartbeat if row else {}
    online = bool(row and row.online)
    role = role_in(user, token.project_id)
    shots = CaptureShot.objects.filter(token=token)
    last = shots.order_by("-taken_at").values_list("taken_at", flat=True).first()
    trends = devicechecks.trends(devicechecks.checks_of(token.project_id, camera.get("serial", "")))
    return {
        "id": str(token.pk),
        "name": token.name,
        "project": project_name_wire(token.project),
        "online": online,
        "heard_at": iso(row.heard_at) if row else None,
        "source": hello.get("source", ""),
        "host": hello.get("host", ""),
        "agent_version": hello.get("agent_version", ""),
        "camera_state": camera.get("state", ""),
        "camera_says": camera.get("says", ""),
        "serial": camera.get("serial", ""),
        "firmware": camera.get("firmware", ""),
        "fps": heartbeat.get("fps") if online else None,
        "dropped": heartbeat.get("dropped"),
        "warm_s": heartbeat.get("warm_s") if online else None,
        "spool_shots": heartbeat.get("spool_shots", 0),
        "spool_bytes": heartbeat.get("spool_bytes", 0),
        "free_bytes": heartbeat.get("free_bytes"),
        "target": _target(row),
        "last_shot_at": iso(last),
        "shots_count": shots.count(),
        "warnings": [trend.warning for trend in trends if trend.warning],
        "may_capture": allows(role, Capability.IMPORT),
        "may_manage": allows(role, Capability.MANAGE),
    }


def _target(row: Any) -> AgentTargetWire | None:
    if row is None or row.subject is None or row.subject.deleted_at or row.subject.consent != "given":
        return None
    study = str(row.study_id) if row.study_id else None
    return {"id": str(row.subject_id), "pseudonym": row.subject.pseudonym, "study": study}


def shot_wires(user: User, token: AgentToken) -> list[CaptureShotWire]:
    """The last shots of an agent, newest first."""
    rows = CaptureShot.objects.visible_to(user).filter(token=token).select_related("subject", "acquisition")
    shots = list(rows.order_by("-taken_at")[:LAST_SHOTS])
    colours = Image.objects.filter(
        acquisition__in=[shot.acquisition_id for shot in shots if shot.acquisition_id],
        kind=ImageKind.COLOUR,
    )
    aside = set(colours.filter(remarks__kind="skip", remarks__settled_at=None).values_list("pk", flat=True))
    pictures = {image.acquisition_id: image for image in colours}
    return [
        _shot_wire(shot, pictures.get(shot.acquisition_id) if shot.acquisition_id else None, aside)
        for shot in shots
    ]


def _shot_wire(shot: CaptureShot, image: Image | None, aside: set[uuid.UUID]) -> CaptureShotWire:
    acquisition = shot.acquisition
    return {
        "id": str(shot.pk),
        "subject": subject_name_wire(shot.subject),
        "taken_at": iso(shot.taken_at),
        "stored": shot.stored_at is not None,
        "problem": shot.problem,
        "study": str(shot.study_id) if shot.study_id and shot.stored_at else None,
        "acquisition": str(acquisition.pk) if acquisition else None,
        "image": str(image.pk) if image else None,
        "thumbnail": f"/api/v1/images/{image.pk}/thumbnail" if image else None,
        "noise": (
            f"/api/v1/acquisitions/{acquisition.pk}/noise" if acquisition and acquisition.noise_id else None
        ),
        "put_aside": image is not None and image.pk in aside,
        "quality": _quality(acquisition) if acquisition else None,
    }


def _quality(acquisition: Acquisition) -> ShotQualityWire:
    says = acquisition.details
    return {
        "frames": says.get("burst_frames"),
        "noise_median_mm": says.get("noise_median_mm"),
        "noise_p95_mm": says.get("noise_p95_mm"),
        "holes_fraction": says.get("holes_fraction"),
        "sway_mm": says.get("sway_mm"),
        "distance_median_mm": says.get("distance_median_mm"),
    }


def checks_wire(token: AgentToken) -> DeviceChecksWire:
    """The trend of the camera that an agent has, or had last."""
    row = getattr(token, "agent", None)
    serial = row.camera.get("serial", "") if row else ""
    checks = devicechecks.checks_of(token.project_id, serial)
    return {
        "serial": serial,
        "count": len(checks),
        "cold": sum(not devicechecks.is_warm(check) for check in checks),
        "last_at": iso(checks[-1].measured_at) if checks else None,
        "trends": [
            {
                "key": trend.measure.key,
                "title": trend.measure.title,
                "unit": trend.measure.unit,
                "points": [
                    {"measured_at": iso(check.measured_at), "value": value} for check, value in trend.points
                ],
                "was": trend.was,
                "now": trend.now,
                "drift": trend.measure.drift,
                "most": trend.measure.most,
                "warning": trend.warning,
            }
            for trend in devicechecks.trends(checks)
        ],
    }


class CaptureAgents(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="capture_agents_list", responses=list_of(CaptureAgentWire))
    def get(self, request: Request) -> Response:
        """Every agent with a good token in one's projects."""
        user = user_of(request)
        return Response([agent_wire(user, token) for token in agents_of(user)])


class CaptureAgentShots(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(operation_id="capture_agent_shots_list", responses=list_of(CaptureShotWire))
    def get(self, request: Request, token_id: str) -> Response:
        """The last dozen shots of an agent, newest first."""
        user = user_of(request)
        return Response(shot_wires(user, self.row(agents_of(user), pk=token_id)))


class CaptureAgentChecks(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(DeviceChecksWire))
    def get(self, request: Request, token_id: str) -> Response:
        """How the agent's camera measured over time, and a warning where it drifts."""
        return Response(checks_wire(self.row(agents_of(user_of(request)), pk=token_id)))


class AcquisitionNoise(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, acquisition_id: str) -> FileResponse:
        """How much each pixel of the depth flickered within the burst: 254 is 10 mm, 255 not known."""
        user = user_of(request)
        acquisition = uuid.UUID(str(acquisition_id))
        depth = Image.objects.visible_to(user).filter(acquisition=acquisition, kind=ImageKind.DEPTH)
        image = depth.select_related("acquisition__noise").first()
        if image is None or image.acquisition.noise is None:
            raise Http404
        self.check_object_permissions(request, image)
        record_access(user=user, image=image, variant="noise")
        return FileResponse(open_stored(image.acquisition.noise), content_type="image/png")
