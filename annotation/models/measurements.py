"""Cobb angles as read: by whom, how, between which levels, on what calibration, with what error."""

import uuid

from django.db import models
from django.db.models import Q

from annotation.models.cohort import Study
from annotation.models.images import Calibration, Image
from annotation.models.landmarks import LandmarkRevision
from annotation.models.people import User


class Method(models.TextChoices):
    VERTEBRAE = "vertebrae"
    LINES = "lines"


class Measurement(models.Model):
    """One Cobb angle. Never edited: a reader retracts it and measures again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="measurements")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="measurements")
    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=10, choices=Method.choices)
    # Signed by the direction of the curve (see spine.cobb); the angle shown is its magnitude.
    signed_angle_deg = models.FloatField()
    upper_level = models.CharField(max_length=4)
    lower_level = models.CharField(max_length=4)
    apex_level = models.CharField(max_length=8, blank=True)
    side = models.CharField(max_length=5, blank=True, choices=[("left", "left"), ("right", "right")])
    region = models.CharField(max_length=4, blank=True)
    # [[x, y], [x, y]] in stored pixels of the image.
    upper_line: "models.JSONField[list[list[float]], list[list[float]]]" = models.JSONField()
    lower_line: "models.JSONField[list[list[float]], list[list[float]]]" = models.JSONField()
    landmark_revision = models.ForeignKey(
        LandmarkRevision, on_delete=models.PROTECT, null=True, related_name="+"
    )
    calibration = models.CharField(max_length=12, choices=Calibration.choices)
    tool = models.CharField(max_length=40)
    reading_error_deg = models.FloatField()
    reading_error_source = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    retracted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(method__in=Method.values), name="measurement_method_known"),
            models.CheckConstraint(
                condition=Q(method=Method.LINES) | Q(landmark_revision__isnull=False),
                name="measurement_names_its_landmarks",
            ),
        ]
        indexes = [models.Index(fields=["study", "created_at"], name="measurement_of_study")]
