"""Verdicts on landmark sets: accepted, signed, returned."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import Image, LandmarkSet, User
from tests.factories import Factory


@pytest.fixture
def film(make: Factory) -> Image:
    project = make.project(radiograph_schema="xray2")
    return make.radiograph(make.study(make.subject(project)))


@pytest.fixture
def assistant(make: Factory, film: Image) -> User:
    return make.member(film.project, "assistant")


@pytest.fixture
def points(make: Factory, film: Image, assistant: User) -> LandmarkSet:
    return make.landmarks(assistant, film, "xray2")


@pytest.fixture
def doctor(make: Factory, film: Image) -> User:
    return make.member(film.project, "doctor")


def judge(client: Client, points: LandmarkSet, verdict: str, revision: int = 1, note: str = "") -> Any:
    body = {"verdict": verdict, "revision": revision, "note": note}
    return client.post(f"/api/v1/landmark-sets/{points.pk}/reviews", body, "application/json")


def waiting(image: Image) -> bool:
    image.refresh_from_db()
    return image.waiting


def test_what_is_returned_waits_for_its_author_until_it_is_saved_again(
    make: Factory, client: Client, film: Image, points: LandmarkSet, assistant: User, doctor: User
) -> None:
    assert not waiting(film)
    client.force_login(doctor)
    assert judge(client, points, "returned").status_code == 400
    assert judge(client, points, "returned", note="C7 is T1.").status_code == 201
    assert waiting(film)

    client.force_login(assistant)
    case = client.get(f"/api/v1/label-cases/{film.pk}").json()
    assert case["set"]["verdict"] == "returned"
    assert (case["review"]["note"], case["review"]["reviewer"]["id"]) == ("C7 is T1.", str(doctor.pk))
    make.landmarks(assistant, film, "xray2", base=1)
    assert not waiting(film)
    case = client.get(f"/api/v1/label-cases/{film.pk}").json()
    assert (case["set"]["verdict"], case["review"]) == ("", None)


def test_a_signature_is_on_one_revision(
    make: Factory, client: Client, film: Image, points: LandmarkSet, assistant: User, doctor: User
) -> None:
    client.force_login(doctor)
    signed = judge(client, points, "signed").json()
    assert (signed["verdict"], signed["revision"], signed["set"]) == ("signed", 1, str(points.pk))
    read = client.get(f"/api/v1/read-cases/{film.study_id}").json()
    assert [(each["verdict"], each["revision"]) for each in read["reviews"]] == [("signed", 1)]
    make.landmarks(assistant, film, "xray2", base=1)
    read = client.get(f"/api/v1/read-cases/{film.study_id}").json()
    assert read["reviews"] == []
    assert read["sets"][0]["verdict"] == ""
    assert judge(client, points, "signed", revision=1).status_code == 409
    assert judge(client, points, "accepted", revision=2).status_code == 201
    listed = client.get(f"/api/v1/landmark-sets/{points.pk}/reviews").json()
    assert [(each["verdict"], each["revision"]) for each in listed] == [("accepted", 2), ("signed", 1)]


def test_an_earlier_revision_carries_no_verdict_on_the_newest(
    make: Factory, client: Client, film: Image, points: LandmarkSet, assistant: User, doctor: User
) -> None:
    make.landmarks(assistant, film, "xray2", base=1)
    client.force_login(doctor)
    judge(client, points, "signed", revision=2)
    revisions = f"/api/v1/landmark-sets/{points.pk}/revisions"
    assert client.get(f"{revisions}/1").json()["verdict"] == ""
    assert client.get(f"{revisions}/2").json()["verdict"] == "signed"
