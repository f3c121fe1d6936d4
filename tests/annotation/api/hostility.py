"""What the tests of hostile requests share: the operations of the OpenAPI schema, junk, and an attacker."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from annotation.models import User
from tests.permissions.bodies import body_of
from tests.permissions.world import Ids, World

JSON = "application/json"
JUNK_TEXTS = (
    "\x00",
    "a\x00b",
    "é" * 300,
    "x" * 5000,
    "-1",
    "9" * 30,
    "9" * 5000,
    "1e999",
    "NaN",
    "../../x",
    "%s",
)
JUNK_VALUES: tuple[Any, ...] = (
    *("\x00", "\ud800", "x" * 5000, "NaN", "9" * 30, "", None, True, -1, 10**30, -(10**30), 10**400, 0.5),
    *(float("nan"), float("inf"), [], [[]], [None], {}, {"a": {"b": [1]}}, {"\x00": "\x00"}, ["\x00"], [{}]),
)
JUNK_BODIES = {
    "half a word": b"{",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "half a character": b'{"name": "\\ud800"}',
    "half a character as a key": b'{"\\udfff": 1}',
    "too deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "almost too deep": b'{"a":' * 900 + b'"\\u0000"' + b"}" * 900,
    "no number": b'{"x": NaN, "y": -Infinity}',
    "a long number": b'{"size": ' + b"9" * 6000 + b"}",
    "a list": b"[1, 2]",
    "a text": b'"\\u0000"',
    "null": b"null",
    "NUL": b"\x00" * 100,
    "3 MB": b'{"a": "' + b"x" * 3_000_000 + b'"}',
}
JUNK_KINDS = (
    *(
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json;;;=",
        "\xe9",
    ),
    *(f"application/json; charset={name}" for name in ("utf-16", "rot13", "zip", "base64", "x" * 300)),
)
JUNK_HEADERS = {
    "If-Match": ("", "*", '"-1"', "9" * 40, "\xe9"),
    "Idempotency-Key": ("", "1", "\xe9"),
    "Upload-Offset": ("", "-1", "9" * 40, "1e3"),
    "If-None-Match": ("", '"', "\xe9"),
    "Accept": ("", "text/html", "*/*;q=x", "\xe9"),
    "Cookie": ('sessionid="%s"' % ("\\000" * 32), "sessionid=" + "x" * 5000, "=;;="),
    "Content-Length": ("-1", "\xe9", "9" * 20),
    "Host": ("evil.example", "\xe9", "localhost:99999"),
}
JUNK_PLACES = ("%00", "%00a", "9" * 40, "9" * 5000, "x" * 500, "..%2f..%2fetc", "%ff", "-1", "{}")


@dataclass(frozen=True)
class Operation:
    """One method of one path of the schema."""

    path: str
    method: str
    spec: dict[str, Any]
    components: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def parameters(self, where: str) -> list[dict[str, Any]]:
        return [found for found in self.spec.get("parameters", []) if found["in"] == where]

    @property
    def query(self) -> list[str]:
        return [found["name"] for found in self.parameters("query")]

    @property
    def body_schema(self) -> dict[str, Any] | None:
        content = self.spec.get("requestBody", {}).get("content", {})
        return content[JSON]["schema"] if JSON in content else None

    def fields(self) -> set[str]:
        """The fields of the JSON body, by the schema."""
        schema = self.body_schema or {}
        named = self.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        return set(named.get("properties", {}))

    def route(self) -> str:
        """The path as the URLconf writes it."""
        route = self.path.lstrip("/")
        for found in self.parameters("path"):
            name, kind = found["name"], found["schema"].get("format") or found["schema"]["type"]
            converter = {"uuid": "uuid", "integer": "int"}.get(kind, "slug" if name == "schema" else "str")
            route = route.replace(f"{{{name}}}", f"<{converter}:{name}>")
        return route

    def url(self, ids: Ids, **instead: str) -> str:
        job = {"job_id": ids["inference_job_id"]} if "inference-jobs" in self.path else {}
        return self.path.format(**{key: str(value) for key, value in {**ids, **job, **instead}.items()})

    def example(self) -> dict[str, Any]:
        """A body with a value in every field, nested ones too."""
        made = _example(self.body_schema or {}, self.components)
        return made if isinstance(made, dict) else {}


def _example(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(components[schema["$ref"].rpartition("/")[2]], components)
    for several in ("allOf", "oneOf"):
        if several in schema:
            return _example(schema[several][0], components)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_example(schema["items"], components)]
    if "properties" in schema:
        return {name: _example(child, components) for name, child in schema["properties"].items()}
    kinds: dict[Any, Any] = {"integer": 1, "number": 1.5, "boolean": True, "object": {"a": 1}}
    formats = {"uuid": "0" * 32, "date": "2026-03-01"}
    return kinds.get(schema.get("type"), formats.get(schema.get("format", ""), "T5"))


def operations() -> list[Operation]:
    """What people may ask. What agents alone may is refused to every person before it is read
    (tests/permissions/matrix.csv); what an agent sends is tried in test_agents."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    components = schema["components"]["schemas"]
    return [
        Operation(path, method.upper(), spec, components)
        for path, methods in schema["paths"].items()
        for method, spec in methods.items()
        if {"agent": []} not in spec.get("security", [])
    ]


def valid_body(operation: Operation, ids: Ids) -> dict[str, Any]:
    """A body that the operation accepts."""
    if operation.path.endswith("/landmarks/{schema}"):
        point = {"name": "C7", "x": 1.5, "y": 2, "state": "placed"}
        return {"points": [point], "began_from": {"set": str(ids["set_id"]), "revision": 1}, "comment": ""}
    return body_of(operation.route(), operation.method, ids)[0]


def bent(body: Any) -> Iterator[tuple[str, Any]]:
    """The body, each time with one value in it replaced by junk."""
    for junk in JUNK_VALUES:
        yield f"{junk!r:.30}", junk
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, child in children:
        for what, changed in bent(child):
            copied = body.copy()
            copied[key] = changed
            yield f"{key}.{what}", copied


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of ours, for comparing; who signs in anew is no matter."""
    User.objects.update(last_login=None)
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for name in ("annotation", "inference")
        for model in apps.get_app_config(name).get_models()
    }


@dataclass
class Attacker:
    """A signed-in person of the own project who asks anything; `wrong` collects what must not happen."""

    world: World
    actor: str = "site_admin"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client.force_login(self.world.people[self.actor])

    @property
    def ids(self) -> Ids:
        return self.world.ids["own"]

    def ask(
        self,
        operation: Operation,
        what: str,
        *,
        url: str = "",
        body: Any = None,
        kind: str = JSON,
        headers: dict[str, str] | None = None,
        keep: bool = False,
    ) -> Any:
        """One request, undone afterwards unless it is to be kept. A 5xx is wrong."""
        _, needed = body_of(operation.route(), operation.method, self.ids)
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        with transaction.atomic():
            response = self.client.generic(
                operation.method,
                url or operation.url(self.ids),
                content,
                content_type=kind,
                headers={**needed, **(headers or {})},
            )
            transaction.set_rollback(not keep)
        if response.status_code >= 500:
            self.wrong.append(f"{operation} {what}: {response.status_code}")
        if "/session" in operation.path or "Cookie" in (headers or {}):
            self.client.force_login(self.world.people[self.actor])
        elif response.status_code == 401:
            self.wrong.append(f"{operation} {what}: signed out")
        return response

    def expect(self, is_right: bool, operation: Operation, what: str, response: Any) -> None:
        if not is_right:
            self.wrong.append(f"{operation} {what}: {response.status_code} {response.content[:200]!r}")

    def end(self) -> None:
        assert not self.wrong, f"{len(self.wrong)}:\n" + "\n".join(self.wrong)


def places(body: Any, is_wanted: Callable[[Any], bool]) -> Iterator[tuple[Any, ...]]:
    """The paths of the values in a body that are wanted."""
    if is_wanted(body):
        yield ()
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, child in children:
        yield from ((key, *path) for path in places(child, is_wanted))


def quoted(text: str) -> str:
    return quote(text.encode())
