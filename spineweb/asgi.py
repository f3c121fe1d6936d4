"""The ASGI application: HTTP to Django in a pool of threads, websockets to the consumers."""

import gc
import os
from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

from spineweb.bridge import ThreadedWSGI
from spineweb.origins import SameOrigin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spineweb.settings")
django_application = get_wsgi_application()

# After Django is set up: the consumers import models.
from spineweb.urls import agent_websocket_urlpatterns, websocket_urlpatterns  # noqa: E402


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Where no websocket is: refused with a 403, where Channels alone would raise and log an error."""

    async def connect(self) -> None:
        await self.close()


browsers = SameOrigin(
    AuthMiddlewareStack(URLRouter([*websocket_urlpatterns, re_path("", NoSuchSocket.as_asgi())]))
)
websockets = URLRouter([*agent_websocket_urlpatterns, re_path("", cast(Any, browsers))])

# More threads than cores: some of them wait for the disk.
HTTP_THREADS = 6

application = ProtocolTypeRouter(
    {
        "http": ThreadedWSGI(
            django_application, threads=HTTP_THREADS, most_body_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        ),
        "websocket": websockets,
    }
)

# What is loaded by now stays: the collector need not look at it again after every few requests.
gc.collect()
gc.freeze()
