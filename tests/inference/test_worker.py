"""A real worker and broker: what is lost is found by its own sweep, what is killed goes on elsewhere."""

import datetime
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from inference.actions import jobs, snapshots
from inference.models import JobState, ModelVersion, TrainingJob
from inference.recipes import RECIPES
from tests.factories import Factory
from tests.inference.labelled import labelled_project

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]
PATIENCE_S = 240


def database_url() -> str:
    """The test database, as another process names it."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@contextmanager
def worker(log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker with its beat, as the launcher starts it; in a group of its own."""
    command = [sys.executable, "-m", "celery", "-A", "spineweb", "worker", "--concurrency", "1", "--beat"]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": os.environ["SPINEWEB_TEST_REDIS"],
        "OMP_NUM_THREADS": "1",
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(job: TrainingJob, what: str, done: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while callable(done) and not done():
        job.refresh_from_db()
        assert time.monotonic() < deadline, f"{what}: {job.state} {job.error} {job.log}"
        time.sleep(0.1)


def test_a_lost_message_and_a_killed_worker_lose_no_job(make: Factory, tmp_path: Path) -> None:
    project, admin = labelled_project(make)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    recipe = RECIPES["back-trial"].with_changes({"epochs": 40, "least_samples": 64})
    job = jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name="Backs")
    # Nobody rang: only the sweep can find it.
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    TrainingJob.objects.filter(pk=job.pk).update(rung_at=long_ago)

    with worker(tmp_path / "worker-1.log") as first:
        wait_for(job, "two epochs", lambda: len(job.history) >= 2)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert job.state == JobState.RUNNING
    # What 45 s without a beat would do.
    TrainingJob.objects.filter(pk=job.pk).update(lease_expires_at=long_ago, rung_at=long_ago)

    with worker(tmp_path / "worker-2.log"):
        wait_for(job, "the end", lambda: job.state == JobState.SUCCEEDED)
    assert (job.token, job.error) == (2, "")
    assert [entry["epoch"] for entry in job.history] == list(range(1, 41))
    assert ModelVersion.objects.filter(job=job).count() == 1
    assert job.log.count("images to train on") == 2
    assert "from epoch 1 to 40" in job.log
    assert "from epoch 1 to 40" not in job.log.rpartition("images to train on")[2]
