"""Blinded reader studies: real and synthetic films in random order, and what each reader said of them."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from annotation.models.cohort import Project, roles_of
from annotation.models.images import Image, StoredFile

if TYPE_CHECKING:
    from annotation.models.people import User


class ReaderStudyQuerySet(models.QuerySet["ReaderStudy"]):
    def visible_to(self, user: "User") -> Self:
        """Reader studies of the user's live projects."""
        live = self.filter(project__deleted_at=None)
        return live if user.is_superuser else live.filter(project__in=roles_of(user))


class ReaderStudy(models.Model):
    """A frozen draw of films, each rendered to `frame_width` x `frame_height` px."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reader_studies")
    name = models.CharField(max_length=80)
    # Which films were drawn, and the order each reader gets them in, follow from it.
    seed = models.BigIntegerField()
    frame_width = models.PositiveSmallIntegerField()
    frame_height = models.PositiveSmallIntegerField()
    created_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ReaderStudyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="reader_study_named_once"),
            models.CheckConstraint(condition=Q(seed__gte=0), name="reader_study_seed_not_negative"),
        ]


class ReaderStudyItemQuerySet(models.QuerySet["ReaderStudyItem"]):
    def live(self) -> Self:
        """Films of children who consent still: a withdrawn child's vanish, with what was read on them."""
        return self.filter(image__hidden=False, image__project__deleted_at=None)


class ReaderStudyItem(models.Model):
    """One film of a study. Its id is all that a reader learns of it, and is made for this study alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader_study = models.ForeignKey(ReaderStudy, on_delete=models.CASCADE, related_name="items")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    film = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    objects = ReaderStudyItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reader_study", "image"], name="image_once_per_reader_study")
        ]


class BlindVerdict(models.TextChoices):
    REAL = "real"
    SYNTHETIC = "synthetic"


_NO_ANGLE = Q(signed_angle_deg=None, upper_line=None, lower_line=None, upper_level="", lower_level="")
_WHOLE_ANGLE = (
    Q(signed_angle_deg__isnull=False, upper_line__isnull=False, lower_line__isnull=False)
    & ~Q(upper_level="")
    & ~Q(lower_level="")
)


class BlindReading(models.Model):
    """What one reader said of one film. Never changed and never taken back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(ReaderStudyItem, on_delete=models.CASCADE, related_name="readings")
    reader = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=9, choices=BlindVerdict.choices)
    # 1 = a guess, 5 = certain.
    confidence = models.PositiveSmallIntegerField()
    # Signed as in spine.cobb; all empty where the reader found no angle to be read. Lines are
    # [[x, y], [x, y]] in pixels of the film as it was shown.
    signed_angle_deg = models.FloatField(null=True, blank=True)
    upper_line: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    lower_line: "models.JSONField[Any, Any]" = models.JSONField(null=True, blank=True)
    upper_level = models.CharField(max_length=4, blank=True)
    lower_level = models.CharField(max_length=4, blank=True)
    # As the reader's browser counted it, while the film was in sight.
    seconds = models.FloatField()
    tool = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "reader"], name="film_read_once_by_each"),
            models.CheckConstraint(condition=Q(verdict__in=BlindVerdict.values), name="blind_verdict_known"),
            models.CheckConstraint(
                condition=Q(confidence__gte=1, confidence__lte=5), name="confidence_from_1_to_5"
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="blind_seconds_not_negative"),
            models.CheckConstraint(condition=_NO_ANGLE | _WHOLE_ANGLE, name="blind_angle_whole"),
        ]
