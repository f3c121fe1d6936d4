"""Capture: the agents beside the cameras, the shots they send, and the checks of their devices.

An agent is its token; what is kept of it here is what it last said, so that a page can show it whichever web
process holds its socket. A shot's bytes lie in INCOMING_DIR/capture/<shot> until they are in the file store.
"""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotation.models.cohort import Project, Study, Subject
from annotation.models.images import Acquisition
from annotation.models.people import AgentToken
from capture_agent.protocol.messages import SILENCE_S

if TYPE_CHECKING:
    from annotation.models.people import User

# Bytes of a shot that nobody went on sending for this long are deleted; the agent has them and begins anew.
ABANDONED_AFTER = datetime.timedelta(days=7)


class CaptureAgent(models.Model):
    """What an agent last said of itself. `state`: its last `camera` and `heartbeat`, as they came."""

    token = models.OneToOneField(AgentToken, on_delete=models.CASCADE, primary_key=True, related_name="agent")
    # Of the socket that is open, or was last.
    connection = models.UUIDField(null=True, blank=True)
    connected = models.BooleanField(default=False)
    heard_at = models.DateTimeField(null=True, blank=True)
    hello: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    camera: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    heartbeat: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    # Whom the next shot shows, and who chose so.
    subject = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    aimed_by = models.ForeignKey(
        "annotation.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    @property
    def online(self) -> bool:
        """Whether its socket is open, as far as is known: a web process that is killed says nothing."""
        if not self.connected or self.heard_at is None:
            return False
        return timezone.now() - self.heard_at < datetime.timedelta(seconds=SILENCE_S)


class CaptureOrder(models.Model):
    """Who pressed the shutter in the browser; the shot names the request."""

    request = models.UUIDField(primary_key=True, editable=False)
    token = models.ForeignKey(AgentToken, on_delete=models.CASCADE, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    ordered_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(auto_now_add=True)


class ShotStage(models.TextChoices):
    RECEIVING = "receiving"
    STORED = "stored"


class CaptureShotQuerySet(models.QuerySet["CaptureShot"]):
    def visible_to(self, user: "User") -> Self:
        """Shots of live subjects in the user's projects whose study, if there is one yet, is not deleted."""
        return self.filter(
            Q(acquisition=None) | Q(acquisition__study__hidden=False),
            project__in=Project.objects.visible_to(user),
            subject__in=Subject.objects.live(),
        )


class CaptureShot(models.Model):
    """A shot by the name that its agent gave it: on its way, or in its study.

    It belongs to the project, not to the token: what waits in a spool goes on under a new token.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    token = models.ForeignKey(AgentToken, on_delete=models.PROTECT, related_name="shots")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.SET_NULL, null=True, related_name="+")
    request = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    stage = models.CharField(max_length=10, choices=ShotStage.choices, default=ShotStage.RECEIVING)
    # What the agent said of it (capture_agent.protocol.uploads.ShotOffer).
    offer: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    # Why it could not be stored at the last try.
    problem = models.CharField(max_length=500, blank=True)
    acquisition = models.OneToOneField(Acquisition, on_delete=models.SET_NULL, null=True, related_name="shot")
    # By the server's clock, as far as the agent knew it; moved by nothing.
    taken_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(default=timezone.now)
    stored_at = models.DateTimeField(null=True, blank=True)

    objects = CaptureShotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=ShotStage.values), name="shot_stage_known"),
            models.CheckConstraint(condition=Q(size__gt=0), name="shot_not_empty"),
            models.CheckConstraint(
                condition=Q(stage=ShotStage.RECEIVING, stored_at=None)
                | Q(stage=ShotStage.STORED, stored_at__isnull=False),
                name="shot_stored_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["token", "-taken_at"], name="shot_of_agent"),
            models.Index(fields=["stage", "touched_at"], name="shot_to_sweep"),
        ]

    @property
    def path(self) -> Path:
        """Its bytes while they arrive."""
        return Path(settings.INCOMING_DIR) / "capture" / str(self.pk)

    @property
    def inspection_folder(self) -> Path:
        """What the child makes of it, until it is in the store."""
        return self.path.with_name(f"{self.pk}.inspected")


class DeviceCheck(models.Model):
    """One measurement of a camera against a flat board or a checkerboard."""

    id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    token = models.ForeignKey(AgentToken, on_delete=models.PROTECT, related_name="+")
    serial = models.CharField(max_length=120)
    measured_at = models.DateTimeField()
    # capture_agent.protocol.uploads.DeviceCheck, as it came.
    said: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["project", "serial", "measured_at"], name="check_of_device")]
