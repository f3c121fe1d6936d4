"""What people say to each other about an image: why it is put aside, what to look at, what to know."""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotation.models.images import Image
from annotation.models.landmarks import LandmarkSet

if TYPE_CHECKING:
    from annotation.models.people import User


class RemarkKind(models.TextChoices):
    # The image cannot be labelled: it leaves the queue until somebody settles this.
    SKIP = "skip"
    # A doctor should look at it.
    FLAG = "flag"
    COMMENT = "comment"


class RemarkQuerySet(models.QuerySet["Remark"]):
    def visible_to(self, user: "User") -> Self:
        """What the user may read now.

        In a project that labels first, others' comments stay hidden until one's own set is complete, as their
        points do: a comment says where somebody sees a point. What puts an image aside or asks a doctor to
        look steers the work, and is seen by all.
        """
        complete = LandmarkSet.objects.filter(image=OuterRef("image"), author=user.pk, complete=True)
        hidden = (
            Q(kind=RemarkKind.COMMENT, image__project__label_first=True)
            & ~Q(author=user.pk)
            & ~(Q(schema="") & Exists(complete))
            & ~Exists(complete.filter(schema=OuterRef("schema")))
        )
        return self.filter(image__in=Image.objects.visible_to(user)).exclude(hidden)

    def standing(self) -> Self:
        return self.filter(settled_at=None)


class Remark(models.Model):
    """One remark, perhaps pinned to a landmark. Never edited: it is settled, and stays to be read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="remarks")
    kind = models.CharField(max_length=8, choices=RemarkKind.choices)
    text = models.CharField(max_length=500)
    # The landmark it is pinned to, by name; both empty where it is about the whole image.
    schema = models.CharField(max_length=40, blank=True)
    point = models.CharField(max_length=40, blank=True)
    author = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, null=True, related_name="+")

    objects = RemarkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RemarkKind.values), name="remark_kind_known"),
            models.CheckConstraint(
                condition=Q(schema="", point="") | ~Q(schema="") & ~Q(point=""), name="remark_pin_whole"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="remark_settled_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(kind=RemarkKind.SKIP, settled_at=None),
                name="image_put_aside_once",
            ),
        ]
        indexes = [models.Index(fields=["image", "created_at"], name="remark_of_image")]
