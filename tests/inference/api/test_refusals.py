"""What models could not read, as the API tells it: of an image, of a visit, of a run."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import Image, Project
from inference.models import Refusal
from tests.factories import Factory
from tests.inference.rows import model_version, refusal
from tests.inference.test_api import client_of

pytestmark = pytest.mark.django_db
BLANK = "The picture is blank."


def refused(make: Factory, project: Project) -> Refusal:
    colour, _ = make.back(make.study(make.subject(project)))
    return refusal(model_version(make, project), colour)


def found(client: Client, query: str) -> Any:
    answer = client.get(f"/api/v1/refusals?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_an_image_and_its_visit_say_which_model_gave_no_proposal_and_why(make: Factory) -> None:
    project = make.project()
    row, other = refused(make, project), refused(make, project)
    reader = client_of(make.member(project, "assistant"))
    version = row.model_version
    told = {
        "image": str(row.image_id),
        "study": str(row.image.study_id),
        "schema": "back6",
        "model": {"id": str(version.pk), "label": version.label, "state": "candidate"},
        "reason": BLANK,
    }
    for query in (f"image={row.image_id}", f"study={row.image.study_id}"):
        (one,) = found(reader, query)
        assert {**one, "created_at": ""} == {**told, "created_at": ""}
    assert len(found(reader, "")) == 2
    assert [each["image"] for each in found(reader, f"model_version={other.model_version_id}")] == [
        str(other.image_id)
    ]
    assert reader.get("/api/v1/refusals?reason=x").status_code == 400


def test_a_project_that_labels_first_does_not_tell_before_ones_own_points_are_complete(make: Factory) -> None:
    project = make.project()
    row = refused(make, project)
    Project.objects.filter(pk=project.pk).update(label_first=True)
    person = make.member(project, "assistant")
    reader = client_of(person)
    assert found(reader, f"image={row.image_id}") == []
    names = ["C7", "scapula_L", "scapula_R", "PSIS_L", "PSIS_R", "sacrum"]
    points = [{"name": name, "x": 1.0, "y": 2.0, "state": "placed"} for name in names]
    made = make.landmarks(person, row.image, "back6", points)
    assert made.complete
    assert len(found(reader, f"image={row.image_id}")) == 1


def test_nobody_hears_of_what_is_not_theirs_or_was_withdrawn(make: Factory) -> None:
    project = make.project()
    row = refused(make, project)
    member = client_of(make.member(project, "doctor"))
    stranger = client_of(make.member(make.project(), "admin"))
    assert (len(found(member, "")), found(stranger, "")) == (1, [])
    path = f"/api/v1/inference-jobs/{row.job_id}"
    assert member.get(path).json()["refused_count"] == 1
    Image.objects.filter(pk=row.image_id).update(hidden=True)
    assert found(member, "") == []
    assert member.get(path).json()["refused_count"] == 0


def test_a_run_counts_its_refusals_by_reason(make: Factory) -> None:
    project = make.project()
    row = refused(make, project)
    for number in range(7):
        image, _ = make.back(make.study(make.subject(project)))
        reason = BLANK if number == 0 else f"No spine ({number})."
        Refusal.objects.create(image=image, model_version=row.model_version, job=row.job, reason=reason)
    reader = client_of(make.member(project, "doctor"))
    (job,) = reader.get(f"/api/v1/inference-jobs?model_version={row.model_version_id}").json()["results"]
    assert (job["images_count"], job["refused_count"]) == (1, 8)
    assert job["refused_why"][0] == {"reason": BLANK, "images_count": 2}
    assert len(job["refused_why"]) == 5
