"""Hints to the browsers that look at a project's jobs. A lost hint costs nothing: the rows are the truth."""

import logging
import uuid

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from inference.models import InferenceJob, SurveyJob, TrainingJob

logger = logging.getLogger(__name__)
AnyJob = TrainingJob | InferenceJob | SurveyJob
_KINDS: dict[type[AnyJob], str] = {
    TrainingJob: "training",
    InferenceJob: "inference",
    SurveyJob: "survey",
}


def group_of(project_id: uuid.UUID) -> str:
    """The channel group that hears of a project's jobs."""
    return f"jobs.{project_id.hex}"


def announce(job: AnyJob) -> None:
    """Tell, after the commit, how the job stands then."""
    model, pk = type(job), job.pk
    transaction.on_commit(lambda: _send(model, pk), robust=True)


def _send(model: type[AnyJob], pk: uuid.UUID) -> None:
    job = model.objects.filter(pk=pk).values("project_id", "state", "progress").first()
    layer = get_channel_layer()
    if job is None or layer is None:
        return
    hint = {
        "type": "job",
        "kind": _KINDS[model],
        "id": str(pk),
        "state": job["state"],
        "progress": job["progress"],
    }
    try:
        async_to_sync(layer.group_send)(group_of(job["project_id"]), {"type": "hint", "hint": hint})
    except (RedisError, OSError) as error:
        logger.warning("no hint for job %s: %s", pk, error)
