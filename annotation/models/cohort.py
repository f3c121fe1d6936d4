"""Project > Subject > Study: the cohort, its children by pseudonym, and their visits.

Nothing is removed at once: a deleted row keeps `deleted_at` and is invisible to every query that starts
from `visible_to`. A subject whose consent is withdrawn is hidden the same way.
"""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from annotation.models.people import User


def roles_of(user: "User") -> dict[uuid.UUID, str]:
    """The user's role in each live project of theirs, by project id.

    Asked anew each time, but for the user of one HTTP request: see `remember_roles`.
    """
    if "_roles" not in user.__dict__:
        return _stored_roles(user)
    known: dict[uuid.UUID, str] | None = user.__dict__["_roles"]
    if known is None:
        known = user.__dict__["_roles"] = _stored_roles(user)
    return known


def remember_roles(user: "User") -> None:
    """Ask for the roles once from now on. Only for the user object of one HTTP request."""
    user.__dict__["_roles"] = None


def _stored_roles(user: "User") -> dict[uuid.UUID, str]:
    return dict(user.memberships.filter(project__deleted_at=None).values_list("project_id", "role"))


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: "User") -> Self:
        """Live projects of which the user is a member; all live projects for a site admin."""
        live = self.filter(deleted_at=None)
        return live if user.is_superuser else live.filter(pk__in=roles_of(user))


class Project(models.Model):
    """A cohort with its protocol and members."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    description = models.TextField(blank=True)
    # Label first, then see what others and models placed.
    label_first = models.BooleanField(default=False)
    # The schemas the queue asks for on backs and on radiographs.
    back_schema = models.CharField(max_length=40, default="back6")
    radiograph_schema = models.CharField(max_length=40, default="vertebrae68")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()


class Consent(models.TextChoices):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class SubjectQuerySet(models.QuerySet["Subject"]):
    def live(self) -> Self:
        """Subjects who are neither deleted nor withdrawn, of projects that are not deleted."""
        return self.filter(deleted_at=None, consent=Consent.GIVEN, project__deleted_at=None)

    def visible_to(self, user: "User") -> Self:
        live = self.live()
        return live if user.is_superuser else live.filter(project__in=roles_of(user))


class Subject(models.Model):
    """A child, known here by pseudonym only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="subjects")
    pseudonym = models.CharField(max_length=64)
    sex = models.CharField(max_length=1, blank=True, choices=[("F", "female"), ("M", "male")])
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    consent = models.CharField(max_length=10, choices=Consent.choices, default=Consent.GIVEN)
    consent_changed_at = models.DateTimeField(null=True, blank=True)
    # Days added to every date of this subject's files: the same for all, so that intervals stay true.
    date_shift_days = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "pseudonym"],
                condition=Q(deleted_at=None),
                name="pseudonym_once_per_project",
            ),
            models.CheckConstraint(condition=Q(consent__in=Consent.values), name="consent_known"),
        ]


class StudyQuerySet(models.QuerySet["Study"]):
    def live(self) -> Self:
        """Studies that are not deleted, of live subjects who consent, of live projects."""
        return self.filter(hidden=False, project__deleted_at=None)

    def visible_to(self, user: "User") -> Self:
        """Live studies of the user's projects.

        With the projects' ids in hand the database walks an index in the order of the list, where a join
        would make it sort every study.
        """
        live = Project.objects.visible_to(user).values_list("pk", flat=True)
        return self.filter(project__in=list(live) if user.is_superuser else roles_of(user), hidden=False)


class LabelState(models.TextChoices):
    NONE = "none"
    PARTIAL = "partial"
    DONE = "done"


_SHOWN = Q(hidden=False)


class Study(models.Model):
    """One visit of one subject. The summary columns are kept by `annotation.actions.summaries`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="studies")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="studies")
    visit_date = models.DateField()
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    # What a list shows and sorts by, so that ten thousand studies list as fast as ten. `hidden` follows
    # from this study's and its subject's deletion and from consent.
    hidden = models.BooleanField(default=False)
    has_rgbd = models.BooleanField(default=False)
    has_radiograph = models.BooleanField(default=False)
    label_state = models.CharField(max_length=8, choices=LabelState.choices, default=LabelState.NONE)
    cobb_deg = models.FloatField(null=True, blank=True)
    cobb_count = models.PositiveSmallIntegerField(default=0)

    objects = StudyQuerySet.as_manager()

    class Meta:
        # Partial, on the very condition of `live`: SQLite takes no `NOT hidden` for an equality.
        indexes = [
            models.Index(fields=["project", "-visit_date", "id"], condition=_SHOWN, name="study_by_visit"),
            models.Index(fields=["project", "-cobb_deg", "id"], condition=_SHOWN, name="study_by_cobb"),
            models.Index(fields=["project", "created_at", "id"], condition=_SHOWN, name="study_by_creation"),
        ]
