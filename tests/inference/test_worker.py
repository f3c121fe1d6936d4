"""A real worker and broker: what is lost is found by its own sweep, what is killed goes on elsewhere."""

import datetime
import fcntl
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from inference.actions import jobs, snapshots
from inference.models import JobState, ModelVersion, TrainingJob
from inference.recipes.catalogue import RECIPES
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.workers import end, never_interrupted, trainers_of, wait_for, worker

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]
# Kills at random: more of them than a test has time for with SPINEWEB_TEST_KILLS=50.
KILLS = int(os.environ.get("SPINEWEB_TEST_KILLS", "3"))


@pytest.fixture(autouse=True)
def one_after_another() -> Iterator[None]:
    """Two workers of two tests on one broker would take each other's messages. (A group of pytest-xdist's
    does not keep them apart: 3.8 does not reach the ids of pytest 9.)"""
    with Path(tempfile.gettempdir(), "spineweb-test-broker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
        end(first)
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


def test_two_machines_without_a_shared_disk(make: Factory, tmp_path: Path) -> None:
    """A training whose machine dies goes on elsewhere from the copy of its last checkpoint; predictions wait
    for no training."""
    project, admin = labelled_project(make)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    recipe = RECIPES["back-trial"].with_changes({"epochs": 15, "least_samples": 32})
    job = jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name="Backs")
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    TrainingJob.objects.filter(pk=job.pk).update(rung_at=long_ago)
    copies = tmp_path / "checkpoints"

    def machine(name: str) -> dict[str, str]:
        return {"SPINEWEB_RUNS": str(tmp_path / name), "SPINEWEB_CHECKPOINTS": f"file://{copies}"}

    with (
        worker(tmp_path / "web.log", queues="celery", **machine("web")),
        worker(tmp_path / "gpu-1.log", queues="gpu", **machine("gpu-1")) as first,
    ):
        wait_for(job, "a copy", lambda: len(list(copies.glob(f"{job.pk}/epoch-*"))) == 2)
        end(first)
        copied = max(int(path.name.split("-")[1]) for path in copies.glob(f"{job.pk}/epoch-*"))
        TrainingJob.objects.filter(pk=job.pk).update(lease_expires_at=long_ago, rung_at=long_ago)
        with worker(tmp_path / "gpu-2.log", queues="gpu", **machine("gpu-2")):
            wait_for(job, "the end", lambda: job.state == JobState.SUCCEEDED)
            wait_for(job, "the copies to go", lambda: not list(copies.glob(f"{job.pk}/*")))
    assert not (tmp_path / "web").exists()
    assert job.token == 2
    assert [entry["epoch"] for entry in job.history] == list(range(1, 16))
    assert f"from epoch {copied + 1} to 15" in (tmp_path / "gpu-2" / str(job.pk) / "log.txt").read_text()
    assert ModelVersion.objects.get(job=job).weights_id == never_interrupted(job, tmp_path)


def test_kills_at_random_lose_and_double_nothing(make: Factory, tmp_path: Path) -> None:
    """kill -9 of the worker or of its trainer, whenever; no finished epoch is done again."""
    chance = random.Random(KILLS)
    project, admin = labelled_project(make)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    recipe = RECIPES["back-trial"].with_changes({"epochs": 4 * KILLS + 4, "least_samples": 64})
    job = jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name="Backs")
    run = tmp_path / "runs" / str(job.pk)
    # A try that gets nothing done counts, and the third fails the job: each kill follows a finished epoch.
    kills = [chance.choice(["worker", "trainer"]) for _ in range(KILLS)]
    done, left = 0, list(kills)
    while job.state != JobState.SUCCEEDED:
        # Nobody rings, and a lease runs out, as after 45 s without a beat.
        long_ago = timezone.now() - datetime.timedelta(hours=1)
        rows = TrainingJob.objects.filter(pk=job.pk)
        rows.update(rung_at=long_ago)
        rows.filter(state=JobState.RUNNING).update(lease_expires_at=long_ago)
        with worker(tmp_path / "worker.log", SPINEWEB_RUNS=str(run.parent)) as process:
            while left:
                wait_for(job, "an epoch", lambda least=done: len(job.history) > least)
                time.sleep(chance.uniform(0, 0.5))
                # Of what was killed before the last epoch may only have been heard now.
                wait_for(job, "a trainer", lambda: bool(trainers_of(run)))
                done = len(job.history)
                if left.pop(0) == "worker":
                    end(process)
                    break
                for trainer in trainers_of(run):
                    trainer.kill()
            else:
                wait_for(job, "the end", lambda: job.state == JobState.SUCCEEDED)

    assert (job.token, job.error) == (KILLS + 1, "")
    assert [entry["epoch"] for entry in job.history] == list(range(1, recipe.epochs + 1))
    assert redone((run / "log.txt").read_text()) == []
    assert ModelVersion.objects.get(job=job).weights_id == never_interrupted(job, tmp_path)


def redone(log: str) -> list[int]:
    """The epochs that a training's log tells of twice."""
    told = [int(number) for number in re.findall(r"^epoch (\d+):", log, re.MULTILINE)]
    return [epoch for epoch in told if told.count(epoch) > 1]
