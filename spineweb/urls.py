"""The URL map: pages, API and websockets of both apps."""

from django.urls import include, path

from inference.urls import websocket_urlpatterns as inference_sockets
from spineweb.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("annotation.urls")),
    path("", include("inference.urls")),
]

handler500 = "annotation.api.errors.server_error"
websocket_urlpatterns = [*inference_sockets]
