"""The API of snapshots: choosing what enters, and seeing it before it is frozen."""

import pytest
from django.test import Client

from annotation.models import Project, User
from annotation.models.cohort import Consent
from inference.models import DatasetSnapshot
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import snapshot
from tests.inference.test_api import client_of, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=4)


@pytest.fixture
def project(project_and_admin: tuple[Project, User]) -> Project:
    return project_and_admin[0]


@pytest.fixture
def admin(project_and_admin: tuple[Project, User]) -> Client:
    return client_of(project_and_admin[1])


def test_a_preview_says_what_freezing_would_do_and_does_nothing(admin: Client, project: Project) -> None:
    subject = project.subjects.all()[0]
    subject.consent = Consent.WITHDRAWN
    subject.save()
    body = {"project": str(project.pk), "schema": "back6", "test_share": 0.34}
    seen = post(admin, "snapshots/preview", body).json()
    assert seen == {
        "counts": {
            "subjects": 3,
            "images": 3,
            "with_depth": 3,
            "with_corners": 0,
            "train": 1,
            "validation": 1,
            "test": 1,
        },
        "subjects": {"train": 1, "validation": 1, "test": 1},
        "left_out": [{"reason": "withdrawn", "images": 1}],
        "problem": "",
    }
    assert not DatasetSnapshot.objects.exists()
    frozen = post(admin, "snapshots", {**body, "name": "first"}).json()
    assert frozen["counts"] == seen["counts"]
    detail = admin.get(f"/api/v1/snapshots/{frozen['id']}").json()
    assert detail["choice"]["test_share"] == 0.34


def test_a_preview_says_why_nothing_can_be_frozen(admin: Client, project: Project) -> None:
    body = {"project": str(project.pk), "schema": "back6", "review": "signed"}
    seen = post(admin, "snapshots/preview", body).json()
    assert seen["counts"]["images"] == 0
    assert seen["left_out"] == [{"reason": "unreviewed", "images": 4}]
    assert seen["problem"].startswith("No image of this project")
    refused = post(admin, "snapshots", {**body, "name": "first"})
    assert (refused.status_code, refused.json()["detail"]) == (400, seen["problem"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"review": "liked"}, "review"),
        ({"visits_from": "soon"}, "visits_from"),
        ({"visits_from": "2026-02-01", "visits_to": "2026-01-01"}, "visits_to"),
        ({"validation_share": 0.9}, "validation_share"),
        ({"validation_share": 0.5, "test_share": 0.5}, "test_share"),
        ({"consent": "any"}, "consent"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_by_field(
    admin: Client, project: Project, given: dict[str, object], field: str
) -> None:
    body = {"project": str(project.pk), "schema": "back6", **given}
    answer = post(admin, "snapshots/preview", body)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_who_may_not_train_sees_no_preview(make: Factory, project: Project) -> None:
    body = {"project": str(project.pk), "schema": "back6"}
    for role in ("assistant", "doctor"):
        person = client_of(make.member(project, role))
        assert post(person, "snapshots/preview", body).status_code == 403


def test_freezing_asks_for_a_survey(admin: Client, project: Project) -> None:
    body = {"project": str(project.pk), "schema": "back6", "name": "first"}
    path = f"snapshots/{post(admin, 'snapshots', body).json()['id']}/survey"
    found = admin.get(f"/api/v1/{path}").json()
    assert (found["state"], found["name"], found["result"]) == ("pending", "Survey of first", None)
    assert post(admin, path).json()["id"] == found["id"]


def test_a_snapshot_of_before_there_were_surveys_gets_one_when_asked(make: Factory) -> None:
    project = make.project()
    old, admin = snapshot(make, project), client_of(make.member(project, "admin"))
    path = f"snapshots/{old.pk}/survey"
    assert admin.get(f"/api/v1/{path}").status_code == 404
    assert post(admin, path).json()["state"] == "pending"
    assert admin.get(f"/api/v1/{path}").status_code == 200
