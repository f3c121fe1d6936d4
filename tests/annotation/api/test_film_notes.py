"""Notes on films over HTTP: at one place, kept when they are taken back, in the study and the export."""

import csv
import json
from typing import Any

import pytest
from django.test import Client

from annotation.models import AuditEntry, Image, User
from tests.factories import Factory

Reading = tuple[Client, Image, User]


@pytest.fixture
def reading(make: Factory, client: Client) -> Reading:
    film = make.radiograph(width=1000, height=2400)
    doctor = make.member(film.project, "doctor")
    client.force_login(doctor)
    return client, film, doctor


def post(client: Client, film: Image, **body: Any) -> Any:
    path = f"/api/v1/studies/{film.study_id}/film-notes"
    given = {"image": str(film.pk), "text": "A short rib.", "x": 10.5, "y": 20, **body}
    return client.post(path, json.dumps(given), content_type="application/json")


def test_a_note_is_in_its_study_and_in_the_audit(reading: Reading) -> None:
    client, film, doctor = reading
    made = post(client, film, text="  A short\nrib, left. ").json()
    assert (made["text"], made["x"], made["y"]) == ("A short rib, left.", 10.5, 20)
    assert made["reader"]["id"] == str(doctor.pk)
    assert client.get(f"/api/v1/studies/{film.study_id}").json()["film_notes"] == [made]
    assert client.get(f"/api/v1/studies/{film.study_id}/film-notes").json() == [made]
    entry = AuditEntry.objects.get(action="filmnote.write")
    assert (entry.summary, entry.target_id) == ("A short rib, left.", made["id"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": " \n "}, "text"),
        ({"text": "x" * 201}, "text"),
        ({"x": -0.1}, "x"),
        ({"y": 2400.5}, "y"),
        ({"x": None}, "x"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_note_is_refused(reading: Reading, change: dict[str, Any], field: str) -> None:
    client, film, _ = reading
    answer = post(client, film, **change)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_no_note_on_a_photograph_or_on_another_studys_film(make: Factory, reading: Reading) -> None:
    client, film, _ = reading
    colour, _ = make.back(film.study)
    assert post(client, film, image=str(colour.pk)).status_code == 400
    other = make.radiograph(make.study(make.subject(film.project)))
    assert post(client, film, image=str(other.pk)).status_code == 404


def test_only_its_reader_takes_it_back_and_it_stays(make: Factory, reading: Reading) -> None:
    client, film, _ = reading
    path = f"/api/v1/film-notes/{post(client, film).json()['id']}"
    other = Client()
    other.force_login(make.member(film.project, "doctor"))
    assert other.delete(path).status_code == 409
    assert client.delete(path).json()["retracted_at"] is not None
    assert client.delete(path).status_code == 200
    assert len(client.get(f"/api/v1/studies/{film.study_id}/film-notes").json()) == 1
    assert client.post(path).json()["retracted_at"] is None
    acts = AuditEntry.objects.filter(target_kind="filmnote").order_by("id").values_list("action", flat=True)
    assert [*acts] == ["filmnote.write", "filmnote.retract", "filmnote.restore"]


def test_notes_are_exported_safe_for_a_spreadsheet(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    post(client, film, text="=1+1")
    client.force_login(make.member(film.project, "admin"))
    answer = client.get(f"/api/v1/projects/{film.project_id}/export/film-notes.csv")
    (row,) = csv.DictReader(b"".join(answer).decode().splitlines())  # type: ignore[arg-type]
    assert (row["text"], row["x"], row["y"], row["use"]) == ("'=1+1", "10.5", "20.0", "research only")
    assert (row["reader"], row["retracted_at"]) == (doctor.username, "")
