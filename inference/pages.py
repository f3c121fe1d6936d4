"""The pages of the inference app: shells with the first answers of the API inside."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from rest_framework.exceptions import ValidationError

from annotation.actions.schemas import schemas_of
from annotation.api.projects import ProjectWire, project_wires
from annotation.models import Project, User
from annotation.pages import one, page, show
from annotation.permissions import Capability, allows, role_in
from inference.api.entries import difference_wire, entries_page
from inference.api.jobs import (
    INFERENCE_JOBS,
    TRAINING_JOBS,
    curve_wire,
    inference_job_wire,
    training_job_wire,
    visible_inference_jobs,
    visible_training_jobs,
)
from inference.api.recipes import recipe_wire
from inference.api.samples import samples_wire
from inference.api.shipped import shipped_wire
from inference.api.snapshots import SNAPSHOTS, snapshot_facts_wire, snapshot_wire, visible_snapshots
from inference.api.surveys import survey_of, survey_wire
from inference.api.versions import VERSIONS, version_detail_wire, version_wire, visible_versions
from inference.models import InferenceJob, TrainingJob
from inference.recipes.catalogue import RECIPES
from inference.shipped import all_shipped

# Side by side on one screen.
MOST_COMPARED = 4
# Of the trainings and models of one snapshot; the lists have the rest.
MOST_LISTED = 50


def _projects(user: User) -> list[ProjectWire]:
    return project_wires(user, list(Project.objects.visible_to(user).order_by("name")))


def _schema_titles(projects: Iterable[Project]) -> dict[str, dict[str, str]]:
    """The title of each schema by its name, for each project."""
    return {
        str(project.pk): {schema.name: schema.title for schema in schemas_of(project)} for project in projects
    }


def _may_train(user: User, project: Project) -> bool:
    return allows(role_in(user, project.pk), Capability.TRAIN)


@page
def training(request: HttpRequest, user: User) -> HttpResponse:
    """Trainings as rows; the query string is the filter."""
    query = request.GET.dict()
    try:
        jobs = TRAINING_JOBS.page(
            visible_training_jobs(user), query, lambda rows: [training_job_wire(row) for row in rows]
        )
    except ValidationError:
        return HttpResponseRedirect("/training/")
    in_project = {name: value for name, value in query.items() if name == "project"}
    snapshots = SNAPSHOTS.page(
        visible_snapshots(user), in_project, lambda rows: [snapshot_wire(row) for row in rows]
    )
    projects = list(Project.objects.visible_to(user).order_by("name"))
    props: dict[str, Any] = {
        "jobs": jobs,
        "snapshots": snapshots["results"],
        "recipes": [recipe_wire(recipe) for recipe in RECIPES.values()],
        "projects": project_wires(user, projects),
        "schemas": {
            str(project.pk): [{"name": s.name, "title": s.title} for s in schemas_of(project)]
            for project in projects
        },
    }
    return show(request, user, "training", "Training", props)


@page
def training_job(request: HttpRequest, user: User, job_id: str) -> HttpResponse:
    job: TrainingJob = one(visible_training_jobs(user), pk=job_id)
    props = {
        "job": training_job_wire(job),
        "curve": curve_wire(job),
        "samples": samples_wire(job),
        "log": {"text": job.log},
        "may_train": _may_train(user, job.project),
    }
    return show(request, user, "training-job", job.name, props)


@page
def compare(request: HttpRequest, user: User) -> HttpResponse:
    """Up to four trainings beside each other, named in the address: `?job=<id>&job=<id>`."""
    wanted = _ids(request.GET.getlist("job"))[:MOST_COMPARED]
    found = {str(job.pk): job for job in visible_training_jobs(user).filter(pk__in=wanted)}
    jobs = [found[pk] for pk in wanted if pk in found]
    rows = visible_versions(user).filter(job__in=jobs)
    models = {str(version.job_id): version_wire(version) for version in rows}
    props = {
        "runs": [
            {
                "job": training_job_wire(job),
                "curve": curve_wire(job),
                "samples": samples_wire(job),
                "model": models.get(str(job.pk)),
            }
            for job in jobs
        ],
        "missing": len(wanted) - len(jobs),
    }
    return show(request, user, "compare-trainings", "Compare trainings", props)


def _ids(given: list[str]) -> list[str]:
    """Those of some texts that are ids, each once."""
    found = []
    for text in given:
        try:
            found.append(str(uuid.UUID(text)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


@page
def snapshot(request: HttpRequest, user: User, snapshot_id: str) -> HttpResponse:
    """What is in a snapshot, what it is like, and what was made of it."""
    frozen = one(visible_snapshots(user), pk=snapshot_id)
    survey = survey_of(frozen)
    jobs = visible_training_jobs(user).filter(snapshot=frozen).order_by("-created_at")
    others = visible_snapshots(user).filter(project=frozen.project).exclude(pk=frozen.pk)
    props = {
        "snapshot": snapshot_facts_wire(frozen),
        "project": {"id": str(frozen.project_id), "name": frozen.project.name},
        "schema": frozen.manifest["schema"],
        "survey": survey_wire(survey) if survey else None,
        "entries": entries_page(frozen, {}),
        "trainings": [training_job_wire(job) for job in jobs[:MOST_LISTED]],
        "models": [
            version_wire(version)
            for version in visible_versions(user).filter(snapshot=frozen).order_by("-number")[:MOST_LISTED]
        ],
        "others": [{"id": str(row.pk), "name": row.name} for row in others.order_by("-created_at")],
        "may_train": _may_train(user, frozen.project),
    }
    return show(request, user, "snapshot", frozen.name, props)


@page
def snapshot_difference(request: HttpRequest, user: User, snapshot_id: str) -> HttpResponse:
    """What changed from the snapshot `?against=` to this one."""
    after = one(visible_snapshots(user), pk=snapshot_id)
    others = visible_snapshots(user).filter(project=after.project).exclude(pk=after.pk)
    against = _ids([request.GET.get("against", "")])
    before = others.filter(pk__in=against).first()
    if before is None:
        return HttpResponseRedirect(f"/snapshots/{after.pk}/")
    props = {
        "project": {"id": str(after.project_id), "name": after.project.name},
        "difference": difference_wire(before, after),
        "others": [{"id": str(row.pk), "name": row.name} for row in others.order_by("-created_at")],
    }
    return show(request, user, "snapshot-difference", f"{before.name} to {after.name}", props)


@page
def models(request: HttpRequest, user: User) -> HttpResponse:
    try:
        found = VERSIONS.page(
            visible_versions(user), request.GET.dict(), lambda rows: [version_wire(row) for row in rows]
        )
    except ValidationError:
        return HttpResponseRedirect("/models/")
    shipped = [shipped_wire(each) for each in all_shipped()]
    props = {
        "models": found,
        "projects": _projects(user),
        "shipped": shipped,
        "schema_titles": _schema_titles(Project.objects.visible_to(user)),
    }
    return show(request, user, "models", "Models", props)


@page
def model(request: HttpRequest, user: User, version_id: str) -> HttpResponse:
    """The card of one model version, with its last runs."""
    version = one(visible_versions(user), pk=version_id)
    query = {"model_version": str(version.pk), "page_size": "20"}

    def wires(rows: Iterable[InferenceJob]) -> list[Any]:
        return [inference_job_wire(row) for row in rows]

    props = {
        "model": version_detail_wire(version),
        "runs": INFERENCE_JOBS.page(visible_inference_jobs(user), query, wires)["results"],
        "may_train": _may_train(user, version.project),
    }
    return show(request, user, "model", version.label, props)
