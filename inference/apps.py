"""Registers the app with Django."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"
