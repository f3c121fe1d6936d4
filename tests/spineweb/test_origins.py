"""Which pages may open a websocket."""

from typing import Any

import pytest

from spineweb.origins import is_ours


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://spineweb.example.org", "spineweb.example.org"),
        # A proxy may name the port that goes without saying.
        ("https://spineweb.example.org", "spineweb.example.org:443"),
        ("https://SpineWeb.example.org", "spineweb.example.org"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://portal.example.org", "spineweb.example.org"),
    ],
)
def test_pages_of_ours(settings: Any, origin: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "[::1]", ".example.org"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://portal.example.org"]
    assert is_ours(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        *("", "null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:8001"),
        *("https://127.0.0.1", "http://localhost:8000", "http://127.0.0.1:8000.evil.example"),
        *("http://127.0.0.1:8000@evil.example", "file://127.0.0.1:8000", "http://[::1", "127.0.0.1:8000"),
    ],
)
def test_pages_of_others(settings: Any, origin: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert not is_ours(origin, "127.0.0.1:8000")


def test_a_host_that_is_not_ours(settings: Any) -> None:
    """Its name was made to lead here: page and host are the same, and still not us."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert not is_ours("http://evil.example:8000", "evil.example:8000")
