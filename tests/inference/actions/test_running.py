"""What a worker writes about a job it holds, and what the sweep does for jobs that nobody holds."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import AuditEntry
from inference.actions import jobs, running
from inference.actions.running import Hold
from inference.models import JobState, TrainingJob
from inference.models.jobs import MOST_ATTEMPTS
from tests.factories import Factory
from tests.inference.rows import training_job

pytestmark = pytest.mark.django_db
EPOCH = {"kind": "epoch", "epoch": 1, "epochs": 2, "train_loss": 0.2, "validation_loss": 0.1, "eta_s": 3.0}


def held(make: Factory) -> Hold:
    hold = running.claim(model=TrainingJob, pk=training_job(make).pk)
    assert hold is not None
    return hold


def row(hold: Hold) -> TrainingJob:
    return TrainingJob.objects.get(pk=hold.job.pk)


def age(hold: Hold, **seconds: float) -> None:
    """Let the named moments lie some seconds in the past."""
    past = {name: timezone.now() - datetime.timedelta(seconds=value) for name, value in seconds.items()}
    TrainingJob.objects.filter(pk=hold.job.pk).update(**past)


def test_a_beat_writes_what_is_new(make: Factory) -> None:
    hold = held(make)
    step = {"kind": "step", "epoch": 1, "epochs": 2, "step": 3, "steps": 4, "loss": 0.5, "eta_s": 9.0}
    assert running.beat(hold=hold, lines=[step], log="begun") == "ok"
    assert row(hold).progress == {name: step[name] for name in step if name != "kind"}
    assert running.beat(hold=hold, lines=[EPOCH], log="begun") == "ok"
    job = row(hold)
    assert (job.log, [entry["epoch"] for entry in job.history]) == ("begun", [1])
    # The same epoch, done again after a crash, counts once.
    running.beat(hold=hold, lines=[{**EPOCH, "train_loss": 0.3}], log="begun")
    assert [entry["train_loss"] for entry in row(hold).history] == [0.3]


def test_a_beat_hears_of_cancelling_and_of_fencing(make: Factory) -> None:
    hold = held(make)
    jobs.cancel(actor=make.user(), job=hold.job)
    assert running.beat(hold=hold, lines=[], log="") == "cancel"
    assert running.end(hold=hold, state=JobState.CANCELLED)
    assert running.beat(hold=hold, lines=[EPOCH], log="late") == "fenced"
    assert (row(hold).log, row(hold).history) == ("", [])


def test_three_crashes_without_progress_are_the_end(make: Factory) -> None:
    job = training_job(make)
    for number in range(1, MOST_ATTEMPTS + 1):
        hold = running.claim(model=TrainingJob, pk=job.pk)
        assert hold is not None
        state = running.crashed(hold=hold, reason="The program was killed by SIGKILL.")
        assert state == (JobState.FAILED if number == MOST_ATTEMPTS else JobState.PENDING)
    job.refresh_from_db()
    assert job.error == "Gave up after 3 tries. The program was killed by SIGKILL."
    assert running.claim(model=TrainingJob, pk=job.pk) is None


def test_a_job_that_gets_on_is_not_poison(make: Factory) -> None:
    job, hold = training_job(make), None
    for epoch in range(1, 6):
        hold = running.claim(model=TrainingJob, pk=job.pk)
        assert hold is not None
        running.beat(hold=hold, lines=[{**EPOCH, "epoch": epoch}], log="")
        assert running.crashed(hold=hold, reason="killed") == JobState.PENDING
    assert hold is not None
    assert row(hold).token == 5


def test_a_job_that_only_tells_again_what_was_known_is_poison(make: Factory) -> None:
    job = training_job(make)
    for _ in range(MOST_ATTEMPTS):
        hold = running.claim(model=TrainingJob, pk=job.pk)
        assert hold is not None
        running.beat(hold=hold, lines=[{**EPOCH, "epoch": 1}], log="")
        state = running.crashed(hold=hold, reason="killed")
    job.refresh_from_db()
    assert (state, [entry["epoch"] for entry in job.history]) == (JobState.FAILED, [1])


def test_a_worker_that_stops_gives_the_try_back(make: Factory) -> None:
    job, hold = training_job(make), None
    for token in range(1, 7):
        hold = running.claim(model=TrainingJob, pk=job.pk)
        assert hold is not None
        assert hold.token == token
        assert running.release(hold=hold) == JobState.PENDING
        assert running.release(hold=hold) is None
    assert hold is not None
    assert (row(hold).state, row(hold).attempt) == ("pending", 0)


def test_a_crash_of_what_should_be_cancelled_cancels_it(make: Factory) -> None:
    hold = held(make)
    jobs.cancel(actor=make.user(), job=hold.job)
    assert running.crashed(hold=hold, reason="killed") == JobState.CANCELLED
    assert row(hold).error == ""


def test_handing_back_what_should_be_cancelled_cancels_it(make: Factory) -> None:
    """Pending and to be cancelled, it could neither be claimed nor end."""
    hold = held(make)
    jobs.cancel(actor=make.user(), job=hold.job)
    assert running.release(hold=hold, reason="the disk is full") == JobState.CANCELLED
    assert (row(hold).state, row(hold).error) == ("cancelled", "")


def test_what_waits_for_a_disk_says_so_and_is_rung_for_in_a_minute(make: Factory) -> None:
    hold = held(make)
    assert running.release(hold=hold, reason="The disk is full.") == JobState.PENDING
    assert (row(hold).attempt, row(hold).error) == (0, "The disk is full.")
    assert running.sweep(model=TrainingJob) == []
    age(hold, rung_at=running.RING_AGAIN_S + 1)
    assert running.sweep(model=TrainingJob) == [hold.job.pk]


def test_a_clock_that_was_set_back_keeps_no_dead_job(make: Factory) -> None:
    """The worker died; then the database's clock went back an hour: its lease would last that long."""
    dead, alive = held(make), held(make)
    age(dead, lease_expires_at=-3600, rung_at=-3600)
    age(alive, lease_expires_at=-running.FINISH_LEASE_S, rung_at=0)
    assert running.sweep(model=TrainingJob) == [dead.job.pk]
    assert running.claim(model=TrainingJob, pk=dead.job.pk) is not None
    assert running.claim(model=TrainingJob, pk=alive.job.pk) is None


def test_a_clock_that_leaps_ahead_costs_a_try_and_no_work(make: Factory) -> None:
    """The lease of a living worker is over at once: whoever comes first goes on, the other one is fenced."""
    early, late = held(make), held(make)
    for hold in (early, late):
        age(hold, lease_expires_at=3600, rung_at=3600)
    assert running.beat(hold=early, lines=[EPOCH], log="") == "ok"
    assert running.claim(model=TrainingJob, pk=early.job.pk) is None
    successor = running.claim(model=TrainingJob, pk=late.job.pk)
    assert successor is not None
    assert running.beat(hold=late, lines=[EPOCH], log="") == "fenced"
    assert running.beat(hold=successor, lines=[EPOCH], log="") == "ok"


def test_the_sweep_names_what_is_lost_once(make: Factory) -> None:
    lost, dead, busy = held(make), held(make), held(make)
    TrainingJob.objects.leave(lost.job.pk, 1, JobState.PENDING)
    age(lost, rung_at=running.RING_AGAIN_S + 1)
    age(dead, rung_at=running.LEASE_S, lease_expires_at=1)
    fresh = training_job(make)
    assert set(running.sweep(model=TrainingJob)) == {lost.job.pk, dead.job.pk}
    assert running.sweep(model=TrainingJob) == []
    assert {row(lost).state, TrainingJob.objects.get(pk=fresh.pk).state} == {"pending"}
    assert row(busy).state == row(dead).state == "running"
    assert running.claim(model=TrainingJob, pk=dead.job.pk) is not None


def test_the_sweep_closes_what_nobody_may_claim(make: Factory) -> None:
    spent, cancelled = held(make), held(make)
    TrainingJob.objects.filter(pk=spent.job.pk).update(attempt=MOST_ATTEMPTS)
    TrainingJob.objects.filter(pk=cancelled.job.pk).update(cancel_requested=True)
    for hold in (spent, cancelled):
        age(hold, lease_expires_at=1, rung_at=100)
    assert running.sweep(model=TrainingJob) == []
    assert (row(spent).state, row(cancelled).state) == ("failed", "cancelled")
    assert "worker stopped answering" in row(spent).error
    acts = AuditEntry.objects.filter(target_kind="trainingjob").values_list("action", flat=True)
    assert sorted(acts) == ["trainingjob.cancelled", "trainingjob.failed"]


def test_a_worker_heard_of_after_all_is_not_closed(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the sweep's reading and its writing, the worker beats."""
    hold = held(make)
    TrainingJob.objects.filter(pk=hold.job.pk).update(attempt=MOST_ATTEMPTS)
    age(hold, lease_expires_at=1, rung_at=100)
    close = running._close

    def beaten(*given: Any) -> None:
        assert running.beat(hold=hold, lines=[], log="") == "ok"
        close(*given)

    monkeypatch.setattr(running, "_close", beaten)
    running.sweep(model=TrainingJob)
    assert row(hold).state == "running"
