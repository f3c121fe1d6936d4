"""Remarks on images: put aside, flagged, commented on, settled."""

from typing import Any

import pytest
from django.test import Client

from annotation.actions import remarks
from annotation.models import AuditEntry, Image, Remark
from tests.factories import Factory


@pytest.fixture
def film(make: Factory) -> Image:
    return make.radiograph()


def say(client: Client, image: Image, kind: str, text: str = "Why.", **pin: str) -> Any:
    body = {"kind": kind, "text": text, **pin}
    return client.post(f"/api/v1/images/{image.pk}/remarks", body, "application/json")


def settle(client: Client, remark: str) -> Any:
    return client.post(f"/api/v1/remarks/{remark}/settle")


def test_an_image_that_is_put_aside_leaves_the_queue_until_that_is_settled(
    make: Factory, client: Client, film: Image
) -> None:
    client.force_login(make.member(film.project, "assistant"))
    case = f"/api/v1/label-cases/{film.pk}"
    assert client.get(case).json()["queue"]["total"] == 1
    said = say(client, film, "skip", "The film is cut off below L2.")
    assert said.status_code == 201
    shown = client.get(case).json()
    assert shown["queue"]["total"] == 0
    assert [each["text"] for each in shown["remarks"]] == ["The film is cut off below L2."]
    assert say(client, film, "skip").status_code == 409
    settled = settle(client, said.json()["id"]).json()
    assert settled["settled_at"]
    assert client.get(case).json()["queue"]["total"] == 1
    assert settle(client, said.json()["id"]).json()["settled_at"] == settled["settled_at"]
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts == ["remark.skip", "remark.settle"]
    assert say(client, film, "skip", "Again.").status_code == 201


def test_a_comment_is_pinned_to_a_point_of_the_projects_schemas(
    make: Factory, client: Client, film: Image
) -> None:
    client.force_login(make.member(film.project, "assistant"))
    pinned = say(client, film, "comment", "Hidden by a clip.", schema="xray2", point="C7")
    assert (pinned.json()["schema"], pinned.json()["point"]) == ("xray2", "C7")
    for pin in ({"schema": "xray2"}, {"point": "C7"}, {"schema": "xray2", "point": "L9"}):
        assert say(client, film, "comment", **pin).status_code == 400
    assert say(client, film, "comment", schema="nothing", point="C7").status_code == 400
    assert say(client, film, "skip", schema="xray2", point="C7").status_code == 400
    assert Remark.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{"kind": "skip"}, {"kind": "skip", "text": " "}, {"kind": "joke", "text": "a"}]
)
def test_a_remark_says_something(make: Factory, client: Client, film: Image, body: dict[str, str]) -> None:
    client.force_login(make.member(film.project, "assistant"))
    assert client.post(f"/api/v1/images/{film.pk}/remarks", body, "application/json").status_code == 400


def test_what_stands_comes_first(make: Factory, client: Client, film: Image) -> None:
    client.force_login(make.member(film.project, "doctor"))
    first = say(client, film, "comment", "First.").json()
    say(client, film, "flag", "Second.")
    settle(client, first["id"])
    said = client.get(f"/api/v1/images/{film.pk}/remarks").json()
    assert [each["text"] for each in said] == ["Second.", "First."]


def test_the_list_holds_the_remarks_of_ones_projects(make: Factory, client: Client, film: Image) -> None:
    client.force_login(make.member(film.project, "doctor"))
    say(client, film, "flag", "Mine.")
    say(client, film, "comment", "Also mine.")
    other = make.radiograph()
    Remark.objects.create(image=other, kind="flag", text="Not mine.", author=make.user())
    flags = client.get("/api/v1/remarks?kind=flag&standing=true").json()
    assert [each["text"] for each in flags["results"]] == ["Mine."]
    assert flags["results"][0]["subject"]["pseudonym"] == film.study.subject.pseudonym
    assert client.get("/api/v1/remarks").json()["count"] == 2
    assert client.get("/api/v1/remarks?standing=perhaps").status_code == 400


def test_a_flag_waits_on_the_first_page_of_doctors_alone(make: Factory, client: Client, film: Image) -> None:
    assistant, doctor = make.member(film.project, "assistant"), make.member(film.project, "doctor")
    client.force_login(assistant)
    flag = say(client, film, "flag", "Is this T12?").json()

    def waiting() -> dict[str, Any]:
        return {each["key"]: each for each in client.get("/api/v1/home").json()["waiting"]}

    assert "flagged" not in waiting()
    client.force_login(doctor)
    assert waiting()["flagged"]["count"] == 1
    shown = client.get(f"/api/v1/studies/{film.study_id}").json()["remarks"]
    assert [(each["kind"], each["text"]) for each in shown] == [("flag", "Is this T12?")]
    assert waiting()["flagged"]["url"] == f"/images/{film.pk}/label/"
    settle(client, flag["id"])
    assert "flagged" not in waiting()


def test_admins_see_what_was_put_aside(make: Factory, client: Client, film: Image) -> None:
    client.force_login(make.member(film.project, "assistant"))
    say(client, film, "skip", "Cut off.")
    assert "put_aside" not in {each["key"] for each in client.get("/api/v1/home").json()["waiting"]}
    client.force_login(make.member(film.project, "admin"))
    waiting = {each["key"]: each for each in client.get("/api/v1/home").json()["waiting"]}
    assert (waiting["put_aside"]["count"], waiting["put_aside"]["title"]) == (1, "image put aside")
    assert waiting["put_aside"]["url"] == f"/images/{film.pk}/label/"
    assert "to_label" not in waiting


def test_label_first_hides_others_comments_until_ones_own_points_are_complete(
    make: Factory, client: Client
) -> None:
    project = make.project(label_first=True)
    colour, _ = make.back(make.study(make.subject(project)))
    other, me = make.member(project, "doctor"), make.member(project, "assistant")
    pinned = {"schema": "back6", "point": "C7"}
    remarks.remark(author=other, image=colour, kind="comment", text="Lower than one thinks.", **pinned)
    remarks.remark(author=other, image=colour, kind="comment", text="Hair.")
    remarks.remark(author=other, image=colour, kind="flag", text="Look at this.")
    remarks.remark(author=me, image=colour, kind="comment", text="Mine.")
    client.force_login(me)

    def seen() -> set[str]:
        in_case = client.get(f"/api/v1/label-cases/{colour.pk}").json()["remarks"]
        in_study = client.get(f"/api/v1/studies/{colour.study_id}").json()["remarks"]
        alone = client.get(f"/api/v1/images/{colour.pk}/remarks").json()
        listed = client.get("/api/v1/remarks").json()["results"]
        texts = [{each["text"] for each in found} for found in (in_case, in_study, alone, listed)]
        assert all(each == texts[0] for each in texts)
        return texts[0]

    points = make.points("back6", colour)
    make.landmarks(me, colour, "back6", points[:5])
    assert seen() == {"Look at this.", "Mine."}
    make.landmarks(me, colour, "back6", points, base=1)
    assert seen() == {"Look at this.", "Mine.", "Lower than one thinks.", "Hair."}
