"""The API's word on vertebrae that do not look as in other columns."""

import pytest
from django.test import Client

from annotation.models import Image, User
from tests.annotation.spine.test_shape import column
from tests.factories import Factory

LEVELS = [f"T{number}" for number in range(1, 13)] + [f"L{number}" for number in range(1, 6)]
CORNERS = ("TL", "TR", "BL", "BR")


@pytest.fixture
def film(make: Factory) -> Image:
    return make.radiograph(make.study(make.subject(make.project())), width=1000, height=2000)


@pytest.fixture
def person(make: Factory, film: Image, client: Client) -> User:
    user = make.member(film.project, "assistant")
    client.force_login(user)
    return user


def placed(corners: object, levels: list[str] = LEVELS) -> list[dict[str, object]]:
    return [
        {"name": f"{level}_{corner}", "x": float(x), "y": float(y), "state": "placed"}
        for level, body in zip(levels, corners, strict=False)  # type: ignore[call-overload]
        for corner, (x, y) in zip(CORNERS, body, strict=True)
    ]


def test_a_set_that_passes_a_vertebra_over_is_told(
    make: Factory, film: Image, person: User, client: Client
) -> None:
    corners = column(15)
    corners[9:] += corners[9].mean(axis=0) - corners[8].mean(axis=0)
    row = make.landmarks(person, film, "vertebrae68", placed(corners))
    answer = client.get(f"/api/v1/landmark-sets/{row.pk}/oddities").json()
    assert (answer["set"], answer["revision"], answer["judged"]) == (str(row.pk), 1, True)
    gap = next(one for one in answer["oddities"] if "T9" in one["levels"])
    assert "followed by" in gap["text"]


def test_a_column_as_others_is_told_so(make: Factory, film: Image, person: User, client: Client) -> None:
    row = make.landmarks(person, film, "vertebrae68", placed(column(15)))
    answer = client.get(f"/api/v1/landmark-sets/{row.pk}/oddities").json()
    assert (answer["judged"], answer["oddities"]) == (True, [])


def test_a_column_that_is_not_whole_is_not_judged(
    make: Factory, film: Image, person: User, client: Client
) -> None:
    row = make.landmarks(person, film, "vertebrae68", placed(column(15), LEVELS[:12]))
    answer = client.get(f"/api/v1/landmark-sets/{row.pk}/oddities").json()
    assert (answer["judged"], answer["oddities"]) == (False, [])
