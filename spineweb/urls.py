"""The URL map: pages, API and websockets of both apps."""

from typing import Any

from django.urls import include, path

from spineweb.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("annotation.urls")),
]

websocket_urlpatterns: list[Any] = []
