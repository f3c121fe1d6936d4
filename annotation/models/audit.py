"""Who did what, and who was shown which image."""

from django.db import models

from annotation.models.cohort import Project
from annotation.models.images import Image
from annotation.models.people import User


class AuditEntry(models.Model):
    """One act that changed something. Written in the same transaction as the change itself."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    action = models.CharField(max_length=40)
    target_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64)
    summary = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="audit_of_project"),
            models.Index(fields=["target_kind", "target_id", "-id"], name="audit_of_target"),
        ]


class ImageAccess(models.Model):
    """One picture served to one person: the ledger of who saw what."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    variant = models.CharField(max_length=10)
