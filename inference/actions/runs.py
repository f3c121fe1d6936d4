"""How long run folders are kept. What a model needs of one is in the file store by then."""

import datetime
import logging
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from annotation.actions.files import damage
from inference.actions.snapshots import gone_images, usable_images
from inference.models import InferenceJob, ModelVersion, TrainingJob
from inference.models.jobs import FINISHED

logger = logging.getLogger(__name__)


def prune() -> int:
    """Remove the folders of finished jobs whose time is over, or whose subjects withdrew; how many.

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
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            logger.error("run folder %s cannot be removed; look at its permissions", folder)
        else:
            removed += 1
    return removed


def _finished() -> Iterator[tuple[TrainingJob | InferenceJob, Path]]:
    """The finished jobs of which there is a run folder, and the folders."""
    folders = {}
    for folder in Path(settings.RUNS_DIR).glob("*-*"):
        try:
            folders[uuid.UUID(folder.name)] = folder
        except ValueError:
            continue
    for model in (TrainingJob, InferenceJob):
        for job in model.objects.filter(pk__in=folders, state__in=FINISHED):
            yield job, folders[job.pk]


def _is_old(job: TrainingJob | InferenceJob) -> bool:
    kept = datetime.timedelta(days=settings.RUNS_KEPT_DAYS)
    return job.finished_at is not None and job.finished_at < timezone.now() - kept


def _shows_withdrawn(job: TrainingJob | InferenceJob) -> bool:
    """Whether its pictures are of somebody who has withdrawn, or were deleted."""
    if isinstance(job, TrainingJob):
        return gone_images(job.snapshot) > 0
    return usable_images(job.project).filter(pk__in=job.images).count() < len(job.images)


def _has_safe_weights(job: TrainingJob | InferenceJob) -> bool:
    if isinstance(job, InferenceJob):
        return True
    version = ModelVersion.objects.filter(job=job).select_related("weights").first()
    return version is None or damage(version.weights) is None
