"""What workers log of a broker that is away."""

import pytest
from celery.beat import ScheduleEntry, Scheduler

from spineweb.celery import app


def test_a_sweep_that_the_broker_does_not_take_is_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("port 6379")

    app.loader.import_default_modules()
    monkeypatch.setattr(app.tasks["inference.tasks.sweep"], "apply_async", refuse)
    scheduler = Scheduler(app, lazy=True)
    entry = ScheduleEntry("sweep", "inference.tasks.sweep", schedule=15.0, app=app)
    scheduler.apply_entry(entry)
    said = [one for one in capfd.readouterr().err.splitlines() if " INFO " not in one]
    assert len(said) == 1, said
    assert said[0].endswith("Couldn't apply scheduled task sweep: port 6379")
