"""The ASGI application: HTTP to Django in a pool of threads, websockets to the consumers.

Django is served as the synchronous program it is: a request runs in one thread from its first middleware to
its last byte, and the threads keep their database connections. Under Django's own ASGI handler each request
would open a connection in a thread of its own, and streamed downloads would pass through memory.
"""

import os
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spineweb.settings")
django_application = get_wsgi_application()

# After Django is set up: the consumers import models.
from spineweb.urls import websocket_urlpatterns  # noqa: E402


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Where no websocket is: refused with a 403, where Channels alone would raise and log an error."""

    async def connect(self) -> None:
        await self.close()


websockets = URLRouter([*websocket_urlpatterns, re_path("", NoSuchSocket.as_asgi())])

# More threads than cores: some of them wait for the disk.
HTTP_THREADS = 6

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(cast(WSGIApp, django_application), workers=HTTP_THREADS),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets)),
    }
)
