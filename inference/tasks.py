"""The queue's side of jobs. A message carries a primary key and rings a bell; the row decides what happens.

A task that runs twice does nothing the second time: its claim fails. A message that is lost is sent again by
`sweep`, which the embedded beat of every worker sends each 15 s (see spineweb.celery); two do no harm.
"""

import logging
import multiprocessing
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from kombu.exceptions import OperationalError as QueueAway

from annotation.actions.errors import ActionError, StorageFull, Unavailable
from annotation.models import CaptureShot
from annotation.models.capture import ShotStage
from inference.actions import checkpoints, jobs, materials, running, runs, samples, surveys
from inference.actions.announcements import AnyJob
from inference.actions.running import Hold, JobModel
from inference.models import InferenceJob, JobState, SurveyJob, TrainingJob
from inference.rundir import RunDir, RunError
from inference.runner import ORDERED, Ending, Limits, Order, Outcome, supervise

logger = logging.getLogger(__name__)

_BEAT_S = 2.0
_LONGEST_S = 7 * 24 * 3600.0
# Set in the worker's main process when it is told to stop, seen by the pool processes forked from it.
_stopping = multiprocessing.Event()


@worker_shutting_down.connect
def _hand_back(**_: Any) -> None:
    _stopping.set()


@shared_task
def train(job_id: str) -> None:
    """Run a training job, if it is still to be run."""
    _run(_TRAINING, uuid.UUID(job_id))


@shared_task
def predict(job_id: str) -> None:
    """Run an inference job, if it is still to be run."""
    _run(_INFERENCE, uuid.UUID(job_id))


@shared_task
def survey(job_id: str) -> None:
    """Run a survey, if it is still to be run."""
    _run(_SURVEY, uuid.UUID(job_id))


@shared_task
def sweep() -> None:
    """Come back for jobs whose worker died or whose message was lost, and run models on what is new."""
    for kind in (_TRAINING, _INFERENCE, _SURVEY):
        for pk in running.sweep(model=kind.model):
            kind.task.delay(str(pk))
    for job in jobs.start_on_new_images():
        ring(job)


@receiver(post_save, sender=CaptureShot)
def look_at_a_new_shot(instance: CaptureShot, **_: Any) -> None:
    """A child waits beside the camera: models in use look at a stored shot now, not at the next sweep."""
    if instance.stage == ShotStage.STORED:
        transaction.on_commit(_sweep_now, robust=True)


def _sweep_now() -> None:
    try:
        sweep.delay()
    except (QueueAway, OSError) as error:
        logger.warning("the queue does not answer; the next sweep looks at the new shot: %s", error)


@shared_task
def prune_runs() -> int:
    """Remove the run folders whose time is over."""
    return runs.prune()


@dataclass(frozen=True)
class _Kind:
    """What differs between the kinds of job."""

    model: JobModel
    task: Any
    module: str
    prepare: Callable[[Any, RunDir, Callable[[], None]], None]
    finish: Callable[..., object]


_TRAINING = _Kind(
    TrainingJob, train, "inference.training", materials.prepare_training, running.finish_training
)
_INFERENCE = _Kind(
    InferenceJob, predict, "inference.prediction", materials.prepare_inference, running.finish_inference
)
_SURVEY = _Kind(SurveyJob, survey, "inference.survey", surveys.prepare, surveys.finish)


def ring(job: AnyJob) -> None:
    """Send the job's message after the commit. A broker that is down costs a minute: the sweep sends it."""
    transaction.on_commit(lambda: _send(job), robust=True)


def _send(job: AnyJob) -> None:
    kind = next(kind for kind in (_TRAINING, _INFERENCE, _SURVEY) if isinstance(job, kind.model))
    try:
        kind.task.delay(str(job.pk))
    except (QueueAway, OSError) as error:
        logger.warning("job %s: the queue does not answer, the sweep will ring for it: %s", job.pk, error)


def _run(kind: _Kind, pk: uuid.UUID) -> None:
    hold = running.claim(model=kind.model, pk=pk)
    if hold is None:
        logger.info("job %s: nothing to do", pk)
        return
    outcome = _attempt(kind, hold)
    logger.info("job %s: %s %s", pk, outcome.ending.value, outcome.reason)
    _conclude(kind, hold, outcome)


def _attempt(kind: _Kind, hold: Hold) -> Outcome:
    """Fill the run folder and see its program to the end; how it ended."""
    limits = Limits(wall_s=_LONGEST_S, memory_bytes=_most_memory(), beat_s=_BEAT_S, lease_s=running.LEASE_S)
    try:
        run = materials.run_of(hold.job)
        kind.prepare(hold.job, run, _ticker(hold))
        if kind is not _TRAINING:
            return supervise(kind.module, run, beat=partial(_beat, hold), limits=limits)
        if (epoch := checkpoints.fetch(hold.job.pk, run)) is not None:
            logger.info("job %s: goes on from epoch %s, begun on another machine", hold.job.pk, epoch)
        keeper, collector = checkpoints.Keeper(hold.job.pk, run), samples.Collector(hold, run)
        try:
            beat = partial(_beat_and_keep, hold, (keeper, collector))
            return supervise(kind.module, run, beat=beat, limits=limits)
        finally:
            keeper.close()
            collector.close()
    except _Ordered as order:
        return order.outcome
    except (RunError, ActionError) as error:
        return Outcome(Ending.FAILED, str(error))
    except ValueError as error:
        # A manifest, schema or recipe that this release cannot read: another try would say the same.
        return Outcome(Ending.FAILED, f"The run folder cannot be filled: {error}")
    except OSError as error:
        return _postponed(error)


def _postponed(error: OSError) -> Outcome:
    said = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
    return Outcome(
        Ending.POSTPONED, f"The run folder or the file store does not work: {said}. Tried again every minute."
    )


class _Ordered(Exception):
    """A beat was answered with an order to stop."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def _ticker(hold: Hold) -> Callable[[], None]:
    """Beats while a folder is filled, which a slow store can make longer than a lease. Raises _Ordered."""
    due = time.monotonic() + _BEAT_S

    def tick() -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        outcome = ORDERED.get(_beat(hold, [], hold.job.log))
        if outcome is not None:
            raise _Ordered(outcome)
        due = time.monotonic() + _BEAT_S

    return tick


def _beat(hold: Hold, lines: list[dict[str, Any]], log: str) -> Order:
    try:
        close_old_connections()
        heard = running.beat(hold=hold, lines=lines, log=log)
    except DatabaseError as error:
        logger.warning("job %s: heartbeat not written: %s", hold.job.pk, error)
        return Order.UNHEARD
    if heard == "ok" and _stopping.is_set():
        return Order.RELEASE
    return {"ok": Order.CARRY_ON, "cancel": Order.CANCEL, "fenced": Order.FENCED}[heard]


def _beat_and_keep(
    hold: Hold,
    beside: tuple[checkpoints.Keeper, samples.Collector],
    lines: list[dict[str, Any]],
    log: str,
) -> Order:
    if any(line.get("kind") == "epoch" for line in lines):
        for each in beside:
            each.epoch_ended()
    return _beat(hold, lines, log)


def _conclude(kind: _Kind, hold: Hold, outcome: Outcome) -> None:
    """Write how it ended. Every write carries the token, so that a fenced worker changes nothing."""
    match outcome.ending:
        case Ending.SUCCEEDED:
            _finish(kind, hold)
        case Ending.FAILED:
            running.end(hold=hold, state=JobState.FAILED, error=outcome.reason)
        case Ending.CRASHED:
            if running.crashed(hold=hold, reason=outcome.reason) is JobState.PENDING:
                ring(hold.job)
        case Ending.POSTPONED:
            # Nobody rings: the sweep does, in a minute.
            running.release(hold=hold, reason=outcome.reason)
        case Ending.CANCELLED:
            running.end(hold=hold, state=JobState.CANCELLED)
        case Ending.RELEASED:
            if running.release(hold=hold) is JobState.PENDING:
                ring(hold.job)
        case Ending.FENCED:
            pass


def _finish(kind: _Kind, hold: Hold) -> None:
    running.beat(hold=hold, lines=[], log=hold.job.log, lease_s=running.FINISH_LEASE_S)
    try:
        done = kind.finish(hold=hold, run=materials.run_of(hold.job))
    except (StorageFull, Unavailable) as error:
        running.release(hold=hold, reason=f"{error} Tried again every minute.")
    except (RunError, ActionError) as error:
        running.end(hold=hold, state=JobState.FAILED, error=str(error))
    except OSError as error:
        _conclude(kind, hold, _postponed(error))
    else:
        if done is None:
            logger.warning("job %s: fenced; its result is not used", hold.job.pk)
            return
        try:
            checkpoints.forget(hold.job.pk)
        except OSError as error:
            logger.warning("job %s: its copied checkpoints stay for now: %s", hold.job.pk, error)


def _most_memory() -> int:
    """Four fifths of the machine's memory."""
    return int(0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
