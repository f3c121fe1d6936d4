"""Words that a reader writes on a film at one place: a rib that is short, a screw, an endplate in doubt."""

import uuid

from django.db import models
from django.db.models import Q

from annotation.models.cohort import Study
from annotation.models.images import Image
from annotation.models.people import User


class FilmNote(models.Model):
    """One note. Never edited, like a measurement: its reader retracts it and writes another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="film_notes")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="film_notes")
    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=200)
    # Stored pixels of the image.
    x = models.FloatField()
    y = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)
    retracted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="film_note_says_something")]
        indexes = [models.Index(fields=["study", "created_at"], name="film_note_of_study")]
