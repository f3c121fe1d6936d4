"""Who may open a browser's websocket: pages of this installation, as for every other request that acts.

A websocket is exempt from the browser's rules about origins and sends the session's cookie along, also to
another port of the same host. So, as Django does for forms, the Origin must be the very host and port that
the request was sent to, or one of CSRF_TRUSTED_ORIGINS; and that host must be one of ours.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[..., Awaitable[None]]
PORTS = {"http": 80, "https": 443}


class SameOrigin:
    """Passes on what comes from a page of this installation, refuses the rest with a 403."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(named) == len(hosts) == 1 and is_ours(named[0], hosts[0]):
            await self._application(scope, receive, send)
        else:
            await cast(Any, WebsocketDenier())(scope, receive, send)


def is_ours(origin: str, host: str) -> bool:
    """Whether a page of this origin is one of this installation's, reached as `host`."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        page = urlsplit(origin)
        asked = urlsplit(f"{page.scheme}://{host}")
        same = (page.hostname, _port(page)) == (asked.hostname, _port(asked))
    except ValueError:
        return False
    return page.scheme in PORTS and same and _is_allowed(host)


def _port(parts: Any) -> int | None:
    return parts.port or PORTS.get(parts.scheme)


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    allowed: Iterable[str] = settings.ALLOWED_HOSTS
    return bool(domain) and validate_host(domain, allowed)
