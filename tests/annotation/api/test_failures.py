"""A disk or database that fails is answered with a clear 507 or 503, wherever in a request it happens."""

import errno
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from annotation.actions import cohort
from annotation.models import Project, Study
from tests.factories import Factory


class DiskFull(Exception):
    """As psycopg's."""

    sqlstate = "53100"


def postgres_disk_full() -> OperationalError:
    error = OperationalError("could not extend file: No space left on device")
    error.__cause__ = DiskFull()
    return error


FAILURES: dict[str, tuple[Callable[[], Exception], int, str]] = {
    "SQLite: full": (lambda: OperationalError("database or disk is full"), 507, "storage_full"),
    "SQLite: broken disk": (lambda: OperationalError("disk I/O error"), 503, "unavailable"),
    "SQLite: busy": (lambda: OperationalError("database is locked"), 503, "unavailable"),
    "PostgreSQL: full": (postgres_disk_full, 507, "storage_full"),
    "PostgreSQL: away": (lambda: OperationalError("connection refused"), 503, "unavailable"),
    "a file: full": (lambda: OSError(errno.ENOSPC, "No space left on device"), 507, "storage_full"),
    "a file: too many open": (lambda: OSError(errno.EMFILE, "Too many open files"), 503, "unavailable"),
    "a file: broken": (lambda: OSError(errno.EIO, "Input/output error"), 503, "unavailable"),
}


@pytest.fixture
def client(make: Factory) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make.user(site_admin=True))
    return client


def failing(make_error: Callable[[], Exception]) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise make_error()

    return fail


@pytest.mark.parametrize("name", FAILURES)
def test_a_write_that_fails_says_so(client: Client, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make_error, status, code = FAILURES[name]
    monkeypatch.setattr(cohort, "record", failing(make_error))
    response = client.post("/api/v1/projects", {"name": "New"}, "application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "nothing was saved" in response.json()["detail"]
    assert not Project.objects.filter(name="New").exists()


@pytest.mark.parametrize("name", FAILURES)
def test_a_page_that_fails_says_so(client: Client, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make_error, status, _ = FAILURES[name]
    monkeypatch.setattr(Study.objects, "visible_to", failing(make_error))
    response = client.get("/studies/")
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


def test_a_session_that_cannot_be_stored_says_so(
    make: Factory, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions are saved after the view, where the API's own handler does not reach."""
    make.user("someone")
    save = failing(FAILURES["SQLite: full"][0])
    monkeypatch.setattr("spineweb.sessions.SessionStore.save", save)
    body = {"username": "someone", "password": "correct-horse-battery"}
    response = Client(raise_request_exception=False).post("/api/v1/session", body, "application/json")
    assert (response.status_code, json.loads(response.content)["code"]) == (507, "storage_full")


def test_any_other_failure_of_the_api_is_json_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "record", failing(lambda: RuntimeError("a slip of ours")))
    response = client.post("/api/v1/projects", {"name": "New"}, "application/json")
    assert (response.status_code, response.json()["code"]) == (500, "failed")
    assert "slip" not in response.content.decode()


def test_a_project_with_the_longest_name_can_be_deleted(make: Factory, client: Client) -> None:
    project = make.project("x" * 80)
    assert client.delete(f"/api/v1/projects/{project.pk}").status_code == 204
    project.refresh_from_db()
    assert len(project.name) <= 120
