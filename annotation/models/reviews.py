"""What doctors say of landmark sets: accepted, signed, or returned to their author with a note."""

import uuid

from django.db import models
from django.db.models import Q

from annotation.models.landmarks import LandmarkRevision, LandmarkSet


class Verdict(models.TextChoices):
    ACCEPTED = "accepted"
    SIGNED = "signed"
    RETURNED = "returned"


class Review(models.Model):
    """One verdict on one revision. It stands until a newer revision is saved or a newer verdict given."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    landmark_set = models.ForeignKey(LandmarkSet, on_delete=models.CASCADE, related_name="reviews")
    revision = models.ForeignKey(LandmarkRevision, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    note = models.CharField(max_length=500, blank=True)
    reviewer = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verdict_known"),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.RETURNED) | ~Q(note=""), name="returned_with_a_note"
            ),
        ]
        indexes = [models.Index(fields=["landmark_set", "created_at"], name="review_of_set")]
