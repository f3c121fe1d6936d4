"""The Celery application. Messages only ring a bell; the job's row is the truth (see inference.models)."""

import logging
import os

from celery import Celery
from celery.beat import SchedulingError
from celery.signals import beat_embedded_init, worker_process_init

from spineweb.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spineweb.settings")

app = Celery("spineweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Beat runs inside every worker started with -B, in memory, without a schedule file; two of them do no harm.
# A sweep that nobody took before the next one is due is dropped.
app.conf.beat_scheduler = "celery.beat:Scheduler"
app.conf.beat_schedule = {
    "sweep": {"task": "inference.tasks.sweep", "schedule": 15.0, "options": {"expires": 15.0}},
    "old run folders": {
        "task": "inference.tasks.prune_runs",
        "schedule": 900.0,
        "options": {"expires": 900.0},
    },
    "abandoned imports": {
        "task": "annotation.tasks.sweep_imports",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}


def _in_a_line(record: logging.LogRecord) -> bool:
    """Beat would print two stacks for each sweep that the broker does not take while it is away."""
    if record.exc_info and isinstance(record.exc_info[1], SchedulingError):
        record.msg, record.args, record.exc_info = "%s", (record.exc_info[1],), None
    return True


logging.getLogger("celery.beat").addFilter(_in_a_line)


@beat_embedded_init.connect  # type: ignore[untyped-decorator]
@worker_process_init.connect  # type: ignore[untyped-decorator]
def end_with_the_worker(**_: object) -> None:
    """What a worker forks, for a job or for the sweep, does not outlive a worker that was killed."""
    die_with_parent()
