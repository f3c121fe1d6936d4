"""What the worker does by the clock."""

import datetime

from django.utils import timezone

from annotation.models import Import
from annotation.models.imports import ImportState
from annotation.tasks import sweep_imports
from spineweb.celery import app
from tests.factories import Factory


def test_the_schedule_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_an_abandoned_import_is_discarded_once(make: Factory) -> None:
    project = make.project()
    item = make.import_item(project, make.member(project, "assistant"))
    assert sweep_imports() == 0
    old = timezone.now() - datetime.timedelta(days=2)
    Import.objects.filter(pk=item.batch_id).update(created_at=old, touched_at=old)
    assert sweep_imports() == 1
    assert Import.objects.get().state == ImportState.DISCARDED
    assert sweep_imports() == 0
