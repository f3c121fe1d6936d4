"""The scale of a film by something of known length on it."""

from typing import Any

import pytest
from django.test import Client

from annotation.models import AuditEntry, Image
from annotation.models.images import Calibration
from tests.factories import Factory


@pytest.fixture
def film(make: Factory, client: Client) -> Image:
    image = make.radiograph()
    client.force_login(make.member(image.project, "assistant"))
    return image


def scale(client: Client, film: Image, ends: Any, length_mm: Any) -> Any:
    body = {"ends": ends, "length_mm": length_mm}
    return client.put(f"/api/v1/images/{film.pk}/known-length", body, "application/json")


def test_a_known_length_gives_the_scale_and_its_kind(client: Client, film: Image) -> None:
    answer = scale(client, film, [[10, 10], [40, 50]], 25).json()
    assert answer["spacing_mm"] == [0.5, 0.5]
    assert answer["calibration"] == "known_length"
    assert AuditEntry.objects.get().summary == "25 mm are 50.0 px"
    assert scale(client, film, [[10, 10], [40, 50]], 50).json()["spacing_mm"] == [1.0, 1.0]
    gone = client.delete(f"/api/v1/images/{film.pk}/known-length").json()
    assert (gone["spacing_mm"], gone["calibration"]) == (None, "none")


@pytest.mark.parametrize(
    ("ends", "length_mm"),
    [
        ([[0, 0], [10, 10]], 25),
        ([[0, 0], [60, 0]], 0),
        ([[0, 0], [60, 0]], -4),
        ([[0, 0], [60, 0]], 5000),
        ([[0, 0]], 25),
        ([[0, 0], ["inf", 0]], 25),
        ([[0, 0], ["nan", 0]], 25),
        ([[0, 0, 1], [60, 0]], 25),
        ([[0, 0], [60, 0]], "long"),
        ([[0, 0], [60, 0]], None),
    ],
)
def test_a_length_that_says_nothing_is_refused(
    client: Client, film: Image, ends: Any, length_mm: Any
) -> None:
    assert scale(client, film, ends, length_mm).status_code == 400
    film.refresh_from_db()
    assert film.calibration == Calibration.NONE


def test_the_scale_of_the_file_is_not_replaced(make: Factory, client: Client) -> None:
    film = make.radiograph(spacing_mm=0.2)
    client.force_login(make.member(film.project, "doctor"))
    assert scale(client, film, [[0, 0], [60, 0]], 25).status_code == 409
    assert client.delete(f"/api/v1/images/{film.pk}/known-length").status_code == 409
    colour, _ = make.back(film.study)
    assert scale(client, colour, [[0, 0], [60, 0]], 25).status_code == 400
