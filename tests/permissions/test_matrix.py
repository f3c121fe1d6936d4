"""Every HTTP route x method x actor x whose row it is, against `matrix.csv`. A route it lacks fails.

The table lists the methods a route serves; every other method must be refused to everyone.

`ok` means the person may: any answer but 401, 403, 404 and 405. A row that is not theirs to know of is 404,
one their role forbids 403. `login` is a redirect of a page to the sign-in page, or a 401 of the API.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from tests.factories import Factory
from tests.permissions.bodies import body_of
from tests.permissions.world import SCOPES, World, build

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTORS = ("anonymous", "assistant", "doctor", "admin", "site_admin")
TABLE = Path(__file__).with_name("matrix.csv")


def routes() -> Iterator[tuple[str, list[str]]]:
    """Every route of the URLconf as text, with the names of its parameters."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, list[str]]]:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, route)
            elif isinstance(entry, URLPattern):
                yield route, _parameters(route)

    yield from walk(get_resolver().url_patterns, "")


def _parameters(route: str) -> list[str]:
    return [part.split(">")[0].split(":")[-1] for part in route.split("<")[1:]]


def fill(route: str, ids: dict[str, Any]) -> str:
    if "inference-jobs" in route:
        ids = {**ids, "job_id": ids["inference_job_id"]}
    if route.endswith("/noise"):
        ids = {**ids, "acquisition_id": ids["back_acquisition_id"]}
    if route.endswith("/prediction"):
        ids = {**ids, "set_id": ids["predicted_set_id"]}
    for converter in get_converters():
        route = route.replace(f"<{converter}:", "<")
    for name in _parameters(route):
        route = route.replace(f"<{name}>", str(ids[name]))
    return f"/{route}"


# Lists whose POST names a row of a project in its body.
_SCOPED_BY_BODY = {
    f"api/v1/{name}"
    for name in (
        *("schemas", "subjects", "studies", "snapshots", "training-jobs", "inference-jobs"),
        *("reader-studies", "snapshots/preview"),
    )
}


def scopes_of(route: str, parameters: list[str]) -> tuple[str, ...]:
    by_row = set(parameters) - {"user_id", "name"}
    return SCOPES if by_row or route in _SCOPED_BY_BODY else ("own",)


def expected() -> dict[tuple[str, str, str], dict[str, str]]:
    with TABLE.open(newline="") as handle:
        return {(row["route"], row["method"], row["scope"]): row for row in csv.DictReader(handle)}


def outcome(response: Any) -> str:
    status = response.status_code
    away = status == 302 and response["Location"].startswith(("/login/?next=", "/account/"))
    if status == 401 or away:
        return "login"
    return str(status) if status in {403, 404, 405} else "ok"


def ask(client: Client, route: str, method: str, ids: dict[str, Any]) -> str:
    """One request, undone afterwards so that no request changes the world for the next."""
    with transaction.atomic():
        body, headers = body_of(route, method, ids)
        response = client.generic(
            method, fill(route, ids), json.dumps(body), content_type="application/json", headers=headers
        )
        transaction.set_rollback(True)
    assert response.status_code < 500, (route, method, response.content[:500])
    return outcome(response)


@pytest.fixture
def world(make: Factory) -> World:
    return build(make)


@pytest.mark.parametrize("actor", ACTORS)
def test_every_route_answers_as_the_table_says(world: World, actor: str) -> None:
    table, client = expected(), Client()
    known = {route for route, _, _ in table}
    if actor != "anonymous":
        client.force_login(world.people[actor])
    wrong = []
    for route, parameters in routes():
        for scope in scopes_of(route, parameters):
            for method in METHODS:
                row = table.get((route, method, scope))
                got = ask(client, route, method, world.ids[scope])
                if row is None and (got == "ok" or route not in known):
                    wrong.append(f"{route} {method} {scope}: not in matrix.csv ({actor} gets {got})")
                elif row is not None and row[actor] != got:
                    wrong.append(f"{route} {method} {scope} {actor}: {row[actor]} expected, {got} found")
                if actor != "anonymous" and route.endswith("/session") and method in {"POST", "DELETE"}:
                    client.force_login(world.people[actor])
    assert not wrong, "\n".join(wrong)


def test_the_table_names_no_route_that_is_gone() -> None:
    here = {route for route, _ in routes()}
    assert sorted({route for route, _, _ in expected()} - here) == []


@pytest.mark.parametrize("stranger", ["disabled", "agent_token", "must_change_password"])
def test_who_is_not_let_in_gets_no_further_than_a_stranger(
    make: Factory, world: World, stranger: str
) -> None:
    client, table = Client(), expected()
    if stranger == "agent_token":
        _, token = make.token(world.ids["own"]["subject"].project, world.people["admin"])
        client = Client(headers={"Authorization": f"Bearer {token}"})
    else:
        user = world.people["admin"]
        client.force_login(user)
        user.is_active = stranger != "disabled"
        user.must_change_password = stranger == "must_change_password"
        user.save()
    passed = []
    for route, _ in routes():
        for method in METHODS:
            got = ask(client, route, method, world.ids["own"])
            open_to_all = table.get((route, method, "own"), {}).get("anonymous") == "ok"
            if got == "ok" and not open_to_all:
                passed.append(f"{route} {method}: {got}")
    allowed = {"must_change_password": _FOR_A_FIRST_PASSWORD, "agent_token": _FOR_AGENTS}.get(stranger, set())
    assert {entry for entry in passed if entry not in allowed} == set()


# What an agent may and may not do with them: tests/annotation/api/test_agents.py.
_FOR_AGENTS = {
    "api/v1/capture/shots/<uuid:shot_id> GET: ok",
    "api/v1/capture/shots/<uuid:shot_id> PUT: ok",
    "api/v1/capture/shots/<uuid:shot_id>/content PATCH: ok",
    "api/v1/capture/shots/<uuid:shot_id>/finish POST: ok",
    "api/v1/capture/checks/<uuid:check_id> PUT: ok",
}
_FOR_A_FIRST_PASSWORD = {
    "api/v1/session GET: ok",
    # Pages lead to /account/; the API lets the password be changed and nothing else be done.
    "api/v1/session/password POST: ok",
    "account/ GET: ok",
}
