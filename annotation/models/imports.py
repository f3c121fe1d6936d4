"""An import under way: what a person is bringing in, before any of it is stored.

The bytes lie in INCOMING_DIR/<import>/<item> until the person confirms or discards; these rows say how far
each file has come and what was found in it. Rows of what was confirmed stay: they recognise a file that
comes a second time.
"""

import datetime
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotation.models.cohort import Project, Study

if TYPE_CHECKING:
    from annotation.models.people import User

# An import nobody touched for this long is swept away, with its bytes.
ABANDONED_AFTER = datetime.timedelta(days=1)


class ImportState(models.TextChoices):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: "User") -> Self:
        """One's own imports, in projects one still belongs to: what waits there is nobody else's to see."""
        return self.filter(project__in=Project.objects.visible_to(user), created_by=user)

    def abandoned(self) -> Self:
        """Open imports that nothing has happened to for a day."""
        return self.filter(state=ImportState.OPEN, touched_at__lt=timezone.now() - ABANDONED_AFTER)


class Import(models.Model):
    """Files one person is bringing into one project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    created_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    # The last time a byte or an answer came.
    touched_at = models.DateTimeField(default=timezone.now)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known")
        ]
        indexes = [models.Index(fields=["state", "touched_at"], name="import_to_sweep")]

    @property
    def folder(self) -> Path:
        """Where its bytes lie until they are confirmed."""
        return Path(settings.INCOMING_DIR) / str(self.id)


class ItemState(models.TextChoices):
    UPLOADING = "uploading"  # bytes are still missing
    CHECKING = "checking"  # all bytes are here; not looked at yet
    READY = "ready"  # can be confirmed as it is, or goes along with its group
    NEEDS_ANSWER = "needs_answer"  # a person has to say whose it is, when, or which side
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    IMPORTED = "imported"


class ItemRole(models.TextChoices):
    """What a file is to its group. A group is one acquisition; its leading file carries the answers."""

    LEAD = "lead"
    PART = "part"


class ImportItem(models.Model):
    """One file of an import."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="items")
    # As the person's folder names it, with forward slashes. Shown and grouped by; never used as a path here.
    name = models.CharField(max_length=400)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=ItemState.choices, default=ItemState.UPLOADING)
    role = models.CharField(max_length=4, choices=ItemRole.choices, default=ItemRole.LEAD)
    # Items with the same key make one acquisition.
    group = models.CharField(max_length=440, blank=True)
    # dicom, radiograph, kinect, colour, depth, camera, labels, table; empty until looked at.
    kind = models.CharField(max_length=12, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    found: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    # Where it went, or where the same bytes went before.
    study = models.ForeignKey(Study, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "name"], name="item_name_once_per_import"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="item_state_known"),
            models.CheckConstraint(
                condition=Q(received__gte=0, size__gt=0) & Q(received__lte=models.F("size")),
                name="item_not_overfull",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256", "state"], name="item_by_content"),
            models.Index(fields=["batch", "state"], name="item_of_import"),
        ]

    @property
    def project(self) -> Project:
        return self.batch.project

    @property
    def path(self) -> Path:
        """Its bytes while they wait: named by ids only, so that no name from outside becomes a path."""
        return self.batch.folder / str(self.id)

    @property
    def inspection_folder(self) -> Path:
        """What the inspection made of it: pictures to look at now, and to store once confirmed."""
        return self.batch.folder / f"{self.id}.inspected"
