"""Model versions with their whole origin, and what they predicted."""

import hashlib
import json
import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q

from annotation.models import LandmarkSet, Project, StoredFile, User
from inference.models.jobs import InferenceJob, TrainingJob
from inference.models.snapshots import DatasetSnapshot


class VersionState(models.TextChoices):
    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    RETIRED = "retired"


# (from, to): a retired version can be promoted again, which is how a project rolls back.
VERSION_TRANSITIONS = frozenset(
    {
        (VersionState.CANDIDATE, VersionState.PROMOTED),
        (VersionState.CANDIDATE, VersionState.RETIRED),
        (VersionState.PROMOTED, VersionState.RETIRED),
        (VersionState.RETIRED, VersionState.PROMOTED),
    }
)


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def visible_to(self, user: User) -> Self:
        live = self.filter(project__deleted_at=None)
        return live if user.is_superuser else live.filter(project__memberships__user=user)


class ModelVersion(models.Model):
    """Trained weights and where they come from. Nothing is "latest": the number names it for good."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_versions")
    name = models.CharField(max_length=100)
    number = models.PositiveIntegerField()
    schema = models.CharField(max_length=40)
    target = models.CharField(max_length=10)
    architecture = models.CharField(max_length=40)
    recipe: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="model_versions")
    job = models.OneToOneField(TrainingJob, on_delete=models.PROTECT, related_name="model_version")
    commit = models.CharField(max_length=64)
    seed = models.PositiveIntegerField()
    metrics: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    weights = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    # SHA-256 over the whole origin: recipe, snapshot digest, commit, seed, metrics, weights.
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.CANDIDATE)
    created_at = models.DateTimeField(auto_now_add=True)
    state_changed_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once_per_project"),
            models.UniqueConstraint(
                fields=["project", "schema"],
                condition=Q(state=VersionState.PROMOTED),
                name="one_promoted_per_schema",
            ),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="version_state_known"),
            models.CheckConstraint(
                condition=~Q(state=VersionState.PROMOTED) | ~(Q(commit="") | Q(digest="")),
                name="promoted_with_its_origin",
            ),
        ]
        indexes = [models.Index(fields=["project", "-created_at"], name="version_of_project")]

    @property
    def label(self) -> str:
        """How the version is named on screen and as the author of landmark sets."""
        return f"{self.name} #{self.number}"


class Prediction(models.Model):
    """Which version, and which job, placed a landmark set."""

    landmark_set = models.OneToOneField(LandmarkSet, on_delete=models.CASCADE, related_name="prediction")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    job = models.ForeignKey(InferenceJob, on_delete=models.PROTECT, related_name="predictions")
    # The network's own confidence per point, by name: the height of the heatmap's peak.
    confidence: "models.JSONField[dict[str, float], dict[str, float]]" = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)


def digest_of_origin(version: ModelVersion) -> str:
    """SHA-256 over all that a version says of where it comes from, in canonical JSON."""
    origin = {
        "recipe": version.recipe,
        "architecture": version.architecture,
        "snapshot": version.snapshot.digest,
        "commit": version.commit,
        "seed": version.seed,
        "metrics": version.metrics,
        "weights": version.weights_id,
    }
    canonical = json.dumps(origin, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
