"""The API of jobs: going on after a failure or a cancellation."""

import json

import pytest
from django.test import Client

from annotation.models import AuditEntry, Project, User
from annotation.models.cohort import Consent
from inference.actions import running, snapshots
from inference.models import JobState, TrainingJob
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import sample, training_job
from tests.inference.test_api import client_of, post

pytestmark = pytest.mark.django_db


def failed(make: Factory, project: Project) -> TrainingJob:
    job = training_job(make, project)
    hold = running.claim(model=TrainingJob, pk=job.pk)
    assert hold
    running.end(hold=hold, state=JobState.FAILED, error="The loss became nan in epoch 3.")
    return job


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def admin(make: Factory, project: Project) -> Client:
    return client_of(make.member(project, "admin"))


def test_a_failed_training_goes_on_when_asked(make: Factory, admin: Client, project: Project) -> None:
    job = failed(make, project)
    answer = post(admin, f"training-jobs/{job.pk}/resume")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["state"], found["attempt"], found["finished_at"]) == ("pending", 0, None)
    assert found["error"] == "The loss became nan in epoch 3."
    assert AuditEntry.objects.filter(action="training.resume", target_id=job.pk).count() == 1
    again = post(admin, f"training-jobs/{job.pk}/resume")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_a_training_cancelled_before_it_began_goes_on(make: Factory, admin: Client, project: Project) -> None:
    job = training_job(make, project)
    assert post(admin, f"training-jobs/{job.pk}/cancel").json()["state"] == "cancelled"
    found = post(admin, f"training-jobs/{job.pk}/resume").json()
    assert (found["state"], found["cancel_requested"]) == ("pending", False)


def test_nothing_goes_on_with_pictures_of_somebody_who_withdrew(make: Factory) -> None:
    project, admin = labelled_project(make, images=3)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    job = failed(make, project)
    TrainingJob.objects.filter(pk=job.pk).update(snapshot=snapshot)
    project.subjects.filter(pk=project.subjects.all()[0].pk).update(consent=Consent.WITHDRAWN)
    answer = post(client_of(admin), f"training-jobs/{job.pk}/resume")
    assert answer.status_code == 409
    assert "Freeze a new one" in answer.json()["detail"]
    job.refresh_from_db()
    assert job.state == JobState.FAILED


@pytest.mark.parametrize("role", ["assistant", "doctor"])
def test_who_may_not_train_may_not_let_it_go_on(make: Factory, project: Project, role: str) -> None:
    job = failed(make, project)
    person: User = make.member(project, role)
    assert post(client_of(person), f"training-jobs/{job.pk}/resume").status_code == 403


def test_samples_are_listed_and_shown(make: Factory, admin: Client, project: Project) -> None:
    job = training_job(make, project)
    path = f"/api/v1/training-jobs/{job.pk}/samples"
    assert admin.get(path).json() == {"withheld": False, "samples": []}
    second, first = sample(make, job, 12, "truth and guess"), sample(make, job, 1)
    assert admin.get(path).json()["samples"] == [
        {"epoch": 1, "url": f"{path}/1", "text": ""},
        {"epoch": 12, "url": f"{path}/12", "text": "truth and guess"},
    ]
    shown = admin.get(f"{path}/12")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert b"".join(shown.streaming_content)[:4] == b"\x89PNG"  # type: ignore[attr-defined]
    assert shown["ETag"] == f'"{second.picture_id}"' != f'"{first.picture_id}"'
    assert admin.get(f"{path}/12", headers={"If-None-Match": shown["ETag"]}).status_code == 304
    assert admin.get(f"{path}/3").status_code == 404
    stranger = client_of(make.member(make.project(), "admin"))
    assert stranger.get(f"{path}/12").status_code == 404


def test_samples_are_withheld_once_somebody_withdrew(make: Factory) -> None:
    project, admin = labelled_project(make, images=3)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    job = training_job(make, project)
    TrainingJob.objects.filter(pk=job.pk).update(snapshot=snapshot)
    sample(make, job)
    client, path = client_of(admin), f"/api/v1/training-jobs/{job.pk}/samples"
    assert client.get(f"{path}/1").status_code == 200
    project.subjects.filter(pk=project.subjects.all()[0].pk).update(consent=Consent.WITHDRAWN)
    assert client.get(path).json() == {"withheld": True, "samples": []}
    assert client.get(f"{path}/1").status_code == 404


def test_the_curve_has_whatever_numbers_a_training_told(
    make: Factory, admin: Client, project: Project
) -> None:
    line = {
        "epoch": 1, "epochs": 9, "eta_s": 3.0, "images": 4, "train_loss": 0.5, "critic_loss": None,
        "ms_ssim": 1, "note": "x", "early": True, "error_px_by_point": {"C7": 1.0},
    }  # fmt: skip
    job = training_job(make, project, history=[line])
    assert admin.get(f"/api/v1/training-jobs/{job.pk}/curve").json() == {
        "epochs": [{"epoch": 1, "values": {"train_loss": 0.5, "critic_loss": None, "ms_ssim": 1}}]
    }


def test_trainings_are_compared_by_address(make: Factory, admin: Client, project: Project) -> None:
    first, second = training_job(make, project), training_job(make, project)
    hidden = training_job(make)
    path = f"/training/compare/?job={second.pk}&job={first.pk}&job={hidden.pk}&job=nonsense"
    page = admin.get(path)
    assert page.status_code == 200
    props = json.loads(page.content.decode().split('type="application/json">')[1].split("</script>")[0])
    found = props["page"]
    assert [run["job"]["id"] for run in found["runs"]] == [str(second.pk), str(first.pk)]
    assert found["missing"] == 1
    assert admin.get("/training/compare/").status_code == 200
