"""Subjects, their consent, and their timeline of visits."""

from typing import TypedDict

from django.db.models import Count, Max, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import cohort
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.listing import Listing, contains, exact, identifier
from annotation.api.studies import StudyWire, study_wires
from annotation.api.wires import ProjectNameWire, project_name_wire
from annotation.api.wiretypes import page_of, wire
from annotation.models import Membership, Project, Study, Subject, User
from annotation.models.cohort import Consent
from annotation.models.people import Role
from annotation.permissions import Capability, InProject, SignedIn, require


class SubjectWire(TypedDict):
    id: str
    project: ProjectNameWire
    pseudonym: str
    sex: str
    birth_year: int | None
    consent: str
    consent_changed_at: str | None
    studies_count: int
    last_visit: str | None
    created_at: str | None


class SubjectDetailWire(SubjectWire):
    studies: list[StudyWire]


def with_visits(rows: QuerySet[Subject]) -> QuerySet[Subject]:
    """Adds what a list shows of each subject's visits."""
    live = Q(studies__deleted_at=None)
    return rows.select_related("project").annotate(
        studies_count=Count("studies", filter=live, distinct=True),
        last_visit=Max("studies__visit_date", filter=live),
    )


def subject_wire(row: Subject) -> SubjectWire:
    """Needs `with_visits`."""
    last_visit = row.last_visit  # type: ignore[attr-defined]
    return {
        "id": str(row.pk),
        "project": project_name_wire(row.project),
        "pseudonym": row.pseudonym,
        "sex": row.sex,
        "birth_year": row.birth_year,
        "consent": row.consent,
        "consent_changed_at": iso(row.consent_changed_at),
        "studies_count": row.studies_count,  # type: ignore[attr-defined]
        "last_visit": last_visit.isoformat() if last_visit else None,
        "created_at": iso(row.created_at),
    }


def subject_detail_wire(row: Subject) -> SubjectDetailWire:
    studies = Study.objects.live().filter(subject=row)
    return {**subject_wire(row), "studies": study_wires(studies.order_by("visit_date", "created_at"))}


class SubjectInput(Input):
    project = serializers.UUIDField()
    pseudonym = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=64,
        error_messages={"invalid": "A pseudonym has letters, digits, dots, dashes and underscores, no name."},
    )
    sex = serializers.ChoiceField(choices=["F", "M", ""], default="")
    birth_year = serializers.IntegerField(min_value=1900, max_value=2100, allow_null=True, default=None)


class SubjectChangeInput(Input):
    pseudonym = SubjectInput().fields["pseudonym"]
    sex = serializers.ChoiceField(choices=["F", "M", ""], required=False)
    birth_year = serializers.IntegerField(min_value=1900, max_value=2100, allow_null=True, required=False)


class ConsentInput(Input):
    state = serializers.ChoiceField(choices=Consent.choices)


SUBJECTS = Listing[Subject](
    filters={
        "project": identifier("project_id"),
        "q": contains("pseudonym"),
        "sex": exact("sex", ["F", "M"]),
        "consent": exact("consent", Consent.values),
    },
    orderings={
        "pseudonym": ("pseudonym", "pk"),
        "-pseudonym": ("-pseudonym", "pk"),
        "last_visit": ("last_visit", "pseudonym"),
        "-last_visit": ("-last_visit", "pseudonym"),
        "-created_at": ("-created_at", "pk"),
    },
    default_ordering="pseudonym",
)


def managed_projects(user: User) -> QuerySet[Project]:
    """The projects of which the user is an admin."""
    if user.is_superuser:
        return Project.objects.visible_to(user)
    mine = Membership.objects.filter(user=user, role=Role.ADMIN).values("project")
    return Project.objects.visible_to(user).filter(pk__in=mine)


def listed(user: User, consent: str | None) -> QuerySet[Subject]:
    """The subjects a list may show: withdrawn ones only to admins who ask for them."""
    if consent != Consent.WITHDRAWN:
        return with_visits(Subject.objects.visible_to(user))
    withdrawn = Subject.objects.filter(deleted_at=None, consent=Consent.WITHDRAWN)
    return with_visits(withdrawn.filter(project__in=managed_projects(user)))


class Subjects(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="subjects_list", parameters=SUBJECTS.parameters(), responses=page_of(SubjectWire)
    )
    def get(self, request: Request) -> Response:
        rows = listed(user_of(request), request.query_params.get("consent"))
        return Response(
            SUBJECTS.page(rows, request.query_params, lambda found: [subject_wire(row) for row in found])
        )

    @extend_schema(request=SubjectInput, responses={201: wire(SubjectWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(SubjectInput, request)
        project = self.row(Project.objects.visible_to(user), pk=given.pop("project"))
        require(user, project, Capability.IMPORT)
        subject = cohort.create_subject(actor=user, project=project, **given)
        return Response(subject_wire(with_visits(Subject.objects.filter(pk=subject.pk)).get()), status=201)


class OneSubject(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "PATCH": Capability.MANAGE, "DELETE": Capability.MANAGE}

    def _subject(self, request: Request, subject_id: str) -> Subject:
        return self.row(with_visits(Subject.objects.visible_to(user_of(request))), pk=subject_id)

    @extend_schema(responses=wire(SubjectDetailWire))
    def get(self, request: Request, subject_id: str) -> Response:
        return Response(subject_detail_wire(self._subject(request, subject_id)))

    @extend_schema(request=SubjectChangeInput, responses=wire(SubjectWire))
    def patch(self, request: Request, subject_id: str) -> Response:
        subject = self._subject(request, subject_id)
        changes = parse(SubjectChangeInput, request, partial=True)
        return Response(
            subject_wire(cohort.update_subject(actor=user_of(request), subject=subject, changes=changes))
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, subject_id: str) -> Response:
        cohort.delete_subject(actor=user_of(request), subject=self._subject(request, subject_id))
        return Response(status=204)


class SubjectConsent(Endpoint):
    """Consent given or withdrawn; the one act that reaches a withdrawn subject."""

    permission_classes = [InProject]
    capabilities = {"POST": Capability.MANAGE}

    @extend_schema(request=ConsentInput, responses=wire(SubjectWire))
    def post(self, request: Request, subject_id: str) -> Response:
        user, state = user_of(request), parse(ConsentInput, request)["state"]
        known = Q(consent=Consent.GIVEN) | Q(project__in=managed_projects(user))
        rows = Subject.objects.filter(known, deleted_at=None, project__in=Project.objects.visible_to(user))
        subject = self.row(with_visits(rows), pk=subject_id)
        return Response(subject_wire(cohort.set_consent(actor=user, subject=subject, state=state)))
