"""Two projects with one row of everything, for asking every route about each of them."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from annotation.actions import cohort, filmnotes, measurements, readerstudies, remarks
from annotation.models import (
    Acquisition,
    AgentToken,
    CaptureShot,
    Image,
    Membership,
    Project,
    ReaderStudy,
    Subject,
    User,
)
from annotation.models.cohort import Consent
from annotation.models.images import AcquisitionKind, Frame, ImageKind
from tests.factories import Factory
from tests.inference import rows

SCOPES = ("own", "other", "deleted", "withdrawn")
Ids = dict[str, Any]


@dataclass
class World:
    """`people` by actor name, members of the own project only; `ids` of rows by scope and URL parameter."""

    people: dict[str, User]
    ids: dict[str, Ids]


def build(make: Factory) -> World:
    own = make.project("Own")
    people = {role: make.member(own, role) for role in ("assistant", "doctor", "admin")}
    people["site_admin"] = make.user("site_admin", site_admin=True)
    importer = people["assistant"]
    ids = {"own": _rows(make, own, importer), "other": _rows(make, make.project("Other"), make.user())}
    deleted = make.project("Gone")
    for person in list(people.values())[:3]:
        make.member(deleted, people_role(people, person), person)
    ids["deleted"] = _rows(make, deleted, importer)
    Project.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    ids["withdrawn"] = _rows(make, own, importer)
    subject = ids["withdrawn"]["subject"]
    cohort.set_consent(actor=people["admin"], subject=subject, state=Consent.WITHDRAWN)
    return World(people, ids)


def people_role(people: dict[str, User], person: User) -> str:
    return next(role for role, user in people.items() if user == person)


def _rows(make: Factory, project: Project, importer: User) -> Ids:
    """One of everything in a project, by the name a URL pattern or a request body gives it.

    An open import is its importer's alone.
    """
    reader = make.member(project, "doctor")
    subject = make.subject(project)
    study = make.study(subject)
    colour, depth = make.back(study)
    Acquisition.objects.filter(pk=colour.acquisition_id).update(noise=make.picture())
    film = make.radiograph(study, spacing_mm=0.2)
    landmark_set = make.landmarks(reader, colour, "back6")
    measurement = measurements.measure_lines(
        reader=reader,
        image=film,
        upper_line=[[10, 10], [50, 12]],
        lower_line=[[10, 90], [50, 70]],
        upper_level="T5",
        lower_level="T12",
    )
    note = filmnotes.write(reader=reader, image=film, text="A short rib.", x=10, y=20)
    remark = remarks.remark(author=reader, image=colour, kind="flag", text="Look at this.")
    blinded = _reader_study(make, subject, reader)
    token, _ = make.token(project, reader)
    item = make.import_item(project, importer)
    version = rows.model_version(make, project)
    rows.survey(make, rows.frozen_of(version))
    prediction = rows.prediction(version, colour)
    training = rows.training_job(make, project)
    rows.sample(make, training)
    return {
        "subject": subject,
        "project_id": project.pk,
        "subject_id": subject.pk,
        "study_id": study.pk,
        "image_id": depth.pk,
        "colour_id": colour.pk,
        "film_id": film.pk,
        "back_acquisition_id": colour.acquisition_id,
        "acquisition_id": film.acquisition_id,
        "set_id": landmark_set.pk,
        "number": 1,
        "schema": "back6",
        "measurement_id": measurement.pk,
        "note_id": note.pk,
        "remark_id": remark.pk,
        "reader_study_id": blinded.pk,
        "blinded_id": blinded.items.filter(image__study__subject=subject)[0].pk,
        "shot_id": _shot(project, subject, token).pk,
        "check_id": uuid.uuid4(),
        "member_id": Membership.objects.get(project=project, user=reader).pk,
        "token_id": token.pk,
        "import_id": item.batch_id,
        "item_id": item.pk,
        "user_id": reader.pk,
        "name": "landmarks.csv",
        "job_id": training.pk,
        "epoch": 1,
        "inference_job_id": prediction.job_id,
        "predicted_set_id": prediction.landmark_set_id,
        "snapshot_id": version.snapshot_id,
        "version_id": version.pk,
    }


def _shot(project: Project, subject: Subject, token: AgentToken) -> CaptureShot:
    return CaptureShot.objects.create(
        pk=uuid.uuid4(),
        project=project,
        token=token,
        subject=subject,
        request=uuid.uuid4(),
        sha256="0" * 64,
        size=3,
        taken_at=timezone.now(),
    )


def _reader_study(make: Factory, subject: Subject, actor: User) -> ReaderStudy:
    """Real and synthetic films of this subject and of another."""
    for child in (subject, make.subject(subject.project)):
        study = make.study(child)
        shot = Acquisition.objects.create(study=study, kind=AcquisitionKind.RADIOGRAPH)
        make.image(shot, ImageKind.RADIOGRAPH, Frame.RADIOGRAPH)
        make.image(shot, ImageKind.SYNTHETIC_RADIOGRAPH, Frame.RADIOGRAPH)
    synthetic = Image.objects.filter(project=subject.project, kind=ImageKind.SYNTHETIC_RADIOGRAPH)
    return readerstudies.create(
        actor=actor,
        project=subject.project,
        name=f"Blinded {subject.pseudonym}",
        films_each=synthetic.count(),
    )
