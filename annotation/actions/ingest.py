"""Storing one shot: its bytes first, then every row it needs in one transaction."""

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from annotation.actions import audit, files, landmarks, summaries
from annotation.actions.cohort import create_study, create_subject
from annotation.actions.errors import ActionError, Conflict
from annotation.actions.shots import LocalFile, Picture, Shot
from annotation.models import Acquisition, Image, Project, StoredFile, Study, Subject, User
from annotation.models.cohort import Consent
from annotation.models.images import ImageKind


@dataclass(frozen=True)
class Person:
    """Whose shots come in. date_shift_days: what the dates of the files were moved by, where they were."""

    pseudonym: str
    sex: str = ""
    birth_year: int | None = None
    date_shift_days: int | None = None


def known_subject(*, project: Project, pseudonym: str) -> Subject | None:
    """The project's subject of this pseudonym. Conflict where consent is withdrawn."""
    if not pseudonym.strip() or not pseudonym.isprintable():
        raise ActionError("Give the subject's pseudonym.", field="subject")
    known = Subject.objects.filter(project=project, pseudonym=pseudonym.strip(), deleted_at=None).first()
    if known is not None and known.consent == Consent.WITHDRAWN:
        raise Conflict(
            f"{known.pseudonym} cannot be imported: consent is withdrawn. Ask an admin of the project.",
            field="subject",
        )
    return known


def subject_for(*, user: User, project: Project, person: Person) -> Subject:
    """The subject, made if need be. Conflict where its files' dates were moved by another number of days."""
    subject = known_subject(project=project, pseudonym=person.pseudonym)
    if subject is None:
        subject = create_subject(
            actor=user,
            project=project,
            pseudonym=person.pseudonym.strip(),
            sex=person.sex,
            birth_year=person.birth_year,
        )
        if person.date_shift_days is not None:
            subject.date_shift_days = person.date_shift_days
            subject.save(update_fields=["date_shift_days"])
    if person.date_shift_days not in {None, subject.date_shift_days}:
        raise Conflict("This subject was created at the same moment elsewhere; confirm again.")
    return subject


@dataclass(frozen=True)
class Visit:
    """Who was there, and when. `note` keeps two visits of one day apart ("visit B")."""

    person: Person
    visit_date: datetime.date
    note: str = ""


def study_for(*, user: User, project: Project, visit: Visit) -> Study:
    """The study of a visit, made if need be: the same subject and day are one study."""
    subject = subject_for(user=user, project=project, person=visit.person)
    return study_on(actor=user, subject=subject, visit_date=visit.visit_date, note=visit.note)


def study_on(*, actor: User | None, subject: Subject, visit_date: datetime.date, note: str = "") -> Study:
    """The subject's study of a day, made if need be."""
    known = Study.objects.filter(subject=subject, visit_date=visit_date, deleted_at=None)
    if note:
        known = known.filter(notes=note)
    study = known.select_related("project", "subject").order_by("created_at").first()
    return study or create_study(actor=actor, subject=subject, visit_date=visit_date, notes=note)


Stored = dict[LocalFile, StoredFile]


def bring_in(taken: files.Intake, shot: Shot) -> Stored:
    """The bytes of a shot, in the store and on disk; their rows come with `record_shot`."""
    local = [file for picture in shot.pictures for file in _files_of(picture)]
    local += [file for file in (shot.source, shot.noise) if file is not None]
    return {file: taken.put(file.path, file.media_type) for file in dict.fromkeys(local)}


def record_shot(*, user: User, project: Project, visit: Visit, shot: Shot, stored: Stored) -> Study:
    """Every row of a shot and its visit. Must run inside a transaction, after `bring_in`."""
    study = study_for(user=user, project=project, visit=visit)
    record_acquisition(user=user, study=study, captured_on=visit.visit_date, shot=shot, stored=stored)
    return study


def record_acquisition(
    *,
    user: User | None,
    study: Study,
    captured_on: datetime.date,
    shot: Shot,
    stored: Stored,
    action: str = "acquisition.import",
) -> Acquisition:
    """Every row of a shot of a visit. Must run inside a transaction, after `bring_in`.

    user: None where nobody is known to have asked; then the shot has no landmarks.
    """
    rows = {file: files.name_file(unsaved) for file, unsaved in stored.items()}
    acquisition = Acquisition.objects.create(
        study=study,
        kind=shot.kind,
        captured_on=captured_on,
        direction=shot.direction,
        display_flip=shot.display_flip,
        side_marker=shot.side_marker,
        side_confirmed=shot.side_confirmed,
        device=shot.device,
        source=rows[shot.source] if shot.source is not None else None,
        source_name=shot.source_name,
        noise=rows[shot.noise] if shot.noise is not None else None,
        details=shot.details,
        created_by=user,
    )
    colour: Image | None = None
    for picture in shot.pictures:
        image = _create_image(acquisition, picture, rows, colour)
        colour = image if picture.kind == ImageKind.COLOUR else colour
        if user is not None:
            _save_landmarks(user, image, picture)
    summaries.refresh(study)
    audit.record(
        actor=user,
        action=action,
        target=acquisition,
        summary=f"{study.subject.pseudonym}, visit of {captured_on}: {shot.kind}",
        project=study.project,
    )
    return acquisition


def _files_of(picture: Picture) -> list[LocalFile]:
    depth = [picture.depth_npy] if picture.depth_npy is not None else []
    return [picture.pixels, picture.view, picture.thumbnail, *depth]


def _create_image(acquisition: Acquisition, picture: Picture, rows: Stored, colour: Image | None) -> Image:
    spacing: Any = picture.spacing_mm or (None, None)
    return Image.objects.create(
        project=acquisition.study.project,
        study=acquisition.study,
        acquisition=acquisition,
        kind=picture.kind,
        frame=picture.frame,
        width=picture.width,
        height=picture.height,
        bit_depth=picture.bit_depth,
        spacing_row_mm=spacing[0],
        spacing_col_mm=spacing[1],
        calibration=picture.calibration,
        camera=picture.camera,
        registered_to=colour if picture.registered else None,
        pixels=rows[picture.pixels],
        view=rows[picture.view],
        thumbnail=rows[picture.thumbnail],
        depth_npy=rows[picture.depth_npy] if picture.depth_npy is not None else None,
    )


def _save_landmarks(user: User, image: Image, picture: Picture) -> None:
    for schema, points in picture.landmarks.items():
        landmarks.save(
            user=user,
            image=image,
            schema=schema,
            points=points,
            base_revision=0,
            idempotency_key=uuid.uuid4(),
            comment="came with the imported files",
        )
