"""Projects, subjects with their consent, and studies."""

import datetime
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions import summaries
from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.schemas import schema_of
from annotation.models import Membership, Project, Study, Subject, User
from annotation.models.cohort import Consent
from annotation.models.people import Role

# Dates of one subject all move by one random number of days, never by none.
_LARGEST_SHIFT_DAYS = 365


@transaction.atomic
def create_project(*, actor: User, name: str, description: str = "") -> Project:
    """A new project; its creator is its first admin."""
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, description=description)
    except IntegrityError as error:
        raise Conflict(
            f"A project named “{name}” exists already; choose another name.", field="name"
        ) from error
    Membership.objects.create(user=actor, project=project, role=Role.ADMIN)
    record(actor=actor, action="project.create", target=project, summary=name, project=project)
    return project


@transaction.atomic
def update_project(*, actor: User, project: Project, changes: dict[str, Any]) -> Project:
    """Change name, description, label_first or the schemas of the queue."""
    for field, target in (("back_schema", "back"), ("radiograph_schema", "radiograph")):
        if field in changes and schema_of(project, changes[field]).target != target:
            raise ActionError(f"{changes[field]} is not a schema for a {target}.", field=field)
    for field, value in changes.items():
        setattr(project, field, value)
    try:
        with transaction.atomic():
            project.save(update_fields=list(changes))
    except IntegrityError as error:
        raise Conflict("A project of that name exists already; choose another name.", field="name") from error
    if {"back_schema", "radiograph_schema"} & set(changes):
        summaries.refresh_project(project)
    summary = ", ".join(f"{field.replace('_', ' ')}: {value}" for field, value in changes.items())
    record(actor=actor, action="project.update", target=project, summary=summary, project=project)
    return project


@transaction.atomic
def delete_project(*, actor: User, project: Project) -> None:
    """Hide a project and all in it. Its name becomes free."""
    project.deleted_at = timezone.now()
    summary = f"deleted {project.name}"
    # What is added has 47 characters, and the column 120.
    project.name = f"{project.name[:70]} (deleted {project.pk})"
    project.save(update_fields=["deleted_at", "name"])
    record(actor=actor, action="project.delete", target=project, summary=summary, project=project)


def new_date_shift() -> int:
    """A random shift in days within a year either way, never zero."""
    return (secrets.randbelow(_LARGEST_SHIFT_DAYS) + 1) * secrets.choice((-1, 1))


@transaction.atomic
def create_subject(
    *, actor: User, project: Project, pseudonym: str, sex: str = "", birth_year: int | None = None
) -> Subject:
    """A new subject, with consent given."""
    try:
        with transaction.atomic():
            subject = Subject.objects.create(
                project=project,
                pseudonym=pseudonym,
                sex=sex,
                birth_year=birth_year,
                date_shift_days=new_date_shift(),
            )
    except IntegrityError as error:
        raise Conflict(
            f"{pseudonym} exists in this project already (perhaps with consent withdrawn).",
            field="pseudonym",
        ) from error
    record(actor=actor, action="subject.create", target=subject, summary=pseudonym, project=project)
    return subject


@transaction.atomic
def update_subject(*, actor: User, subject: Subject, changes: dict[str, Any]) -> Subject:
    for field, value in changes.items():
        setattr(subject, field, value)
    try:
        with transaction.atomic():
            subject.save(update_fields=list(changes))
    except IntegrityError as error:
        raise Conflict(
            "Another subject of this project has that pseudonym; choose another one.", field="pseudonym"
        ) from error
    summary = f"{subject.pseudonym}: {', '.join(changes)}"
    record(actor=actor, action="subject.update", target=subject, summary=summary, project=subject.project)
    return subject


@transaction.atomic
def set_consent(*, actor: User, subject: Subject, state: str) -> Subject:
    """Consent given or withdrawn. Withdrawn hides the subject, its studies and images at once."""
    if subject.consent != state:
        subject.consent = state
        subject.consent_changed_at = timezone.now()
        subject.save(update_fields=["consent", "consent_changed_at"])
        summaries.refresh_subject(subject)
        verb = "given" if state == Consent.GIVEN else "withdrawn"
        summary = f"consent of {subject.pseudonym} {verb}"
        record(
            actor=actor, action="subject.consent", target=subject, summary=summary, project=subject.project
        )
    return subject


@transaction.atomic
def delete_subject(*, actor: User, subject: Subject) -> None:
    subject.deleted_at = timezone.now()
    subject.save(update_fields=["deleted_at"])
    summaries.refresh_subject(subject)
    summary = f"deleted {subject.pseudonym}"
    record(actor=actor, action="subject.delete", target=subject, summary=summary, project=subject.project)


@transaction.atomic
def create_study(
    *, actor: User | None, subject: Subject, visit_date: datetime.date, notes: str = ""
) -> Study:
    """A new visit."""
    study = Study.objects.create(project=subject.project, subject=subject, visit_date=visit_date, notes=notes)
    summary = f"{subject.pseudonym}, visit of {visit_date}"
    record(actor=actor, action="study.create", target=study, summary=summary, project=study.project)
    return study


@transaction.atomic
def update_study(*, actor: User, study: Study, changes: dict[str, Any]) -> Study:
    for field, value in changes.items():
        setattr(study, field, value)
    study.save(update_fields=list(changes))
    summary = f"{study.subject.pseudonym}: {', '.join(changes)}"
    record(actor=actor, action="study.update", target=study, summary=summary, project=study.project)
    return study


@transaction.atomic
def delete_study(*, actor: User, study: Study) -> None:
    study.deleted_at = timezone.now()
    study.save(update_fields=["deleted_at"])
    summaries.refresh(study)
    summary = f"deleted {study.subject.pseudonym}, visit of {study.visit_date}"
    record(actor=actor, action="study.delete", target=study, summary=summary, project=study.project)


@transaction.atomic
def restore_study(*, actor: User, study: Study) -> Study:
    """Undo a deletion."""
    study.deleted_at = None
    study.save(update_fields=["deleted_at"])
    summaries.refresh(study)
    summary = f"restored {study.subject.pseudonym}, visit of {study.visit_date}"
    record(actor=actor, action="study.restore", target=study, summary=summary, project=study.project)
    return study
