"""Saving landmarks over HTTP: preconditions, staleness, retries, and what history keeps."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from annotation.actions.landmarks import broken_links, save_prediction
from annotation.models import AuditEntry, Image, LandmarkRevision, LandmarkSet, User
from tests.factories import Factory


def put(client: Client, image: Image, points: list[dict[str, Any]], **headers: str) -> Any:
    return client.put(
        f"/api/v1/images/{image.pk}/landmarks/back6",
        json.dumps({"points": points}),
        content_type="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.fixture
def labelling(make: Factory, client: Client) -> tuple[Client, Image, User]:
    colour, _ = make.back()
    user = make.member(colour.project, "assistant")
    client.force_login(user)
    return client, colour, user


def test_an_unlabelled_image_has_an_empty_set_at_revision_0(labelling: tuple[Client, Image, User]) -> None:
    client, image, user = labelling
    answer = client.get(f"/api/v1/images/{image.pk}/landmarks/back6")
    assert answer.status_code == 200
    assert answer["ETag"] == '"0"'
    assert answer.json()["points"] == []
    assert answer.json()["author"]["id"] == str(user.pk)


def test_a_save_needs_its_preconditions(labelling: tuple[Client, Image, User]) -> None:
    client, image, _ = labelling
    assert put(client, image, [], Idempotency_Key=str(uuid.uuid4())).status_code == 428
    assert put(client, image, [], If_Match='"0"').status_code == 428
    assert put(client, image, [], If_Match="W/x", Idempotency_Key=str(uuid.uuid4())).status_code == 400
    assert put(client, image, [], If_Match='"0"', Idempotency_Key="again").status_code == 400
    assert not LandmarkSet.objects.exists()


def test_saves_append_and_a_stale_one_changes_nothing(
    make: Factory, labelling: tuple[Client, Image, User]
) -> None:
    client, image, _ = labelling
    points = make.points("back6", image)
    first = put(client, image, points[:2], If_Match='"0"', Idempotency_Key=str(uuid.uuid4()))
    assert first.status_code == 200
    assert first["ETag"] == '"1"'
    second = put(client, image, points, If_Match='"1"', Idempotency_Key=str(uuid.uuid4()))
    assert second.json()["revision"] == 2
    assert second.json()["complete"] is True
    stale = put(client, image, points[:1], If_Match='"1"', Idempotency_Key=str(uuid.uuid4()))
    assert stale.status_code == 412
    assert stale.json()["code"] == "stale"
    assert stale.json()["current"]["revision"] == 2
    assert len(stale.json()["current"]["points"]) == 6
    assert LandmarkRevision.objects.count() == 2


def test_the_same_key_again_is_the_same_save(make: Factory, labelling: tuple[Client, Image, User]) -> None:
    client, image, _ = labelling
    key, points = str(uuid.uuid4()), make.points("back6", image)
    for _ in range(3):
        answer = put(client, image, points, If_Match='"0"', Idempotency_Key=key)
        assert answer.status_code == 200
        assert answer.json()["revision"] == 1
    assert LandmarkRevision.objects.count() == 1
    assert AuditEntry.objects.filter(action="landmarks.save").count() == 1


def test_the_same_key_again_is_answered_by_its_own_revision_not_by_a_newer_one(
    make: Factory, labelling: tuple[Client, Image, User]
) -> None:
    """The first answer was lost; meanwhile another tab saved. To tell its revision would let the next save of
    this one write over it unseen."""
    client, image, _ = labelling
    key, points = str(uuid.uuid4()), make.points("back6", image)
    first = put(client, image, points, If_Match='"0"', Idempotency_Key=key).json()
    put(client, image, points[:3], If_Match='"1"', Idempotency_Key=str(uuid.uuid4()))
    again = put(client, image, points, If_Match='"0"', Idempotency_Key=key)
    assert again.json() == first
    assert again["ETag"] == '"1"'
    assert put(client, image, points, If_Match='"1"').status_code in {412, 428}
    newest = LandmarkSet.objects.get(image=image)
    assert (newest.revision, len(newest.points), newest.complete) == (2, 3, False)


@pytest.mark.parametrize(
    ("point", "complaint"),
    [
        ({"name": "nose", "x": 1, "y": 1, "state": "placed"}, "not a point"),
        ({"name": "C7", "x": None, "y": 1, "state": "placed"}, "needs an x and a y"),
        ({"name": "C7", "x": 1, "y": 1, "state": "missing"}, "missing"),
        ({"name": "C7", "x": 9999, "y": 1, "state": "placed"}, "outside"),
        ({"name": "C7", "x": 1, "y": 1, "state": "sure"}, "state must be one of"),
        ({"name": "C7", "x": "NaN", "y": 1, "state": "placed"}, "x must be a number"),
        ({"name": "C7", "x": 1, "y": 1, "state": "placed", "z": 3}, "not known"),
    ],
)
def test_wrong_points_are_refused_by_name(
    labelling: tuple[Client, Image, User], point: dict[str, Any], complaint: str
) -> None:
    client, image, _ = labelling
    answer = put(client, image, [point], If_Match='"0"', Idempotency_Key=str(uuid.uuid4()))
    assert answer.status_code == 400
    assert complaint in answer.json()["detail"]
    assert not LandmarkSet.objects.exists()


def test_a_schema_of_the_other_kind_is_refused(make: Factory, labelling: tuple[Client, Image, User]) -> None:
    client, image, _ = labelling
    answer = client.put(
        f"/api/v1/images/{image.pk}/landmarks/xray2",
        json.dumps({"points": []}),
        content_type="application/json",
        headers={"If-Match": "0", "Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 400
    assert "radiograph" in answer.json()["detail"]


def test_history_shows_every_revision_and_tampering_shows(
    make: Factory, labelling: tuple[Client, Image, User]
) -> None:
    client, image, user = labelling
    points = make.points("back6", image)
    row = make.landmarks(user, image, "back6", points[:3])
    row = make.landmarks(user, image, "back6", points, base=1)
    history = client.get(f"/api/v1/landmark-sets/{row.pk}/revisions").json()
    assert [entry["points_count"] for entry in history["results"]] == [6, 3]
    old = client.get(f"/api/v1/landmark-sets/{row.pk}/revisions/1").json()
    assert len(old["points"]) == 3
    assert client.get(f"/api/v1/landmark-sets/{row.pk}/revisions/3").status_code == 404
    assert broken_links(row) == []
    first = row.revisions.get(number=1)
    first.points[0]["x"] += 1
    first.save()
    assert broken_links(row) == [1]


def test_history_says_how_many_points_are_still_another_authors(
    make: Factory, labelling: tuple[Client, Image, User]
) -> None:
    client, image, _ = labelling
    points = make.points("back6", image)
    model = save_prediction(image=image, schema="back6", points=points, model_label="backs 2")
    for number, (stored, began_from) in enumerate(
        [(points[:2], None), (points, {"set": str(model.pk), "revision": 1}), (moved(points), None)]
    ):
        answer = client.put(
            f"/api/v1/images/{image.pk}/landmarks/back6",
            json.dumps({"points": stored, "began_from": began_from}),
            content_type="application/json",
            headers={"If-Match": str(number), "Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status_code == 200
    history = client.get(f"/api/v1/landmark-sets/{answer.json()['id']}/revisions").json()["results"]
    author = {"kind": "model", "id": None, "name": "backs 2"}
    assert [entry["taken_over"] for entry in history] == [
        [{"author": author, "points": 5}],
        [{"author": author, "points": 6}],
        [],
    ]


def moved(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the first a pixel farther right."""
    return [{**points[0], "x": points[0]["x"] + 1}, *points[1:]]


def test_label_first_hides_the_others_until_one_has_labelled(make: Factory, client: Client) -> None:
    project = make.project(label_first=True)
    colour, _ = make.back(make.study(make.subject(project)))
    other, me = make.member(project, "assistant"), make.member(project, "assistant")
    theirs = make.landmarks(other, colour, "back6")
    client.force_login(me)
    assert client.get(f"/api/v1/images/{colour.pk}/landmarks").json() == []
    assert client.get(f"/api/v1/images/{colour.pk}").json()["landmark_sets"] == []
    assert client.get(f"/api/v1/landmark-sets/{theirs.pk}/revisions").status_code == 404
    assert client.get(f"/api/v1/label-cases/{colour.pk}").json()["others"] == []
    points = make.points("back6", colour)
    make.landmarks(me, colour, "back6", points[:5])
    assert len(client.get(f"/api/v1/images/{colour.pk}/landmarks").json()) == 1
    make.landmarks(me, colour, "back6", points, base=1)
    assert len(client.get(f"/api/v1/images/{colour.pk}/landmarks").json()) == 2
    assert client.get(f"/api/v1/landmark-sets/{theirs.pk}/revisions").status_code == 200


def test_a_complete_set_takes_the_image_off_the_queue(
    make: Factory, labelling: tuple[Client, Image, User]
) -> None:
    client, image, _ = labelling
    other, _ = make.back(image.study)
    case = client.get(f"/api/v1/label-cases/{image.pk}").json()
    assert case["queue"]["total"] == 2
    assert case["queue"]["next"]["image"] == str(other.pk)
    points = make.points("back6", image)
    put(client, image, points, If_Match='"0"', Idempotency_Key=str(uuid.uuid4()))
    image.refresh_from_db()
    assert not image.waiting
    image.study.refresh_from_db()
    assert image.study.label_state == "partial"
    assert client.get(f"/api/v1/label-cases/{other.pk}").json()["queue"]["total"] == 1
