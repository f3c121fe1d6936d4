"""What a network made of a few cases while it was trained: pictures, by epoch."""

from typing import Any

from django.db import models

from annotation.models import StoredFile
from inference.models.jobs import TrainingJob


class TrainingSample(models.Model):
    """One picture that a training drew after an epoch.

    The worker brings it into the file store, since the machine that shows it may not see the run folder; how
    many are kept is said in `actions.samples`.
    """

    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="samples")
    epoch = models.PositiveIntegerField()
    picture = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    # What the training says of it: {"text": ...}, or nothing.
    caption: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "epoch"], name="sample_once_per_epoch")]
