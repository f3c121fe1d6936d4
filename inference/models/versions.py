"""Model versions with their whole origin, and what they predicted."""

import hashlib
import json
import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotation.models import Image, LandmarkSet, Project, StoredFile, User
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
    """Trained weights and where they come from. Nothing is "latest": the number names it for good.

    Trained here, by a job on a snapshot; or `shipped` with the program under that name, with a `card` that
    says on what it was trained (see `inference.shipped`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_versions")
    name = models.CharField(max_length=100)
    number = models.PositiveIntegerField()
    schema = models.CharField(max_length=40)
    target = models.CharField(max_length=10)
    architecture = models.CharField(max_length=40)
    recipe: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    snapshot = models.ForeignKey(
        DatasetSnapshot, on_delete=models.PROTECT, null=True, blank=True, related_name="model_versions"
    )
    job = models.OneToOneField(
        TrainingJob, on_delete=models.PROTECT, null=True, blank=True, related_name="model_version"
    )
    shipped = models.CharField(max_length=60, blank=True)
    card: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
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
                fields=["project", "schema", "target"],
                condition=Q(state=VersionState.PROMOTED),
                name="one_promoted_per_purpose",
            ),
            models.UniqueConstraint(
                fields=["project", "weights"], condition=~Q(shipped=""), name="shipped_once_per_project"
            ),
            models.CheckConstraint(
                condition=Q(shipped="", job__isnull=False, snapshot__isnull=False)
                | (~Q(shipped="") & Q(job=None, snapshot=None)),
                name="version_has_an_origin",
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
    # The network's own doubt about each point's place, by name: a covariance [xx, xy, yy] in stored px^2.
    # Calibrated as far as its training was (see prediction). A point of which it gave none is not in it.
    covariance_px2: "models.JSONField[dict[str, list[float]], dict[str, list[float]]]" = models.JSONField(
        default=dict
    )
    # What a person should look at: {"levels", "text"}; without levels it is about the whole set.
    doubts: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    # Of the challenge's largest angle half of the 90 % interval; None where the network knows of none.
    major_doubt_deg = models.FloatField(null=True, blank=True)
    # Of each clinical curve the same: {"upper_level", "lower_level", "doubt_deg"}.
    curve_doubts: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    created_at = models.DateTimeField(auto_now_add=True)


class SyntheticFilm(models.Model):
    """Which version, and which job, made a synthetic radiograph, from which back and which of its points."""

    image = models.OneToOneField(Image, on_delete=models.CASCADE, related_name="synthesis")
    back = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="synthetic_films")
    # The points of the back that the network was given: {"set", "revision"}.
    began_from: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="synthetic_films")
    job = models.ForeignKey(InferenceJob, on_delete=models.PROTECT, related_name="synthetic_films")
    created_at = models.DateTimeField(auto_now_add=True)


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def visible_to(self, user: User) -> Self:
        """What the user may read now: as much as of a prediction in its place.

        In a project that labels first it stays hidden until one's own set is complete, as proposals do: it
        may say where the network sought in vain.
        """
        own = LandmarkSet.objects.filter(image=OuterRef("image"), author=user.pk, complete=True)
        hidden = Q(image__project__label_first=True) & ~Exists(
            own.filter(schema=OuterRef("model_version__schema"))
        )
        return self.filter(image__in=Image.objects.visible_to(user)).exclude(hidden)


class Refusal(models.Model):
    """An image that a version did not answer for, and why: it is unlike what the version was trained on."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="refusals")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="refusals")
    job = models.ForeignKey(InferenceJob, on_delete=models.PROTECT, related_name="refusals")
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "model_version"], name="refused_once_by_a_version"),
        ]


def digest_of_origin(version: ModelVersion) -> str:
    """SHA-256 over all that a version says of where it comes from, in canonical JSON."""
    data: dict[str, Any] = (
        {"card": version.card} if version.snapshot is None else {"snapshot": version.snapshot.digest}
    )
    if version.job is not None and version.job.held_to is not None:
        data["held_to"] = version.job.held_to.digest
    if version.job is not None and version.job.start_from is not None:
        data["start_from"] = version.job.start_from.digest
    origin = {
        "recipe": version.recipe,
        "architecture": version.architecture,
        **data,
        "commit": version.commit,
        "seed": version.seed,
        "metrics": version.metrics,
        "weights": version.weights_id,
    }
    canonical = json.dumps(origin, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
