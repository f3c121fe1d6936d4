"""Stored files, acquisitions and images.

A StoredFile is bytes named by their SHA-256. An Acquisition is one shot (an RGB-D burst or one radiograph).
An Image is one pixel array of it, with what is needed to put a millimetre or a side to a pixel.
"""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from annotation.models.cohort import Project, Study, roles_of

if TYPE_CHECKING:
    from annotation.models.people import User


class StoredFile(models.Model):
    """Bytes in the content-addressed store. Rows are made by `annotation.actions.files.store` only."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    @property
    def storage_name(self) -> str:
        """Where the bytes lie in the store: fanned out, so that no folder grows without end."""
        return f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}"


class AcquisitionKind(models.TextChoices):
    RGBD = "rgbd"
    RADIOGRAPH = "radiograph"


class Direction(models.TextChoices):
    PA = "PA"
    AP = "AP"


class Acquisition(models.Model):
    """One shot. How the beam went, how the picture is shown and what its marker says are stored apart."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="acquisitions")
    kind = models.CharField(max_length=10, choices=AcquisitionKind.choices)
    captured_on = models.DateField(null=True, blank=True)
    direction = models.CharField(max_length=2, blank=True, choices=Direction.choices)
    # True: mirror the stored pixels left to right, so that the patient's right is on the viewer's right.
    display_flip = models.BooleanField(default=False)
    side_marker = models.CharField(max_length=1, blank=True, choices=[("L", "L"), ("R", "R")])
    # A PNG or JPEG has no tags: until a person confirms the side, no side is named.
    side_confirmed = models.BooleanField(default=False)
    device = models.CharField(max_length=160, blank=True)
    source = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source_name = models.CharField(max_length=255, blank=True)
    # Of a burst: how much each pixel of the depth flickered (imaging.sway.noise_picture).
    noise = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What the file said of itself after de-identification: fields removed, warnings, exposure.
    details = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class ImageKind(models.TextChoices):
    COLOUR = "colour"
    DEPTH = "depth"
    RADIOGRAPH = "radiograph"
    SYNTHETIC_RADIOGRAPH = "synthetic_radiograph"


class Frame(models.TextChoices):
    """Whose pixel grid an image is in. A depth map registered into colour has the frame `colour`."""

    COLOUR = "colour"
    DEPTH = "depth"
    RADIOGRAPH = "radiograph"


class Calibration(models.TextChoices):
    """What a radiograph's pixel spacing rests on."""

    CALIBRATED = "calibrated"
    IMAGER = "imager"
    KNOWN_LENGTH = "known_length"
    NONE = "none"


class ImageQuerySet(models.QuerySet["Image"]):
    def live(self) -> Self:
        """Images of studies that are live: see StudyQuerySet.live."""
        return self.filter(hidden=False, project__deleted_at=None)

    def visible_to(self, user: "User") -> Self:
        """Live images of the user's projects."""
        return self.live() if user.is_superuser else self.filter(hidden=False, project__in=roles_of(user))


class Image(models.Model):
    """One pixel array. Landmarks on it are in its own stored pixels, whatever the display does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Both follow from the acquisition and never change; kept here so that lists and queues need no join.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="images")
    acquisition = models.ForeignKey(Acquisition, on_delete=models.CASCADE, related_name="images")
    kind = models.CharField(max_length=20, choices=ImageKind.choices)
    frame = models.CharField(max_length=10, choices=Frame.choices)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bit_depth = models.PositiveSmallIntegerField()
    spacing_row_mm = models.FloatField(null=True, blank=True)
    spacing_col_mm = models.FloatField(null=True, blank=True)
    calibration = models.CharField(max_length=12, choices=Calibration.choices, default=Calibration.NONE)
    camera: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(
        null=True, blank=True
    )
    registered_to = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="registered_images"
    )
    pixels = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    view = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    thumbnail = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    depth_npy = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Both kept by `annotation.actions.summaries`. `hidden` is the study's. `waiting`: a colour picture of a
    # back, or a real film, on which no person's set in the project's schema is complete yet, or the complete
    # one was returned by a doctor; and which nobody has put aside.
    hidden = models.BooleanField(default=False)
    waiting = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(calibration=Calibration.NONE, spacing_row_mm=None, spacing_col_mm=None)
                | (~Q(calibration=Calibration.NONE) & Q(spacing_row_mm__gt=0, spacing_col_mm__gt=0)),
                name="spacing_with_its_kind",
            ),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="image_not_empty"),
        ]
        indexes = [
            models.Index(
                fields=["project", "created_at", "id"], condition=Q(waiting=True), name="image_queue"
            ),
            models.Index(fields=["study", "kind"], name="image_of_study"),
        ]

    @property
    def spacing_mm(self) -> list[float] | None:
        """[row, column] spacing in mm, or None where nothing calibrates the film."""
        if self.spacing_row_mm is None or self.spacing_col_mm is None:
            return None
        return [self.spacing_row_mm, self.spacing_col_mm]
