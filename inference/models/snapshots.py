"""A dataset, frozen: which images, which revisions of which landmarks, split by subject, all hashed."""

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from annotation.models import Project, User

if TYPE_CHECKING:
    from django.db.models.manager import Manager

# What is learned from it: the landmarks of a back or of a film, or the film of a visit from its back.
TARGETS = ("back", "radiograph", "pair")


class DatasetSnapshotQuerySet(models.QuerySet["DatasetSnapshot"]):
    def visible_to(self, user: User) -> Self:
        """Snapshots of the user's live projects; the manifest, which can be large, is left for later."""
        live = self.filter(project__deleted_at=None).defer("manifest")
        return live if user.is_superuser else live.filter(project__memberships__user=user)


class DatasetSnapshot(models.Model):
    """Never changed after it was made. `digest` is the SHA-256 of the manifest in canonical JSON.

    The manifest is `{"schema", "target", "choice", "seed", "entries": [{"image", "subject", "split",
    "colour", "depth", "width", "height", "set", "revision", "revision_digest"}]}`: pixels by content hash,
    landmarks by set, revision number and that revision's digest; the choice as in `actions.selection` (the
    first snapshots, which took whatever was complete, do not say so). Of pairs, an entry also has the film of
    the same visit, `"film": {"image", "pixels", "width", "height", "mirrored", "set", "revision",
    "revision_digest"}`, and the manifest `"film_schema"`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshots")
    name = models.CharField(max_length=120)
    schema = models.CharField(max_length=40)
    target = models.CharField(max_length=10, choices=[(name, name) for name in TARGETS])
    seed = models.PositiveIntegerField()
    manifest: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    digest = models.CharField(max_length=64)
    # {"subjects", "images", "with_depth", "with_corners", "train", "validation", "test"}: images per split.
    # The first ones do not count corners.
    counts: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetSnapshotQuerySet.as_manager()

    if TYPE_CHECKING:
        training_jobs: Manager[Any]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="snapshot_name_once_per_project"),
            models.CheckConstraint(condition=Q(target__in=TARGETS), name="snapshot_target_known"),
        ]
        indexes = [models.Index(fields=["project", "-created_at"], name="snapshot_of_project")]

    @staticmethod
    def digest_of(manifest: dict[str, Any]) -> str:
        canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return list(self.manifest["entries"])

    @property
    def images(self) -> list[str]:
        """The ids of all its images, films of pairs included."""
        films = [entry["film"]["image"] for entry in self.entries if "film" in entry]
        return [*(entry["image"] for entry in self.entries), *films]
