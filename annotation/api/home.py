"""What waits for the person who has just signed in."""

from typing import Any, TypedDict

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, user_of
from annotation.api.projects import ProjectWire, project_wires
from annotation.api.studies import StudyWire, study_wires, visible_studies
from annotation.api.wiretypes import wire
from annotation.models import Acquisition, Image, Membership, Project, Remark, Study, User
from annotation.models.images import AcquisitionKind
from annotation.models.people import Role
from annotation.models.remarks import RemarkKind
from annotation.permissions import CAPABILITIES, Capability, SignedIn


class WaitingWire(TypedDict):
    key: str
    title: str
    count: int
    url: str


class HomeWire(TypedDict):
    waiting: list[WaitingWire]
    recent: list[StudyWire]
    projects: list[ProjectWire]


def _projects_with(user: User, capability: Capability) -> QuerySet[Project]:
    """The user's projects in which their role has the capability."""
    if user.is_superuser:
        return Project.objects.visible_to(user)
    roles = [role for role in Role.values if capability in CAPABILITIES[role]]
    mine = Membership.objects.filter(user=user, role__in=roles).values("project")
    return Project.objects.visible_to(user).filter(pk__in=mine)


def waiting_for(user: User) -> list[WaitingWire]:
    """Kinds of work that wait for this person, the most pressing first; only those with something in them."""
    labelling = _projects_with(user, Capability.LABEL)
    sides = Acquisition.objects.filter(
        kind=AcquisitionKind.RADIOGRAPH,
        side_confirmed=False,
        study__in=Study.objects.live().filter(project__in=labelling),
    )
    to_label = Image.objects.filter(project__in=labelling, waiting=True)
    to_read = Study.objects.live().filter(
        project__in=_projects_with(user, Capability.MEASURE), has_radiograph=True, cobb_count=0
    )
    items: list[WaitingWire] = []

    def add(key: str, rows: QuerySet[Any], one: str, many: str, url: str) -> None:
        count = rows.count()
        items.append({"key": key, "title": one if count == 1 else many, "count": count, "url": url})

    first_side = sides.order_by("created_at").first()
    if first_side is not None:
        many = "films whose side nobody has confirmed"
        url = f"/studies/{first_side.study_id}/"
        add("sides_to_confirm", sides, "film whose side nobody has confirmed", many, url)
    first_image = to_label.order_by("created_at", "pk").first()
    if first_image is not None:
        add("to_label", to_label, "image to label", "images to label", f"/images/{first_image.pk}/label/")
    first_study = to_read.order_by("created_at").first()
    if first_study is not None:
        url = f"/studies/{first_study.pk}/read/"
        add("to_read", to_read, "film to read", "films to read", url)
    flags = Remark.objects.standing().filter(
        kind=RemarkKind.FLAG,
        image__in=Image.objects.live().filter(project__in=_projects_with(user, Capability.MEASURE)),
    )
    first_flag = flags.order_by("created_at").first()
    if first_flag is not None:
        url = f"/images/{first_flag.image_id}/label/"
        add("flagged", flags, "image flagged for a doctor", "images flagged for a doctor", url)
    aside = Image.objects.live().filter(
        project__in=_projects_with(user, Capability.MANAGE),
        pk__in=Remark.objects.standing().filter(kind=RemarkKind.SKIP).values("image"),
    )
    first_aside = aside.order_by("created_at").first()
    if first_aside is not None:
        url = f"/images/{first_aside.pk}/label/"
        add("put_aside", aside, "image put aside", "images put aside", url)
    return items


def home_wire(user: User) -> HomeWire:
    recent = visible_studies(user).order_by("-created_at")[:8]
    projects = Project.objects.visible_to(user).order_by("name")[:20]
    return {
        "waiting": waiting_for(user),
        "recent": study_wires(recent),
        "projects": project_wires(user, list(projects)),
    }


class Home(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(responses=wire(HomeWire))
    def get(self, request: Request) -> Response:
        return Response(home_wire(user_of(request)))
