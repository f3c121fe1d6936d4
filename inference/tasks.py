"""The queue's side of jobs. A message carries a primary key and rings a bell; the row decides what happens.

A task that runs twice does nothing the second time: its claim fails. A message that is lost is sent again by
`sweep`, which the embedded beat of every worker sends each 15 s (see spineweb.celery); two do no harm.
"""

import logging
import multiprocessing
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.db import DatabaseError, close_old_connections, transaction

from annotation.actions.errors import ActionError
from inference.actions import materials, running
from inference.actions.running import Hold
from inference.models import InferenceJob, JobState, TrainingJob
from inference.rundir import RunDir, RunError
from inference.runner import Ending, Limits, Order, Outcome, supervise

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
def sweep() -> None:
    """Come back for jobs whose worker died or whose message was lost."""
    for kind in (_TRAINING, _INFERENCE):
        for pk in running.sweep(model=kind.model):
            kind.task.delay(str(pk))


@dataclass(frozen=True)
class _Kind:
    """What differs between the kinds of job."""

    model: type[TrainingJob] | type[InferenceJob]
    task: Any
    module: str
    prepare: Callable[[Any, RunDir], None]
    finish: Callable[..., object]


_TRAINING = _Kind(
    TrainingJob, train, "inference.training", materials.prepare_training, running.finish_training
)
_INFERENCE = _Kind(
    InferenceJob, predict, "inference.prediction", materials.prepare_inference, running.finish_inference
)


def ring(job: TrainingJob | InferenceJob) -> None:
    """Send the job's message after the commit. A broker that is down costs a minute: the sweep sends it."""
    kind = _TRAINING if isinstance(job, TrainingJob) else _INFERENCE
    # No partial: Django names the function when it logs what a robust one raised.
    transaction.on_commit(lambda: kind.task.delay(str(job.pk)), robust=True)


def _run(kind: _Kind, pk: uuid.UUID) -> None:
    hold = running.claim(model=kind.model, pk=pk)
    if hold is None:
        logger.info("job %s: nothing to do", pk)
        return
    run = materials.run_of(hold.job)
    try:
        kind.prepare(hold.job, run)
        limits = Limits(
            wall_s=_LONGEST_S, memory_bytes=_most_memory(), beat_s=_BEAT_S, lease_s=running.LEASE_S
        )
        outcome = supervise(kind.module, run, beat=partial(_beat, hold), limits=limits)
    except (RunError, ActionError) as error:
        outcome = Outcome(Ending.FAILED, str(error))
    except OSError as error:
        outcome = Outcome(Ending.CRASHED, f"The run folder could not be written: {error.strerror or error}.")
    logger.info("job %s: %s %s", pk, outcome.ending.value, outcome.reason)
    _conclude(kind, hold, run, outcome)


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


def _conclude(kind: _Kind, hold: Hold, run: RunDir, outcome: Outcome) -> None:
    """Write how it ended. Every write carries the token, so that a fenced worker changes nothing."""
    match outcome.ending:
        case Ending.SUCCEEDED:
            _finish(kind, hold, run)
        case Ending.FAILED:
            running.end(hold=hold, state=JobState.FAILED, error=outcome.reason)
        case Ending.CRASHED:
            if running.crashed(hold=hold, reason=outcome.reason) is JobState.PENDING:
                ring(hold.job)
        case Ending.CANCELLED:
            running.end(hold=hold, state=JobState.CANCELLED)
        case Ending.RELEASED:
            running.release(hold=hold)
            ring(hold.job)
        case Ending.FENCED:
            pass


def _finish(kind: _Kind, hold: Hold, run: RunDir) -> None:
    try:
        done = kind.finish(hold=hold, run=run)
    except (RunError, ActionError) as error:
        running.end(hold=hold, state=JobState.FAILED, error=str(error))
        return
    if done is None:
        logger.warning("job %s: fenced; its result is not used", hold.job.pk)


def _most_memory() -> int:
    """Four fifths of the machine's memory."""
    return int(0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
