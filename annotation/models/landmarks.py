"""Landmark schemas, sets and their append-only revisions.

A set is one author's points on one image in one schema. Every save appends a revision that names what it
was made from and is chained to the one before by hash; nothing here is ever updated but the set's pointer
to its newest revision.
"""

import hashlib
import json
import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from annotation.models.cohort import Project
from annotation.models.images import Image
from annotation.models.people import User


class LandmarkSchema(models.Model):
    """A named, ordered list of points an admin added. The built-in ones are in `spine.schemas`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="landmark_schemas")
    name = models.CharField(max_length=40)
    definition: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="schema_name_once_per_project")
        ]


class LandmarkSet(models.Model):
    """One author's points on one image. The author is a person, or a model named by `model_label`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="landmark_sets")
    schema = models.CharField(max_length=40)
    author = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # For a model: its name and version as shown; inference.models links the set to the row itself.
    model_label = models.CharField(max_length=120, blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True, blank=True)
    points: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    complete = models.BooleanField(default=False)
    # The verdict that stands on the newest revision, empty where none does: see `reviews`.
    verdict = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "schema", "author"],
                condition=Q(author__isnull=False),
                name="one_set_per_author",
            ),
            models.UniqueConstraint(
                fields=["image", "schema", "model_label"], condition=Q(author=None), name="one_set_per_model"
            ),
            models.CheckConstraint(
                condition=(Q(author__isnull=False) & Q(model_label=""))
                | (Q(author=None) & ~Q(model_label="")),
                name="author_is_person_or_model",
            ),
        ]


class LandmarkRevision(models.Model):
    """One save. `digest` covers the points and the digest before it, so history cannot change unseen."""

    id = models.BigAutoField(primary_key=True)
    landmark_set = models.ForeignKey(LandmarkSet, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    points: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField()
    comment = models.CharField(max_length=500, blank=True)
    # Why the model that placed the points says that no angle may be read off them; empty where one may, and
    # once a person has moved one of them.
    abstains = models.CharField(max_length=300, blank=True)
    # The revision of another set (a model's, another reader's) this one was begun from.
    began_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    idempotency_key = models.UUIDField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["landmark_set", "number"], name="revision_number_once"),
            models.UniqueConstraint(fields=["landmark_set", "idempotency_key"], name="revision_key_once"),
        ]

    @staticmethod
    def digest_of(points: list[dict[str, Any]], previous_digest: str) -> str:
        """SHA-256 over the previous digest and the points in canonical JSON."""
        canonical = json.dumps(points, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(f"{previous_digest}\n{canonical}".encode()).hexdigest()
