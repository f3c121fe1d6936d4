"""The Django project: settings, URL map, ASGI application, Celery application, launcher.

Importing this package loads the Celery application, so that every process of the platform (web,
worker, management command) sends and takes messages by the same settings. It does nothing else.
"""

from spineweb.celery import app as celery_app

__all__ = ["celery_app"]
