"""Lists: only the named filters and orderings reach the database, and a page costs few queries."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.factories import Factory

LISTS = ["studies", "subjects", "projects", "users", "audit"]


@pytest.fixture
def admin(make: Factory, client: Client) -> Client:
    client.force_login(make.user(site_admin=True))
    return client


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        "subject__project__memberships__user__password__startswith=a",
        "password__startswith=pbkdf2",
        "user__password=x",
        "ordering=password",
        "ordering=subject__project__memberships__user__password",
        "ordering=-pk,password",
        "page=0",
        "page=x",
        "page_size=201",
        "page_size=-1",
        "q__contains=a",
        "id=1",
        "format=api",
    ],
)
def test_a_parameter_that_is_not_on_the_list_is_a_400(admin: Client, name: str, query: str) -> None:
    answer = admin.get(f"/api/v1/{name}?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "invalid"


def test_studies_are_filtered_sorted_and_cut(make: Factory, client: Client) -> None:
    project = make.project()
    client.force_login(make.member(project, "doctor"))
    ann, bea = make.subject(project, pseudonym="ANN"), make.subject(project, pseudonym="BEA")
    first = make.study(ann, visit_date="2026-01-01", notes="brace")
    second = make.study(ann, visit_date="2026-02-01")
    third = make.study(bea, visit_date="2026-03-01")
    make.radiograph(second)
    make.back(third)
    make.study(make.subject(), visit_date="2026-04-01")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"/api/v1/studies?{query}").json()["results"]]

    assert ids("") == [str(third.pk), str(second.pk), str(first.pk)]
    assert ids("q=bea") == [str(third.pk)]
    assert ids("q=brace") == [str(first.pk)]
    assert ids("has=radiograph") == [str(second.pk)]
    assert ids("has=rgbd") == [str(third.pk)]
    assert ids("label_state=none") == [str(third.pk), str(second.pk), str(first.pk)]
    assert ids("visit_after=2026-01-15&visit_before=2026-02-15") == [str(second.pk)]
    assert ids(f"subject={ann.pk}&ordering=visit_date") == [str(first.pk), str(second.pk)]
    assert ids("page_size=2&page=2") == [str(first.pk)]
    assert ids("page_size=2&page=3") == []
    assert client.get("/api/v1/studies?has=film").status_code == 400
    assert client.get("/api/v1/studies?visit_after=yesterday").status_code == 400
    assert client.get("/api/v1/studies?project=1").status_code == 400


def test_a_page_costs_the_same_queries_however_many_rows(
    make: Factory, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    project = make.project()
    client.force_login(make.member(project, "doctor"))
    for _ in range(12):
        make.radiograph(make.study(make.subject(project)))
    # session, user, roles, count, rows, names of projects, thumbnails
    with django_assert_num_queries(7):
        client.get("/api/v1/studies?page_size=2")
    with django_assert_num_queries(7):
        assert len(client.get("/api/v1/studies?page_size=12").json()["results"]) == 12


def test_withdrawal_hides_at_once_and_everywhere(make: Factory, client: Client) -> None:
    project = make.project()
    doctor, admin = make.member(project, "doctor"), make.member(project, "admin")
    subject = make.subject(project, pseudonym="CARA")
    film = make.radiograph(make.study(subject))
    make.landmarks(doctor, film, "xray2")
    client.force_login(admin)

    def seen() -> list[Any]:
        export = client.get(f"/api/v1/projects/{project.pk}/export/landmarks.csv")
        return [
            client.get("/api/v1/studies").json()["count"],
            client.get("/api/v1/subjects").json()["count"],
            client.get(f"/api/v1/projects/{project.pk}").json()["counts"]["radiographs"],
            b"CARA" in b"".join(export),
            client.get(f"/api/v1/images/{film.pk}/view").status_code,
            client.get("/api/v1/home").json()["recent"] != [],
        ]

    assert seen() == [1, 1, 1, True, 200, True]
    client.post(f"/api/v1/subjects/{subject.pk}/consent", {"state": "withdrawn"}, "application/json")
    assert seen() == [0, 0, 0, False, 404, False]
    assert client.get("/api/v1/subjects?consent=withdrawn").json()["count"] == 1
    client.force_login(doctor)
    assert client.get("/api/v1/subjects?consent=withdrawn").json()["count"] == 0
    client.force_login(admin)
    client.post(f"/api/v1/subjects/{subject.pk}/consent", {"state": "given"}, "application/json")
    assert seen() == [1, 1, 1, True, 200, True]
