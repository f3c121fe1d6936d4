"""What waits for a person: counted, named for one as for many, and only what is theirs to do."""

from django.test import Client

from tests.factories import Factory


def test_one_of_a_kind_is_named_as_one_and_more_as_many(make: Factory, client: Client) -> None:
    project = make.project()
    client.force_login(make.member(project, "doctor"))
    assert client.get("/api/v1/home").json()["waiting"] == []
    for sides, label, read in (
        ("film whose side nobody has confirmed", "image to label", "film to read"),
        ("films whose side nobody has confirmed", "images to label", "films to read"),
    ):
        make.radiograph(make.study(make.subject(project)), side_confirmed=False)
        waiting = client.get("/api/v1/home").json()["waiting"]
        assert [each["title"] for each in waiting] == [sides, label, read]
    assert [each["count"] for each in waiting] == [2, 2, 2]


def test_an_assistant_reads_no_films(make: Factory, client: Client) -> None:
    film = make.radiograph()
    client.force_login(make.member(film.project, "assistant"))
    assert [each["key"] for each in client.get("/api/v1/home").json()["waiting"]] == ["to_label"]
