"""Registers the project itself as an app, for its management commands."""

from django.apps import AppConfig


class SpinewebConfig(AppConfig):
    name = "spineweb"
