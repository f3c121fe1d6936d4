"""The pages of the inference app: shells with the first answers of the API inside."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from rest_framework.exceptions import ValidationError

from annotation.actions.schemas import schemas_of
from annotation.api.projects import ProjectWire, project_wires
from annotation.models import Project, User
from annotation.pages import one, page, show
from annotation.permissions import Capability, allows, role_in
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
from inference.api.snapshots import SNAPSHOTS, snapshot_wire, visible_snapshots
from inference.api.versions import VERSIONS, version_detail_wire, version_wire, visible_versions
from inference.models import InferenceJob, TrainingJob
from inference.recipes import RECIPES


def _projects(user: User) -> list[ProjectWire]:
    return project_wires(user, list(Project.objects.visible_to(user).order_by("name")))


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
        "log": {"text": job.log},
        "may_train": _may_train(user, job.project),
    }
    return show(request, user, "training-job", job.name, props)


@page
def models(request: HttpRequest, user: User) -> HttpResponse:
    try:
        found = VERSIONS.page(
            visible_versions(user), request.GET.dict(), lambda rows: [version_wire(row) for row in rows]
        )
    except ValidationError:
        return HttpResponseRedirect("/models/")
    return show(request, user, "models", "Models", {"models": found, "projects": _projects(user)})


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
