"""The API of snapshots, recipes, jobs and versions: who may, what is refused, what is answered."""

import datetime
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import AuditEntry, Project, User
from annotation.models.cohort import Consent
from inference.actions import snapshots
from inference.models import JobState, TrainingJob
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import model_version, prediction, training_job

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json")


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=4)


@pytest.fixture
def admin(project_and_admin: tuple[Project, User]) -> Client:
    return client_of(project_and_admin[1])


@pytest.fixture
def project(project_and_admin: tuple[Project, User]) -> Project:
    return project_and_admin[0]


def freeze(client: Client, project: Project, name: str = "first") -> Any:
    return post(client, "snapshots", {"project": str(project.pk), "name": name, "schema": "back6"})


def test_freeze_start_and_cancel(admin: Client, project: Project) -> None:
    frozen = freeze(admin, project)
    assert frozen.status_code == 201
    assert frozen.json()["counts"] == {
        "subjects": 4, "images": 4, "with_depth": 4, "with_corners": 0,
        "train": 2, "validation": 1, "test": 1,
    }  # fmt: skip
    body = {
        "snapshot": frozen.json()["id"],
        "recipe": "back-trial",
        "name": "Backs",
        "changes": {"epochs": 5},
    }
    started = post(admin, "training-jobs", body)
    assert started.status_code == 201
    job = started.json()
    assert (job["state"], job["recipe"]["epochs"], job["attempt"]) == ("pending", 5, 0)
    assert admin.get(f"/api/v1/training-jobs?project={project.pk}").json()["count"] == 1
    assert admin.get(f"/api/v1/training-jobs/{job['id']}/curve").json() == {"epochs": []}
    assert admin.get(f"/api/v1/training-jobs/{job['id']}/log").json() == {"text": ""}

    cancelled = post(admin, f"training-jobs/{job['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = post(admin, f"training-jobs/{job['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    acts = AuditEntry.objects.filter(project=project, target_kind__in=["trainingjob", "datasetsnapshot"])
    assert [*acts.order_by("id").values_list("action", flat=True)] == [
        "snapshot.freeze", "training.start", "trainingjob.cancel",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["assistant", "doctor"])
def test_who_may_not_train_may_look(make: Factory, admin: Client, project: Project, role: str) -> None:
    snapshot = freeze(admin, project).json()
    looker = client_of(make.member(project, role))
    assert looker.get(f"/api/v1/snapshots/{snapshot['id']}").status_code == 200
    assert looker.get("/api/v1/recipes").status_code == 200
    assert freeze(looker, project, "second").status_code == 403
    body = {"snapshot": snapshot["id"], "recipe": "back-trial", "name": "Backs"}
    assert post(looker, "training-jobs", body).status_code == 403
    assert not TrainingJob.objects.exists()


def test_another_project_sees_nothing(make: Factory, admin: Client, project: Project) -> None:
    version = model_version(make, project)
    stranger = client_of(make.member(make.project(), "admin"))
    snapshot, job = version.snapshot, version.job
    for path in (f"snapshots/{snapshot.pk}", f"training-jobs/{job.pk}", f"model-versions/{version.pk}"):
        assert admin.get(f"/api/v1/{path}").status_code == 200
        assert stranger.get(f"/api/v1/{path}").status_code == 404
    for path in (f"training-jobs/{job.pk}/cancel", f"model-versions/{version.pk}/promote"):
        assert post(stranger, path).status_code == 404
    for path in ("snapshots", "training-jobs", "inference-jobs", "model-versions"):
        assert stranger.get(f"/api/v1/{path}").json()["count"] == 0
        assert Client().get(f"/api/v1/{path}").status_code == 401
    body = {"model_version": str(version.pk)}
    assert post(stranger, "inference-jobs", body).status_code == 404


def test_a_bad_request_says_what_to_do(admin: Client, project: Project) -> None:
    snapshot = freeze(admin, project).json()["id"]
    good = {"snapshot": snapshot, "recipe": "back-trial", "name": "Backs"}
    cases = [
        ({**good, "recipe": "none-such"}, 400, "recipe"),
        ({**good, "recipe": "radiograph-small"}, 400, "recipe"),
        ({**good, "changes": {"epochs": 0}}, 400, "changes"),
        ({**good, "changes": {"epochs": "many"}}, 400, "changes"),
        ({**good, "changes": {"target": "radiograph"}}, 400, "changes"),
        ({**good, "changes": {"learning_rate": 5}}, 400, "changes"),
        ({**good, "state": "succeeded"}, 400, "state"),
        ({**good, "snapshot": str(uuid.uuid4())}, 404, None),
    ]
    for body, status, field in cases:
        answer = post(admin, "training-jobs", body)
        assert answer.status_code == status, body
        assert field is None or field in answer.json().get("fields", {}), answer.json()
    assert freeze(admin, project).status_code == 409
    empty = {"project": str(project.pk), "name": "x", "schema": "xray2"}
    assert "completely labelled" in post(admin, "snapshots", empty).json()["detail"]


def test_nobody_trains_on_a_withdrawn_subject(admin: Client, project: Project) -> None:
    snapshot = freeze(admin, project).json()
    subject = project.subjects.all()[0]
    subject.consent = Consent.WITHDRAWN
    subject.save()
    assert admin.get(f"/api/v1/snapshots/{snapshot['id']}").json()["gone_images"] == 1
    body = {"snapshot": snapshot["id"], "recipe": "back-trial", "name": "Backs"}
    answer = post(admin, "training-jobs", body)
    assert answer.status_code == 409
    assert "Freeze a new one" in answer.json()["detail"]
    second = freeze(admin, project, "second").json()
    assert second["counts"]["images"] == 3


def test_promote_retire_and_roll_back(make: Factory, admin: Client, project: Project) -> None:
    old, new = model_version(make, project), model_version(make, project)
    assert post(admin, f"model-versions/{old.pk}/promote").json()["state"] == "promoted"
    assert post(admin, f"model-versions/{new.pk}/promote").json()["state"] == "promoted"
    old.refresh_from_db()
    assert old.state == "retired"
    assert post(admin, "inference-jobs", {"model_version": str(old.pk)}).status_code == 409
    assert post(admin, f"model-versions/{old.pk}/promote").json()["state"] == "promoted"
    new.refresh_from_db()
    assert new.state == "retired"
    assert post(admin, f"model-versions/{new.pk}/retire").status_code == 409


def test_a_version_whose_origin_was_changed_is_not_promoted(
    make: Factory, admin: Client, project: Project
) -> None:
    version = model_version(make, project)
    type(version).objects.filter(pk=version.pk).update(metrics={**version.metrics, "best_epoch": 99})
    answer = post(admin, f"model-versions/{version.pk}/promote")
    assert answer.status_code == 409
    assert "origin" in answer.json()["detail"]


def test_running_a_model_on_chosen_images(make: Factory, admin: Client, project: Project) -> None:
    version = model_version(make, project)
    image = project.studies.all()[0].images.get(kind="colour")
    film = make.radiograph(make.study(make.subject(project)))
    body = {"model_version": str(version.pk), "images": [str(image.pk)]}
    assert post(admin, "inference-jobs", body).json()["images_count"] == 1
    answer = post(admin, "inference-jobs", {**body, "images": [str(image.pk), str(film.pk)]})
    assert answer.status_code == 400
    assert answer.json()["fields"]["images"] == [str(film.pk)]


def test_every_page_is_shown(make: Factory, admin: Client, project: Project) -> None:
    version = model_version(make, project)
    for path in ("/training/", f"/training/{version.job_id}/", "/models/", f"/models/{version.pk}/"):
        assert admin.get(path).status_code == 200, path
        assert Client().get(path).status_code == 302
    stranger = client_of(make.member(make.project(), "admin"))
    assert stranger.get(f"/models/{version.pk}/").status_code == 404
    assert stranger.get(f"/training/{version.job_id}/").status_code == 404


def test_the_split_is_by_subject_and_follows_the_seed(make: Factory, project: Project, admin: Client) -> None:
    names = [f"subject-{number}" for number in range(40)]
    split = snapshots.split_subjects(names, seed=3)
    assert split == snapshots.split_subjects(names, seed=3)
    assert split != snapshots.split_subjects(names, seed=4)
    counts = [list(split.values()).count(name) for name in ("train", "validation", "test")]
    assert counts == [28, 6, 6]
    assert sorted(snapshots.split_subjects(["a", "b"], seed=0).values()) == ["train", "validation"]


def test_states_of_a_list_are_filtered(make: Factory, admin: Client, project: Project) -> None:
    model_version(make, project)
    assert admin.get("/api/v1/training-jobs?state=succeeded").json()["count"] == 1
    assert admin.get(f"/api/v1/training-jobs?state={JobState.FAILED}").json()["count"] == 0
    assert admin.get("/api/v1/training-jobs?state=lost").status_code == 400
    assert admin.get("/api/v1/training-jobs?finished_from=soon").status_code == 400
    assert admin.get("/api/v1/training-jobs?created_by__password=x").status_code == 400


def test_what_ended_lately_is_told_from_what_ended_long_ago(
    make: Factory, admin: Client, project: Project
) -> None:
    now = timezone.now()
    for days in (1, 30):
        ended = now - datetime.timedelta(days=days)
        training_job(
            make, project, state=JobState.FAILED, error="nan", started_at=ended, finished_at=ended, token=1
        )
    since = (now - datetime.timedelta(days=7)).date()
    path = "/api/v1/training-jobs?state=failed"
    assert admin.get(path).json()["count"] == 2
    assert admin.get(f"{path}&finished_from={since}").json()["count"] == 1


def test_a_prediction_says_how_sure_it_is_of_each_point(make: Factory) -> None:
    project = make.project()
    colour, _ = make.back(make.study(make.subject(project)))
    reader = make.member(project, "assistant")
    placed = prediction(model_version(make, project), colour)
    own = make.landmarks(reader, colour, "back6")
    path = "/api/v1/landmark-sets/{}/prediction"
    assert client_of(reader).get(path.format(placed.landmark_set_id)).json() == {
        "set": str(placed.landmark_set_id),
        "revision": 1,
        "model_version": {"id": str(placed.model_version_id), "label": "Backs #1", "state": "candidate"},
        "confidence": {"C7": 0.8},
        "covariance_px2": {"C7": [9.0, -1.5, 4.0]},
        "doubts": [],
        "abstains": "",
        "major_doubt_deg": None,
        "curve_doubts": [],
    }
    assert client_of(reader).get(path.format(own.pk)).status_code == 404


def test_a_project_that_labels_first_does_not_tell_how_sure_the_model_was(make: Factory) -> None:
    project = make.project()
    colour, _ = make.back(make.study(make.subject(project)))
    Project.objects.filter(pk=project.pk).update(label_first=True)
    placed = prediction(model_version(make, project), colour)
    reader = client_of(make.member(project, "assistant"))
    assert reader.get(f"/api/v1/landmark-sets/{placed.landmark_set_id}/prediction").status_code == 404
