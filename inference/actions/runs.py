"""How long run folders are kept. What a model needs of one is in the file store by then."""

import datetime
import logging
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotation.actions.files import damage
from inference.actions import checkpoints
from inference.actions.announcements import AnyJob
from inference.actions.snapshots import gone_images, usable_images
from inference.models import InferenceJob, JobState, ModelVersion, SurveyJob, TrainingJob
from inference.models.jobs import FINISHED

logger = logging.getLogger(__name__)


def prune() -> int:
    """Remove the folders of finished jobs whose time is over, or whose subjects withdrew; how many.

    What a survey leaves is on its row, so its folder goes as soon as it has ended.

    A folder of a job that is not finished, or not of this database, is nobody's to remove. That of a model
    whose weights the file store has lost is kept: it holds the only copy.
    """
    removed = 0
    for job, folder in _finished():
        if not (_is_old(job) or _shows_withdrawn(job)):
            continue
        if not _has_safe_weights(job):
            logger.error("run folder %s is kept: the file store has lost or damaged its weights", folder)
            continue
        removed += _remove(job, folder)
    _forget_checkpoints()
    return removed


@transaction.atomic
def _remove(job: AnyJob, folder: Path) -> bool:
    """Whether the folder is gone. One whose job goes on again by now is not."""
    if not _is_still(job):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        logger.error("run folder %s cannot be removed; look at its permissions", folder)
        return False
    return True


def _is_still(job: AnyJob) -> bool:
    """Whether nobody has resumed the job meanwhile; whoever wants to waits until the transaction is over."""
    rows = type(job).objects.select_for_update()
    return rows.filter(pk=job.pk, token=job.token, state=job.state).exists()


def _forget_checkpoints() -> None:
    """Remove the copied checkpoints of trainings that nobody will take up again."""
    try:
        for job in TrainingJob.objects.filter(pk__in=checkpoints.held(), state__in=FINISHED):
            if job.state == JobState.SUCCEEDED or _is_old(job) or _shows_withdrawn(job):
                with transaction.atomic():
                    if _is_still(job):
                        checkpoints.forget(job.pk)
    except OSError as error:
        logger.error("copied checkpoints are not removed, their store fails: %s", error)


def _finished() -> Iterator[tuple[AnyJob, Path]]:
    """The finished jobs of which there is a run folder, and the folders."""
    folders = {}
    for folder in Path(settings.RUNS_DIR).glob("*-*"):
        try:
            folders[uuid.UUID(folder.name)] = folder
        except ValueError:
            continue
    for model in (TrainingJob, InferenceJob, SurveyJob):
        for job in model.objects.filter(pk__in=folders, state__in=FINISHED):
            yield job, folders[job.pk]


def _is_old(job: AnyJob) -> bool:
    if isinstance(job, SurveyJob):
        return True
    kept = datetime.timedelta(days=settings.RUNS_KEPT_DAYS)
    return job.finished_at is not None and job.finished_at < timezone.now() - kept


def _shows_withdrawn(job: AnyJob) -> bool:
    """Whether its pictures are of somebody who has withdrawn, or were deleted."""
    if not isinstance(job, InferenceJob):
        return gone_images(job.snapshot) > 0
    return usable_images(job.project).filter(pk__in=job.images).count() < len(job.images)


def _has_safe_weights(job: AnyJob) -> bool:
    if not isinstance(job, TrainingJob):
        return True
    version = ModelVersion.objects.filter(job=job).select_related("weights").first()
    return version is None or damage(version.weights) is None
