"""Exports hold what was saved, say what they are for, and stay small in memory."""

import csv
import io
import json
import tracemalloc
import uuid
from typing import Any

import pytest
from django.test import Client

from annotation.actions import exports
from annotation.actions.landmarks import save, save_prediction
from annotation.models import LandmarkSet, Project
from tests.factories import Factory

Lab = tuple[Client, Project, LandmarkSet]


@pytest.fixture
def lab(make: Factory, client: Client) -> Lab:
    project = make.project("Back & spine")
    doctor = make.member(project, "doctor", make.user("=cmd"))
    film = make.radiograph(make.study(make.subject(project, pseudonym="ANN")), spacing_mm=0.2)
    points: list[dict[str, Any]] = [
        {"name": "C7", "x": 30.25, "y": 10.5, "state": "occluded"},
        {"name": "sacrum", "x": None, "y": None, "state": "missing"},
    ]
    client.force_login(doctor)
    return client, project, make.landmarks(doctor, film, "xray2", points)


def fetch(client: Client, project: Project, name: str) -> bytes:
    answer = client.get(f"/api/v1/projects/{project.pk}/export/{name}")
    assert answer.status_code == 200
    assert "back-spine" in answer["Content-Disposition"]
    assert "research-only" in answer["Content-Disposition"]
    return b"".join(answer)


def test_landmarks_as_csv_and_json(lab: Lab) -> None:
    client, project, landmark_set = lab
    rows = list(csv.DictReader(io.StringIO(fetch(client, project, "landmarks.csv").decode())))
    assert [(row["point"], row["x_px"], row["y_px"], row["state"]) for row in rows] == [
        ("C7", "30.25", "10.5", "occluded"),
        ("sacrum", "", "", "missing"),
    ]
    assert rows[0]["subject"] == "ANN"
    assert rows[0]["use"] == "research only"
    assert rows[0]["author"] == "'=cmd", "a spreadsheet must not run a name"
    document = json.loads(fetch(client, project, "landmarks.json"))
    assert "research use only" in document["statement"]
    assert document["landmark_sets"][0]["landmark_set"] == str(landmark_set.pk)
    points = document["landmark_sets"][0]["points"]
    assert points == [{**point, "taken_over_from": ""} for point in landmark_set.points]


def test_points_taken_over_from_a_model_name_it_until_they_are_moved(lab: Lab) -> None:
    client, project, own = lab
    points: list[dict[str, Any]] = [
        {"name": "C7", "x": 31.0, "y": 11.0, "state": "placed"},
        {"name": "sacrum", "x": 32.0, "y": 90.0, "state": "placed"},
    ]
    by_model = save_prediction(image=own.image, schema="xray2", points=points, model_label="=films 1")
    revision = by_model.revisions.get()
    own = save_again(own, points, began_from=revision)
    own = save_again(own, [points[0], {**points[1], "y": 91.0}])

    def told(name: str) -> list[str]:
        rows = csv.DictReader(io.StringIO(fetch(client, project, name).decode()))
        return [row["taken_over_from"] for row in rows if row["landmark_set"] == str(own.pk)]

    assert told("landmarks.csv") == ["'=films 1", ""]
    document = json.loads(fetch(client, project, "landmarks.json"))
    sets = {row["landmark_set"]: row["points"] for row in document["landmark_sets"]}
    assert [point["taken_over_from"] for point in sets[str(own.pk)]] == ["=films 1", ""]
    assert [point["taken_over_from"] for point in sets[str(by_model.pk)]] == ["", ""]


def save_again(own: LandmarkSet, points: list[dict[str, Any]], **named: Any) -> LandmarkSet:
    assert own.author is not None
    key = uuid.uuid4()
    return save(
        user=own.author,
        image=own.image,
        schema=own.schema,
        points=points,
        base_revision=own.revision,
        idempotency_key=key,
        **named,
    )


def test_coco_keypoints(lab: Lab) -> None:
    client, project, _ = lab
    document = json.loads(fetch(client, project, "coco.json"))
    category = next(entry for entry in document["categories"] if entry["name"] == "xray2")
    assert category["keypoints"] == ["C7", "sacrum"]
    (annotation,) = document["annotations"]
    assert annotation["category_id"] == category["id"]
    assert annotation["image_id"] == document["images"][0]["id"]
    assert annotation["keypoints"] == [30.25, 10.5, 1, 0, 0, 0]
    assert annotation["num_keypoints"] == 1


def test_empty_projects_export_empty_documents(make: Factory, client: Client) -> None:
    project = make.project("back spine")
    client.force_login(make.member(project, "admin"))
    assert json.loads(fetch(client, project, "measurements.json"))["measurements"] == []
    assert json.loads(fetch(client, project, "coco.json"))["annotations"] == []
    assert len(fetch(client, project, "measurements.csv").splitlines()) == 1
    assert client.get(f"/api/v1/projects/{project.pk}/export/all.zip").status_code == 404


def test_memory_stays_flat_over_many_rows(make: Factory) -> None:
    project = make.project()
    film = make.radiograph(make.study(make.subject(project)))
    points = make.points("vertebrae68", film)
    LandmarkSet.objects.bulk_create(
        LandmarkSet(
            image=film, schema="vertebrae68", model_label=f"model {number}", points=points, revision=1
        )
        for number in range(1500)
    )
    tracemalloc.start()
    rows = sum(chunk.count(b"\n") for chunk in exports.landmarks_csv(project))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 1 + 1500 * 68
    assert peak < 24 * 2**20, f"{peak / 2**20:.0f} MB at its peak for 102,000 rows"
