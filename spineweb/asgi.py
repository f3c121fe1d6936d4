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
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spineweb.settings")
django_application = get_wsgi_application()

# After Django is set up: the consumers import models.
from spineweb.urls import websocket_urlpatterns  # noqa: E402

# More threads than cores: some of them wait for the disk.
HTTP_THREADS = 6

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(cast(WSGIApp, django_application), workers=HTTP_THREADS),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
