"""Every endpoint of the OpenAPI schema, asked with junk: a 4xx each, never a 5xx, and no row changed by it.

What is asked is generated from the schema, so a new endpoint, parameter or field is attacked from the day it
is there.
"""

import copy
import json
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from annotation.models import Image, Import
from tests.annotation.api.hostility import (
    JUNK_BODIES,
    JUNK_HEADERS,
    JUNK_KINDS,
    JUNK_PLACES,
    JUNK_TEXTS,
    Attacker,
    Operation,
    bent,
    operations,
    places,
    quoted,
    rows,
    valid_body,
)
from tests.factories import Factory
from tests.permissions.test_matrix import fill, routes
from tests.permissions.world import World, build

LOOKUPS = ("__startswith", "__regex", "__in", "__isnull", "__pk", "__project__memberships__user__password")
ORM_PATHS = (
    *("password", "user__password__startswith", "author__password", "created_by__password__contains"),
    *("pk", "id__in", "project__memberships__user__password__regex", "subject__date_shift_days__gt"),
    *("token_hash", "_connector", "__class__", "format", "subject__pseudonym"),
)


@pytest.fixture
def world(make: Factory) -> World:
    return build(make)


@pytest.fixture
def attacker(world: World) -> Attacker:
    return as_importer(world, "site_admin")


def as_importer(world: World, actor: str) -> Attacker:
    """An attacker who may go on with the own project's open import."""
    Import.objects.filter(pk=world.ids["own"]["import_id"]).update(created_by=world.people[actor])
    return Attacker(world, actor)


def test_no_list_takes_a_path_into_the_tables(attacker: Attacker) -> None:
    lists = [operation for operation in operations() if "page" in operation.query]
    assert len(lists) > 8
    for operation in lists:
        names = [name + lookup for name in operation.query for lookup in LOOKUPS]
        paths = [f"ordering={name}" for name in ORM_PATHS] + [f"{name}=a" for name in (*names, *ORM_PATHS)]
        for query in paths:
            response = attacker.ask(operation, query, url=f"{operation.url(attacker.ids)}?{query}")
            attacker.expect(response.status_code == 400, operation, query, response)
    attacker.end()


def test_junk_in_every_query_parameter(attacker: Attacker) -> None:
    for operation in operations():
        for name in operation.query:
            for junk in JUNK_TEXTS:
                url = f"{operation.url(attacker.ids)}?{name}={quoted(junk)}"
                attacker.ask(operation, f"?{name}={junk[:20]!r}", url=url)
    attacker.end()


def test_junk_in_every_place_of_a_path(attacker: Attacker) -> None:
    for operation in operations():
        for place in operation.parameters("path"):
            for junk in JUNK_PLACES:
                url = operation.url(attacker.ids, **{place["name"]: junk})
                attacker.ask(operation, f"{place['name']} = {junk[:20]}", url=url)
    attacker.end()


def test_junk_in_every_header(attacker: Attacker) -> None:
    for operation in operations():
        for name, values in JUNK_HEADERS.items():
            for junk in values:
                attacker.ask(operation, f"{name}: {junk[:20]!r}", headers={name: junk})
    attacker.end()


def test_junk_in_every_field(attacker: Attacker) -> None:
    for operation in operations():
        if operation.body_schema:
            valid = valid_body(operation, attacker.ids)
            for what, body in bent({**operation.example(), **valid}):
                attacker.ask(operation, what, body=body)
    attacker.end()


def test_junk_for_a_body(attacker: Attacker) -> None:
    for operation in operations():
        if operation.method in {"POST", "PUT", "PATCH"}:
            for what, content in JUNK_BODIES.items():
                response = attacker.ask(operation, what, body=content)
                if operation.body_schema:
                    attacker.expect(400 <= response.status_code < 500, operation, what, response)
            for kind in JUNK_KINDS:
                attacker.ask(operation, f"as {kind:.40}", kind=kind, body=b"--x\r\n\r\n{}")
    attacker.end()


def test_a_field_that_is_not_on_the_list_is_refused_and_no_row_changes(attacker: Attacker) -> None:
    models = [*apps.get_app_config("annotation").get_models(), *apps.get_app_config("inference").get_models()]
    columns = {column.name for model in models for column in model._meta.get_fields()}
    before = rows()
    for operation in operations():
        if not operation.body_schema:
            continue
        unknown = dict.fromkeys(columns - operation.fields(), "1")
        body = {**valid_body(operation, attacker.ids), **unknown}
        response = attacker.ask(operation, "unknown fields", body=body, keep=True)
        named = response.json().get("fields", {}) if response.status_code == 400 else {}
        attacker.expect(unknown.keys() <= named.keys(), operation, "unknown fields", response)
        for path in places(valid_body(operation, attacker.ids), lambda value: isinstance(value, dict)):
            inner = copy.deepcopy(valid_body(operation, attacker.ids))
            _at(inner, path)["is_superuser"] = True
            response = attacker.ask(operation, f"{path}", body=inner, keep=True)
            attacker.expect(response.status_code == 400, operation, f"{path}", response)
    attacker.end()
    assert rows() == before


def test_nothing_is_changed_without_the_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    attacker = Attacker(world, client=client)
    before = rows()
    for operation in operations():
        if operation.method != "GET":
            response = attacker.ask(
                operation, "no token", body=valid_body(operation, attacker.ids), keep=True
            )
            attacker.expect(response.status_code == 403, operation, "no token", response)
    attacker.end()
    assert rows() == before


def _at(body: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        body = body[key]
    return body


def bodies_with_ids(operation: Operation, ids: dict[str, Any]) -> list[dict[str, Any]]:
    """Valid bodies that name rows."""
    found = [valid_body(operation, ids)]
    if operation.path.endswith("/measurements"):
        from_set = {"method": "vertebrae", "landmark_set": str(ids["vertebrae_id"]), "revision": 1}
        found.append({**from_set, "image": str(ids["film_id"])})
    if operation.path.endswith("/inference-jobs"):
        found.append({**found[0], "images": [str(ids["colour_id"])]})
    return found


def test_a_body_names_no_row_of_another_project(make: Factory, world: World) -> None:
    for scope in ("own", "other"):
        ids = world.ids[scope]
        film = Image.objects.select_related("acquisition", "project", "study").get(pk=ids["film_id"])
        ids["vertebrae_id"] = make.landmarks(world.people["doctor"], film, "vertebrae68").pk
    attacker = as_importer(world, "admin")
    # A built-in schema has one name in every project: naming it is no theft.
    others = {
        str(own): str(world.ids["other"][name])
        for name, own in world.ids["own"].items()
        if own != world.ids["other"][name]
    }
    asked, before = 0, rows()
    for operation in operations():
        url = operation.url({**attacker.ids, "image_id": attacker.ids["colour_id"]})
        for body in bodies_with_ids(operation, attacker.ids) if operation.body_schema else []:
            for path in places(body, lambda value: isinstance(value, str) and value in others):
                stolen = copy.deepcopy(body)
                _at(stolen, path[:-1])[path[-1]] = others[_at(body, path)]
                mine = attacker.ask(operation, "own", url=url, body=body)
                # The world's own rows make no snapshot: a 400 that says so.
                attacker.expect(mine.status_code != 404, operation, f"own {path}", mine)
                response = attacker.ask(operation, f"{path}", url=url, body=stolen, keep=True)
                attacker.expect(response.status_code in {400, 404, 422}, operation, f"{path}", response)
                asked += 1
    attacker.end()
    assert rows() == before
    assert asked > 10


def test_junk_in_the_address_of_every_page(attacker: Attacker) -> None:
    queries = [
        "x=1",
        "page=x",
        "schema=%00",
        "q=%00",
        "page=" + "9" * 5000,
        "ordering=password",
        "next=//evil.example",
    ]
    for route, _ in routes():
        if not route.startswith("api/"):
            for query in queries:
                response = attacker.client.get(f"{fill(route, attacker.ids)}?{query}")
                if response.status_code >= 500:
                    attacker.wrong.append(f"{route}?{query[:40]}: {response.status_code}")
    attacker.end()


def test_a_request_larger_than_a_chunk_is_refused_unread(client: Client) -> None:
    form = {"Content-Length": str(10 * 2**20)}
    kind = "multipart/form-data; boundary=x"
    response = client.post("/api/v1/session", b"", content_type=kind, headers=form)
    assert response.status_code == 413
    assert json.loads(response.content)["code"] == "too_large"
