"""The survey of a snapshot: a job whose result are the numbers its page shows."""

from typing import Any

from django.db import models

from inference.models.jobs import Job
from inference.models.snapshots import DatasetSnapshot


class SurveyJob(Job):
    """Measure the pictures and points of a snapshot, once. `result` is what `inference.survey` left.

    One per snapshot: what is frozen does not change, so a failed one goes on and none is done again.
    """

    snapshot = models.OneToOneField(DatasetSnapshot, on_delete=models.CASCADE, related_name="survey")
    result: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
