"""The contact sheet of a snapshot, the difference of two, and who is told where pictures went."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import Image, Project, User
from annotation.models.cohort import Consent
from inference.actions import snapshots
from inference.actions.pairs import freeze_pairs
from inference.models import DatasetSnapshot
from tests.factories import Factory
from tests.inference.labelled import HEIGHT, WIDTH, labelled_project
from tests.inference.rows import snapshot
from tests.inference.test_api import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=4)


@pytest.fixture
def frozen(project_and_admin: tuple[Project, User]) -> DatasetSnapshot:
    project, admin = project_and_admin
    return snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)


@pytest.fixture
def admin(project_and_admin: tuple[Project, User]) -> Client:
    return client_of(project_and_admin[1])


def withdraw(image: str) -> None:
    subject = Image.objects.get(pk=image).study.subject
    subject.consent = Consent.WITHDRAWN
    subject.save()


def page(client: Client, frozen: DatasetSnapshot, query: str = "") -> Any:
    return client.get(f"/api/v1/snapshots/{frozen.pk}/entries{query}").json()


def test_entries_come_a_page_at_a_time_with_their_frozen_points(
    admin: Client, frozen: DatasetSnapshot
) -> None:
    found = page(admin, frozen, "?page_size=3")
    assert (found["count"], len(found["results"])) == (4, 3)
    assert len(page(admin, frozen, "?page_size=3&page=2")["results"]) == 1
    first = found["results"][0]
    assert (first["width"], first["height"], first["gone"]) == (WIDTH, HEIGHT, False)
    assert first["thumbnail"] == f"/api/v1/images/{first['image']}/thumbnail"
    assert len(first["points"]) == 6
    assert all(0 < x < 1 and 0 < y < 1 for x, y in first["points"])
    held_out = page(admin, frozen, "?split=validation")
    assert [entry["split"] for entry in held_out["results"]] == ["validation"]
    for wrong in ("?split=all", "?page=0", "?page_size=1000"):
        assert admin.get(f"/api/v1/snapshots/{frozen.pk}/entries{wrong}").status_code == 400


def test_of_who_withdrew_only_the_place_is_told(admin: Client, frozen: DatasetSnapshot) -> None:
    image = frozen.entries[0]["image"]
    withdraw(image)
    entry = next(entry for entry in page(admin, frozen)["results"] if entry["image"] == image)
    assert (entry["gone"], entry["pseudonym"], entry["thumbnail"], entry["points"]) == (True, "", None, [])


def test_a_pair_shows_its_film(make: Factory, project_and_admin: tuple[Project, User], admin: Client) -> None:
    project, user = project_and_admin
    for study in project.studies.all():
        make.landmarks(user, make.radiograph(study), "xray2")
    pairs = freeze_pairs(actor=user, project=project, name="pairs", schema="back6", seed=1)
    film = pairs.entries[0]["film"]["image"]
    assert page(admin, pairs)["results"][0]["film"] == f"/api/v1/images/{film}/thumbnail"


def test_the_difference_is_told_from_the_older_to_the_newer(
    admin: Client, frozen: DatasetSnapshot, project_and_admin: tuple[Project, User]
) -> None:
    project, user = project_and_admin
    image = frozen.entries[0]["image"]
    withdraw(image)
    second = snapshots.freeze(actor=user, project=project, name="second", schema="back6", seed=2)
    found = admin.get(f"/api/v1/snapshots/{second.pk}/difference?against={frozen.pk}").json()
    assert (found["before"]["name"], found["after"]["name"]) == ("first", "second")
    assert (found["added"], found["removed"]) == (0, 1)
    assert found["settings"] == [{"name": "seed", "before": "1", "after": "2"}]
    removed = next(each for each in found["images"] if each["kind"] == "removed")
    # Nothing of somebody who withdrew.
    assert (removed["id"], removed["pseudonym"], removed["thumbnail"]) == (image, "", None)
    assert found["moved"] + found["same"] == 3


def test_a_difference_needs_a_second_snapshot_that_may_be_seen(
    make: Factory, admin: Client, frozen: DatasetSnapshot, project_and_admin: tuple[Project, User]
) -> None:
    path = f"/api/v1/snapshots/{frozen.pk}/difference"
    assert admin.get(path).status_code == 400
    assert admin.get(f"{path}?against=first").status_code == 400
    hidden = snapshot(make, make.project())
    assert admin.get(f"{path}?against={hidden.pk}").status_code == 404
    other = make.project()
    make.member(other, "admin", project_and_admin[1])
    answer = admin.get(f"{path}?against={snapshot(make, other).pk}")
    assert (answer.status_code, answer.json()["detail"][:38]) == (
        400,
        "These snapshots are of two projects; t",
    )


def test_only_admins_are_told_where_pictures_went(
    make: Factory, admin: Client, frozen: DatasetSnapshot, project_and_admin: tuple[Project, User]
) -> None:
    project, _ = project_and_admin
    subject = Image.objects.get(pk=frozen.entries[0]["image"]).study.subject
    path = f"/api/v1/subjects/{subject.pk}/uses"
    assert admin.get(path).json()["snapshots"] == [{"id": str(frozen.pk), "name": "first"}]
    listed = f"/api/v1/projects/{project.pk}/withdrawn-uses"
    assert admin.get(listed).json() == []
    doctor = client_of(make.member(project, "doctor"))
    assert doctor.get(path).status_code == 403
    withdraw(frozen.entries[0]["image"])
    assert [use["subject"]["pseudonym"] for use in admin.get(listed).json()] == [subject.pseudonym]
    assert admin.get(path).json()["subject"]["consent"] == "withdrawn"
    assert doctor.get(path).status_code == 404
    assert doctor.get(listed).status_code == 403
