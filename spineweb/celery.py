"""The Celery application. Messages only ring a bell; the job's row is the truth (see inference.models)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spineweb.settings")

app = Celery("spineweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
