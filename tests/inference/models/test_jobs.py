"""The state machine of jobs: every pair of states, every constraint, one winner per claim."""

import datetime
import itertools
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from inference.models import JobState, TrainingJob
from inference.models.jobs import FINISHED, MOST_ATTEMPTS, TRANSITIONS
from tests.factories import Factory
from tests.inference.rows import training_job

PAIRS = list(itertools.product(JobState, JobState))


def in_state(make: Factory, state: JobState) -> TrainingJob:
    """A job that got to its state by the table."""
    job = training_job(make)
    rows = TrainingJob.objects
    if state is JobState.CANCELLED:
        assert rows.ask_to_cancel(job.pk)
    elif state is not JobState.PENDING:
        assert rows.claim(job.pk, lease_s=60) == 1
        if state is not JobState.RUNNING:
            assert rows.leave(job.pk, 1, state, error="broken" if state is JobState.FAILED else "")
    job.refresh_from_db()
    assert job.state == state
    return job


def expire(job: TrainingJob) -> None:
    TrainingJob.objects.filter(pk=job.pk).update(
        lease_expires_at=timezone.now() - datetime.timedelta(seconds=1)
    )


def attempt(job: TrainingJob, to: JobState) -> None:
    """Try to bring a job to a state by every way there is; none may work unless the table has it."""
    rows = TrainingJob.objects
    if to is JobState.RUNNING:
        rows.claim(job.pk, lease_s=60)
    elif to is JobState.CANCELLED:
        if rows.ask_to_cancel(job.pk):
            rows.leave(job.pk, job.token, to)
    elif to is JobState.PENDING and rows.resume(job.pk):
        pass
    else:
        rows.leave(job.pk, job.token, to, error="broken" if to is JobState.FAILED else "")


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_table_of_transitions_is_what_happens(make: Factory, source: JobState, target: JobState) -> None:
    job = in_state(make, source)
    if (source, target) == (JobState.RUNNING, JobState.RUNNING):
        expire(job)
    before = job.token
    attempt(job, target)
    job.refresh_from_db()
    moved = job.state == target and (source != target or job.token != before)
    assert moved == ((source, target) in TRANSITIONS)
    if not moved:
        assert (job.state, job.token) == (source, before)


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELLED])
def test_what_goes_on_has_all_its_tries_and_the_late_worker_stays_fenced(
    make: Factory, ended: JobState
) -> None:
    rows, job = TrainingJob.objects, training_job(make)
    for _ in range(MOST_ATTEMPTS):
        rows.claim(job.pk, lease_s=60)
        expire(job)
    rows.ask_to_cancel(job.pk)
    assert rows.leave(job.pk, MOST_ATTEMPTS, ended, error="It broke.")
    assert rows.resume(job.pk)
    assert not rows.resume(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.token, job.error) == ("pending", 0, MOST_ATTEMPTS, "It broke.")
    assert (job.cancel_requested, job.finished_at) == (False, None)
    assert not rows.heartbeat(job.pk, MOST_ATTEMPTS, lease_s=60)
    assert rows.claim(job.pk, lease_s=60) == MOST_ATTEMPTS + 1


BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("state_known", {"state": "lost", "started_at": timezone.now()}),
    ("attempts_bounded", {"state": "running", "attempt": 4, "token": 4}),
    ("pending_can_be_claimed", {"attempt": MOST_ATTEMPTS}),
    ("runs_on_a_lease", {"state": "running", "attempt": 1, "token": 1}),
    ("runs_on_a_lease", {"lease_expires_at": timezone.now()}),
    ("finished_has_a_time", {"state": "succeeded"}),
    ("finished_has_a_time", {"finished_at": timezone.now()}),
    ("started_has_a_time", {"state": "succeeded", "finished_at": timezone.now()}),
    (
        "failure_has_a_reason",
        {"state": "failed", "started_at": timezone.now(), "finished_at": timezone.now()},
    ),
    ("cancelled_by_request", {"state": "cancelled", "finished_at": timezone.now()}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("rule", "fields"), BROKEN)
def test_the_database_refuses_what_breaks_a_rule(make: Factory, rule: str, fields: dict[str, Any]) -> None:
    if fields.get("attempt") == 4:
        fields = {**fields, "lease_expires_at": timezone.now(), "started_at": timezone.now()}
    job = training_job(make)
    with pytest.raises(IntegrityError, match=f"trainingjob_{rule}"), transaction.atomic():
        TrainingJob.objects.filter(pk=job.pk).update(**fields)


@pytest.mark.django_db
def test_an_expired_lease_is_taken_over_and_the_late_worker_is_fenced(make: Factory) -> None:
    rows, job = TrainingJob.objects, training_job(make)
    assert rows.claim(job.pk, lease_s=60) == 1
    assert rows.claim(job.pk, lease_s=60) is None
    assert rows.heartbeat(job.pk, 1, lease_s=60, progress={"epoch": 1})
    expire(job)
    assert rows.claim(job.pk, lease_s=60) == 2
    # The first worker wakes up: nothing that it writes arrives.
    assert not rows.heartbeat(job.pk, 1, lease_s=60, progress={"epoch": 7})
    for state in (JobState.PENDING, *FINISHED):
        assert not rows.leave(job.pk, 1, state, error="late")
    job.refresh_from_db()
    assert (job.state, job.token, job.attempt, job.progress) == ("running", 2, 2, {"epoch": 1})
    assert rows.leave(job.pk, 2, JobState.SUCCEEDED)
    assert not rows.heartbeat(job.pk, 2, lease_s=60)


@pytest.mark.django_db
def test_a_heartbeat_puts_the_lease_off(make: Factory) -> None:
    rows, job = TrainingJob.objects, training_job(make)
    rows.claim(job.pk, lease_s=60)
    expire(job)
    assert rows.expired().count() == 1
    assert rows.heartbeat(job.pk, 1, lease_s=60)
    assert rows.expired().count() == 0
    job.refresh_from_db()
    assert job.lease_expires_at is not None
    assert 50 < (job.lease_expires_at - timezone.now()).total_seconds() < 61


@pytest.mark.django_db
def test_nobody_claims_what_is_spent_or_to_be_cancelled(make: Factory) -> None:
    rows, job = TrainingJob.objects, training_job(make)
    for token in range(1, MOST_ATTEMPTS + 1):
        assert rows.claim(job.pk, lease_s=60) == token
        expire(job)
    assert rows.claim(job.pk, lease_s=60) is None
    other = training_job(make)
    rows.claim(other.pk, lease_s=60)
    assert rows.ask_to_cancel(other.pk)
    expire(other)
    assert rows.claim(other.pk, lease_s=60) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_claimers_one_wins(make: Factory) -> None:
    jobs = [training_job(make) for _ in range(5)]
    start, won = threading.Barrier(6), list[Any]()

    def worker(name: int) -> None:
        start.wait()
        try:
            for job in jobs:
                token = TrainingJob.objects.claim(job.pk, lease_s=60)
                if token is not None:
                    won.append((job.pk, token))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted((job.pk, 1) for job in jobs), connection.vendor
