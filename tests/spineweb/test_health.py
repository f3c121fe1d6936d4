"""`/healthz`."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client, override_settings


@pytest.mark.django_db
def test_it_is_ok_when_the_database_answers(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_is_503_when_the_database_does_not(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("gone: host=secret.example")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert b"secret" not in response.content


@pytest.mark.django_db
def test_the_launcher_may_ask_without_https(client: Client) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        assert client.get("/healthz").status_code == 200
        assert client.get("/login/").status_code == 301


def test_it_takes_reads_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
