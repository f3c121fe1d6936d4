"""Jobs: five states, one table of transitions, a lease, and a fencing token.

The row is the truth. A message only rings a bell, so a lost or doubled one changes nothing: whoever comes
must *claim* the row by a conditional UPDATE, which one process can win. The claim gives a lease, which
heartbeats renew, and a token, which every later write of that process carries; once another has claimed the
row the token has moved on, and the late process's writes do nothing.

Time is the database's own, so that no two machines can disagree about a lease.
"""

import datetime
import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from annotation.models import Project, User
from inference.models.snapshots import DatasetSnapshot

MOST_ATTEMPTS = 3
# No lease and no pause between two bells is as long: what lies further ahead is of a clock that was set back.
_AHEAD_S = 1200.0


class JobState(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Every way a job may go, and nothing else: (from, to) -> when.
TRANSITIONS: dict[tuple[JobState, JobState], str] = {
    (JobState.PENDING, JobState.RUNNING): "a worker claims it",
    (JobState.PENDING, JobState.CANCELLED): "a person cancels it before it began",
    (JobState.RUNNING, JobState.RUNNING): "another worker claims it, its lease having run out",
    (JobState.RUNNING, JobState.PENDING): "its worker stops, or its program crashed and may try again",
    (JobState.RUNNING, JobState.SUCCEEDED): "its program finished",
    (JobState.RUNNING, JobState.FAILED): "its program failed for good, or three times",
    (JobState.RUNNING, JobState.CANCELLED): "a person asked, and its program has ended",
    (JobState.FAILED, JobState.PENDING): "a person asks that it go on",
    (JobState.CANCELLED, JobState.PENDING): "a person asks that it go on after all",
}
FINISHED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


def _after(seconds: float) -> models.Expression:
    """Now, by the database's clock, plus some seconds."""
    return models.ExpressionWrapper(
        Now() + Value(datetime.timedelta(seconds=seconds), output_field=models.DurationField()),
        output_field=models.DateTimeField(),
    )


def _lease_is_over() -> Q:
    return Q(lease_expires_at__lt=Now()) | Q(lease_expires_at__gt=_after(_AHEAD_S))


class JobQuerySet(models.QuerySet[Any]):
    """Every write to a job's state goes through here: each is one conditional UPDATE."""

    def visible_to(self, user: User) -> Self:
        live = self.filter(project__deleted_at=None)
        return live if user.is_superuser else live.filter(project__memberships__user=user)

    def expired(self) -> Self:
        """Running, but nobody has been heard of for longer than the lease."""
        return self.filter(_lease_is_over(), state=JobState.RUNNING)

    def unrung(self, *, for_s: float) -> Self:
        """Jobs whose bell was last rung longer than `for_s` seconds ago."""
        return self.filter(Q(rung_at__lt=_after(-for_s)) | Q(rung_at__gt=_after(_AHEAD_S)))

    def claim(self, pk: uuid.UUID, *, lease_s: float) -> int | None:
        """Take the job: its new token, or None when it is finished, cancelled, spent, or another's."""
        free = Q(state=JobState.PENDING) | Q(_lease_is_over(), state=JobState.RUNNING)
        token = self.filter(pk=pk).values_list("token", flat=True).first()
        if token is None:
            return None
        won = self.filter(free, pk=pk, token=token, attempt__lt=MOST_ATTEMPTS, cancel_requested=False).update(
            state=JobState.RUNNING,
            token=F("token") + 1,
            attempt=F("attempt") + 1,
            started_at=models.functions.Coalesce(F("started_at"), Now()),
            lease_expires_at=_after(lease_s),
        )
        return token + 1 if won else None

    def held(self, pk: uuid.UUID, token: int) -> Self:
        """The row while this token still holds it."""
        return self.filter(pk=pk, state=JobState.RUNNING, token=token)

    def heartbeat(self, pk: uuid.UUID, token: int, *, lease_s: float, **fields: Any) -> bool:
        """Renew the lease and write what is new; False when fenced: then nothing was written."""
        return self.held(pk, token).update(lease_expires_at=_after(lease_s), **fields) == 1

    def leave(self, pk: uuid.UUID, token: int, to: JobState, *, error: str = "", **fields: Any) -> bool:
        """End the hold: finish, or hand back to pending. False when fenced: then nothing was written."""
        if (JobState.RUNNING, to) not in TRANSITIONS or to == JobState.RUNNING:
            raise ValueError(f"A running job cannot become {to}.")
        ended: dict[str, Any] = {"finished_at": Now()} if to in FINISHED else {"rung_at": Now()}
        return (
            self.held(pk, token).update(state=to, lease_expires_at=None, error=error, **ended, **fields) == 1
        )

    def ask_to_cancel(self, pk: uuid.UUID) -> bool:
        """Cancel a pending job at once, or ask the worker of a running one to; False when it is over."""
        cancelled = self.filter(pk=pk, state=JobState.PENDING).update(
            state=JobState.CANCELLED, cancel_requested=True, finished_at=Now()
        )
        return bool(cancelled or self.filter(pk=pk, state=JobState.RUNNING).update(cancel_requested=True))

    def resume(self, pk: uuid.UUID) -> bool:
        """Give a failed or cancelled job its tries again; False when it is neither.

        `error` stays, as why the last try ended; the token goes on, so that whoever was late stays fenced.
        """
        ended = self.filter(pk=pk, state__in=[JobState.FAILED, JobState.CANCELLED])
        fields: dict[str, Any] = {"finished_at": None, "cancel_requested": False, "rung_at": Now()}
        return ended.update(state=JobState.PENDING, attempt=0, **fields) == 1


class Job(models.Model):
    """What every kind of job has. `attempt` counts the tries since the last progress, `token` the claims."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="%(class)ss")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.PENDING)
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    # When a message was last sent for it, so that the sweep sends no flood.
    rung_at = models.DateTimeField(db_default=Now())
    progress: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    # The end of what the program printed; the whole of it lies in the run folder.
    log = models.TextField(blank=True)
    # Why it failed, or why the last try did.
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="%(class)s_state_known"),
            models.CheckConstraint(
                condition=Q(attempt__gte=0, attempt__lte=MOST_ATTEMPTS), name="%(class)s_attempts_bounded"
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.PENDING) | Q(attempt__lt=MOST_ATTEMPTS),
                name="%(class)s_pending_can_be_claimed",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=JobState.RUNNING, lease_expires_at__isnull=False, attempt__gte=1, token__gte=1)
                    | (~Q(state=JobState.RUNNING) & Q(lease_expires_at=None))
                ),
                name="%(class)s_runs_on_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=FINISHED, finished_at__isnull=False)
                | (~Q(state__in=FINISHED) & Q(finished_at=None)),
                name="%(class)s_finished_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.PENDING)
                | Q(state=JobState.CANCELLED)
                | Q(started_at__isnull=False),
                name="%(class)s_started_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.FAILED) | ~Q(error=""), name="%(class)s_failure_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.CANCELLED) | Q(cancel_requested=True),
                name="%(class)s_cancelled_by_request",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="%(class)s_of_project"),
            models.Index(
                fields=["state", "lease_expires_at"],
                condition=Q(state__in=[JobState.PENDING, JobState.RUNNING]),
                name="%(class)s_open",
            ),
        ]

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


class TrainingJob(Job):
    """Train one recipe on one snapshot. `history` holds one entry per epoch, for the curve.

    `held_to`: the landmark network that the films of a synthesis are held to, where its recipe asks for one.
    `start_from`: the version whose weights the training begins from; None where it begins anew.
    """

    recipe: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="training_jobs")
    held_to = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="held_jobs"
    )
    start_from = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="followers"
    )
    history: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)


class InferenceJob(Job):
    """Run one model version on some images (their ids, as text)."""

    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="inference_jobs"
    )
    images: "models.JSONField[list[str], list[str]]" = models.JSONField()
