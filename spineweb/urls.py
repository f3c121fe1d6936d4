"""The URL map: pages, API and websockets of both apps."""

from django.urls import include, path

from annotation.urls import agent_websocket_urlpatterns as agent_sockets
from annotation.urls import websocket_urlpatterns as annotation_sockets
from inference.urls import websocket_urlpatterns as inference_sockets
from spineweb.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("annotation.urls")),
    path("", include("inference.urls")),
]

handler404 = "annotation.api.errors.not_found"
handler500 = "annotation.api.errors.server_error"
# Of browsers: they name an origin, and a session.
websocket_urlpatterns = [*annotation_sockets, *inference_sockets]
# Of capture agents, which have neither.
agent_websocket_urlpatterns = [*agent_sockets]
