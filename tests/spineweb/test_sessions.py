"""Sessions outlive their cache, and strange keys reach no database."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from spineweb.sessions import SessionStore
from tests.factories import PASSWORD, Factory

# Nobody listens on port 1.
AWAY = {"default": {"BACKEND": "spineweb.cache.SharedRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}


def test_people_sign_in_and_work_while_the_cache_is_away(make: Factory, settings: LazySettings) -> None:
    make.user("ann", site_admin=True)
    settings.CACHES = AWAY
    client = Client()
    body = {"username": "ann", "password": PASSWORD}
    assert client.post("/api/v1/session", body, "application/json").status_code == 200
    assert client.get("/api/v1/home").status_code == 200
    assert client.post("/api/v1/projects", {"name": "New"}, "application/json").status_code == 201
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/home").status_code == 401


def test_who_signed_in_before_stays_signed_in(make: Factory, settings: LazySettings) -> None:
    client = Client()
    client.force_login(make.user())
    settings.CACHES = AWAY
    assert client.get("/api/v1/home").status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 31, "x" * 33, "\x00" * 32, "X" * 32, "é" * 32, "../" * 11])
def test_a_key_that_we_never_made_is_not_looked_up(db: None, key: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        session = SessionStore(key)
        assert session.session_key is None
        assert session.get("_auth_user_id") is None
    assert len(queries) == 0


def test_a_session_is_cached_for_a_minute_at_most(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    cache = caches["default"]
    monkeypatch.setattr(type(cache), "set", lambda self, key, value, timeout: kept.append(timeout))
    session = SessionStore()
    session["a"] = 1
    session.save()
    assert kept
    assert max(kept) <= 60
