"""The pages: a shell of HTML each, with the first answers of the API inside, so that nothing waits for a
second request. What a page may show is decided by the same querysets and wires as the API."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from rest_framework.exceptions import ValidationError

from annotation.actions.errors import ActionError
from annotation.actions.readerresults import results_of
from annotation.actions.schemas import schema_of, schemas_of
from annotation.api.audit import AUDIT, audit_of, audit_wire
from annotation.api.capture import agent_wire, agents_of
from annotation.api.cases import default_schema, label_case, read_case
from annotation.api.home import home_wire
from annotation.api.landmarks import visible_images
from annotation.api.people import USERS, user_wire
from annotation.api.projects import PROJECTS, project_wires, schema_wire
from annotation.api.readerresults import results_wire
from annotation.api.readerstudies import (
    READER_STUDIES,
    blind_case_wire,
    may_see_results,
    readable_studies,
    reader_study_wire,
    require_reader,
)
from annotation.api.reports import report_wire
from annotation.api.session import session_wire
from annotation.api.studies import STUDIES, study_detail_wire, study_wires, visible_studies
from annotation.api.subjects import (
    SUBJECTS,
    listed,
    managed_projects,
    subject_detail_wire,
    subject_wire,
    with_visits,
)
from annotation.models import Project, ReaderStudy, Subject, User
from annotation.models.cohort import remember_roles
from annotation.permissions import Capability, require, role_in

P = ParamSpec("P")
Row = TypeVar("Row", bound=Model)
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def page(view: Callable[Concatenate[HttpRequest, User, P], HttpResponse]) -> Page[P]:
    """A page for signed-in people, who first choose a password of their own. Only GET."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET"})
        user = cast(User, request.user)
        remember_roles(user)
        if user.must_change_password and request.path != "/account/":
            return redirect("/account/")
        return view(request, user, *args, **kwargs)

    return cast(Page[P], ensure_csrf_cookie(login_required(shown)))


def show(
    request: HttpRequest,
    user: User | None,
    entry: str,
    title: str,
    props: Mapping[str, Any],
    *,
    dark: bool = False,
) -> HttpResponse:
    """The shell of one page."""
    context = {
        "entry": f"src/pages/{entry}/main.ts",
        "title": title,
        "surface": "reading" if dark else "paper",
        "props": {"session": session_wire(user) if user else None, "page": props},
    }
    return render(request, "page.html", context)


def one(rows: QuerySet[Row], **lookup: Any) -> Row:
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


@ensure_csrf_cookie
def login(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET"})
    if request.user.is_authenticated:
        return redirect("/")
    return show(request, None, "login", "Sign in", {"next": request.GET.get("next", "/")})


@page
def home(request: HttpRequest, user: User) -> HttpResponse:
    return show(request, user, "home", "Home", home_wire(user))


@page
def projects(request: HttpRequest, user: User) -> HttpResponse:
    rows = Project.objects.visible_to(user)
    first = _listed(
        request, "/projects/", lambda q: PROJECTS.page(rows, q, lambda found: project_wires(user, found))
    )
    if isinstance(first, HttpResponse):
        return first
    return show(request, user, "projects", "Projects", {"projects": first["results"]})


@page
def project(request: HttpRequest, user: User, project_id: str) -> HttpResponse:
    row = one(Project.objects.visible_to(user), pk=project_id)
    props = {
        "project": project_wires(user, [row])[0],
        "schemas": [schema_wire(schema) for schema in schemas_of(row)],
    }
    return show(request, user, "project", row.name, props)


@page
def import_files(request: HttpRequest, user: User, project_id: str) -> HttpResponse:
    row = one(Project.objects.visible_to(user), pk=project_id)
    require(user, row, Capability.IMPORT)
    return show(
        request, user, "import", f"Import into {row.name}", {"project": project_wires(user, [row])[0]}
    )


def _listed(request: HttpRequest, path: str, load: Callable[[dict[str, str]], Any]) -> Any | HttpResponse:
    """The first page of a list as the URL asks; a URL with an unknown filter leads to the plain list."""
    try:
        return load(request.GET.dict())
    except ValidationError:
        return redirect(path)


def _own_projects(user: User) -> list[Any]:
    return project_wires(user, list(Project.objects.visible_to(user).order_by("name")))


@page
def studies(request: HttpRequest, user: User) -> HttpResponse:
    first = _listed(request, "/studies/", lambda q: STUDIES.page(visible_studies(user), q, study_wires))
    if isinstance(first, HttpResponse):
        return first
    return show(request, user, "studies", "Studies", {"studies": first, "projects": _own_projects(user)})


@page
def subjects(request: HttpRequest, user: User) -> HttpResponse:
    rows = listed(user, request.GET.get("consent"))
    first = _listed(
        request,
        "/subjects/",
        lambda q: SUBJECTS.page(rows, q, lambda found: [subject_wire(row) for row in found]),
    )
    if isinstance(first, HttpResponse):
        return first
    return show(request, user, "subjects", "Subjects", {"subjects": first, "projects": _own_projects(user)})


@page
def subject(request: HttpRequest, user: User, subject_id: str) -> HttpResponse:
    row = one(with_visits(Subject.objects.visible_to(user)), pk=subject_id)
    props = {"subject": subject_detail_wire(row), "role": role_in(user, row.project_id)}
    return show(request, user, "subject", row.pseudonym, props)


def _schema_titles(project: Project) -> dict[str, str]:
    """What people read instead of a schema's name."""
    return {schema.name: schema.title for schema in schemas_of(project)}


@page
def study(request: HttpRequest, user: User, study_id: str) -> HttpResponse:
    row = one(visible_studies(user), pk=study_id)
    props = {
        "study": study_detail_wire(user, row),
        "role": role_in(user, row.project_id),
        "schema_titles": _schema_titles(row.project),
    }
    return show(request, user, "study", f"{row.subject.pseudonym}, {row.visit_date}", props)


@page
def report(request: HttpRequest, user: User, study_id: str) -> HttpResponse:
    row = one(visible_studies(user), pk=study_id)
    props = {
        "study": study_detail_wire(user, row),
        "report": report_wire(row),
        "schema_titles": _schema_titles(row.project),
    }
    return show(request, user, "report", f"Report {row.subject.pseudonym}, {row.visit_date}", props)


@page
def label(request: HttpRequest, user: User, image_id: str) -> HttpResponse:
    image = one(visible_images(user), pk=image_id)
    wanted = request.GET.get("schema") or default_schema(image)
    try:
        schema = schema_of(image.project, wanted)
    except ActionError as error:
        raise Http404(error.detail) from error
    title = f"Label {image.study.subject.pseudonym}"
    return show(request, user, "label", title, label_case(user, image, schema), dark=True)


@page
def read(request: HttpRequest, user: User, study_id: str) -> HttpResponse:
    row = one(visible_studies(user), pk=study_id)
    return show(request, user, "read", f"Read {row.subject.pseudonym}", read_case(user, row), dark=True)


@page
def reader_studies(request: HttpRequest, user: User) -> HttpResponse:
    first = _listed(
        request,
        "/reader-studies/",
        lambda q: READER_STUDIES.page(
            readable_studies(user), q, lambda found: [reader_study_wire(user, row) for row in found]
        ),
    )
    if isinstance(first, HttpResponse):
        return first
    props = {"reader_studies": first, "projects": _own_projects(user)}
    return show(request, user, "reader-studies", "Reader studies", props)


def _reader_study(user: User, reader_study_id: str) -> ReaderStudy:
    rows = ReaderStudy.objects.visible_to(user).select_related("project")
    row = one(rows, pk=reader_study_id)
    require(user, row.project, Capability.MEASURE)
    return row


@page
def reader_study(request: HttpRequest, user: User, reader_study_id: str) -> HttpResponse:
    row = _reader_study(user, reader_study_id)
    props = {
        "reader_study": reader_study_wire(user, row),
        "results": results_wire(results_of(row)) if may_see_results(user, row) else None,
    }
    return show(request, user, "reader-study", row.name, props)


@page
def read_blinded(request: HttpRequest, user: User, reader_study_id: str) -> HttpResponse:
    row = _reader_study(user, reader_study_id)
    require_reader(user, row)
    return show(request, user, "read-blinded", f"Read {row.name}", blind_case_wire(user, row), dark=True)


@page
def capture(request: HttpRequest, user: User) -> HttpResponse:
    rows = [agent_wire(user, token) for token in agents_of(user)]
    return show(request, user, "capture", "Capture", {"agents": rows}, dark=True)


@page
def agents(request: HttpRequest, user: User) -> HttpResponse:
    rows = [agent_wire(user, token) for token in agents_of(user)]
    return show(request, user, "agents", "Agents", {"agents": rows})


@page
def people(request: HttpRequest, user: User) -> HttpResponse:
    if not user.is_superuser:
        raise Http404
    rows = User.objects.prefetch_related("memberships__project")
    first = _listed(
        request, "/people/", lambda q: USERS.page(rows, q, lambda found: [user_wire(row) for row in found])
    )
    if isinstance(first, HttpResponse):
        return first
    return show(request, user, "people", "People", {"users": first})


@page
def audit(request: HttpRequest, user: User) -> HttpResponse:
    managed = list(managed_projects(user).order_by("name"))
    if not managed and not user.is_superuser:
        raise Http404
    first = _listed(
        request,
        "/audit/",
        lambda q: AUDIT.page(audit_of(user), q, lambda found: [audit_wire(row) for row in found]),
    )
    if isinstance(first, HttpResponse):
        return first
    return show(request, user, "audit", "Audit", {"entries": first, "projects": project_wires(user, managed)})


@page
def account(request: HttpRequest, user: User) -> HttpResponse:
    return show(request, user, "account", "Account", {})


@page
def help_page(request: HttpRequest, user: User) -> HttpResponse:
    return show(request, user, "help", "Help", {})
