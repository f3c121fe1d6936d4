"""`python -m tests.e2e.rows`: makes rows in a running installation, one JSON line in, one JSON line out.

A process of its own, because the browser tests' process has other settings; beside the web processes, as a
management command would be. Every act is a function below; its name and arguments are the line.
"""

import datetime
import hashlib
import json
import os
import random
import sys
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import django
import numpy as np

os.environ["DJANGO_SETTINGS_MODULE"] = "spineweb.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402

from annotation.actions import cohort, files, landmarks, readerstudies, summaries  # noqa: E402
from annotation.models import (  # noqa: E402
    Acquisition,
    AgentToken,
    CaptureAgent,
    DeviceCheck,
    Image,
    Membership,
    Project,
    Study,
    Subject,
    User,
)
from annotation.models.cohort import Consent  # noqa: E402
from annotation.models.images import AcquisitionKind, Frame, ImageKind  # noqa: E402
from inference import tasks  # noqa: E402
from inference.actions import snapshots, surveys, versions  # noqa: E402
from inference.models import DatasetSnapshot, JobState, TrainingJob  # noqa: E402
from spineweb.sessions import SessionStore  # noqa: E402
from tests.annotation.spine.test_shape import column as average_column  # noqa: E402
from tests.e2e import pictures  # noqa: E402
from tests.factories import Factory  # noqa: E402
from tests.inference.labelled import labelled_back  # noqa: E402
from tests.inference.rows import model_version, refusal, said_of, sample, training_job  # noqa: E402

make = Factory()
_seeds = iter(range(1, 1_000_000))


def project(name: str, label_first: bool = False) -> dict[str, str]:
    row = make.project(name, label_first=label_first)
    return {"id": str(row.pk), "name": row.name}


def account(username: str, role: str = "", project: str = "", password: str = "", first: bool = False) -> Any:
    """A person; `role` is one of a project's, or `site` for a site admin. Signed in already: see `cookie`."""
    user = User(
        username=username, name=username.title(), is_superuser=role == "site", must_change_password=first
    )
    # Few rounds: real hashes take a third of a second each, on purpose.
    salt = get_random_string(16)
    user.password = PBKDF2PasswordHasher().encode(password or get_random_string(30), salt, iterations=1)
    user.save()
    if project:
        Membership.objects.create(user=user, project_id=project, role=role)
    return {"id": str(user.pk), "username": username, "cookie": cookie(username)}


def cookie(username: str) -> str:
    """The session cookie of somebody who has just signed in."""
    user = User.objects.get(username=username)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[-1]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _study(project: str, subject: str, visit: str, notes: str) -> Study:
    owner = Project.objects.get(pk=project)
    row = Subject.objects.filter(project=owner, pseudonym=subject).first() if subject else None
    if row is None:
        row = make.subject(owner, **({"pseudonym": subject} if subject else {}))
    return make.study(row, visit_date=datetime.date.fromisoformat(visit), notes=notes)


def back(
    project: str,
    subject: str = "",
    visit: str = "2026-03-01",
    notes: str = "",
    flip: bool = False,
    size: list[int] | None = None,
) -> Any:
    """A visit with a colour picture and the depth registered into it."""
    study = _study(project, subject, visit, notes)
    shot = Acquisition.objects.create(study=study, kind=AcquisitionKind.RGBD, display_flip=flip)
    width, height = size or pictures.BACK
    picture, depth = pictures.back(next(_seeds), (width, height))
    shape = {"width": width, "height": height}
    colour = make.image(shot, ImageKind.COLOUR, Frame.COLOUR, stored=make.stored(picture), **shape)
    npy = make.stored(depth, "application/gzip")
    make.image(
        shot, ImageKind.DEPTH, Frame.COLOUR, bit_depth=16, registered_to=colour, depth_npy=npy,
        stored=make.stored(picture), **shape,
    )  # fmt: skip
    return {"study": str(study.pk), "image": str(colour.pk), "subject": str(study.subject_id), **shape}


def film(
    project: str,
    subject: str = "",
    visit: str = "2026-03-01",
    notes: str = "",
    bright: list[int] | None = None,
    size: list[int] | None = None,
    **shot: Any,
) -> Any:
    """A visit with an X-ray; `bright`: [column, row] of its only white pixel."""
    study = _study(project, subject, visit, notes)
    width, height = size or [300, 700]
    content = (
        pictures.one_bright_pixel(width, height, *bright)
        if bright
        else pictures.film(next(_seeds), width, height)
    )
    image = make.radiograph(study, stored=make.stored(content), width=width, height=height, **shot)
    return {
        "study": str(study.pk), "image": str(image.pk), "subject": str(study.subject_id),
        "width": width, "height": height,
    }  # fmt: skip


def synthetic(
    study: str, size: list[int] | None = None, bright: list[int] | None = None, flip: bool = False
) -> Any:
    """A film that a network made, beside the study's own; `bright` as in `film`."""
    row = Study.objects.get(pk=study)
    shot = Acquisition.objects.create(
        study=row, kind=AcquisitionKind.RADIOGRAPH, side_confirmed=True, display_flip=flip
    )
    width, height = size or [300, 700]
    if bright:
        content = pictures.one_bright_pixel(width, height, *bright)
    else:
        content = pictures.film(next(_seeds), width, height)
    kind = ImageKind.SYNTHETIC_RADIOGRAPH
    image = make.image(shot, kind, Frame.RADIOGRAPH, stored=make.stored(content), width=width, height=height)
    return {"image": str(image.pk)}


def reader_study(project: str, username: str, films_each: int, readers: list[str]) -> dict[str, str]:
    """A study of films drawn here, each real one beside a synthetic one, that `readers` have read wholly."""
    owner, actor = Project.objects.get(pk=project), User.objects.get(username=username)
    for _ in range(films_each):
        synthetic(film(project)["study"], [400, 420])
    made = readerstudies.create(actor=actor, project=owner, name="First study", films_each=films_each)
    rng = random.Random(4)
    for reader in User.objects.filter(username__in=readers):
        for item in readerstudies.order_for(reader, made):
            is_synthetic = item.image.kind == ImageKind.SYNTHETIC_RADIOGRAPH
            rise = rng.uniform(4, 14) + 3 * is_synthetic
            readerstudies.read(
                reader=reader, item=item, seconds=rng.uniform(15, 60), confidence=rng.randint(1, 5),
                verdict="synthetic" if is_synthetic == (rng.random() < 0.7) else "real",
                upper_line=[[40, 100 + rise], [100, 100 - rise]],
                lower_line=[[40, 300 - rise], [100, 300 + rise]],
                upper_level="T5", lower_level="T12",
            )  # fmt: skip
    return {"id": str(made.pk)}


def spine(username: str, image: str, bend_px: float, model: str = "", **told: Any) -> Any:
    """Vertebrae that a person (or a model) placed on a film; `told`: what else the model says of them."""
    row = Image.objects.get(pk=image)
    points = pictures.spine(row.width, row.height, bend_px)
    if model:
        saved = landmarks.save_prediction(
            image=row, schema="vertebrae68", points=points, model_label=model,
            abstains=told.pop("abstains", ""),
        )  # fmt: skip
        # Sure of the height, less so across: 6 px and 2.
        said_of(
            saved, model_version(make, row.project), {p["name"]: [36.0, 0.0, 4.0] for p in points}, **told
        )
    else:
        saved = landmarks.save(
            user=User.objects.get(username=username), image=row, schema="vertebrae68", points=points,
            base_revision=0, idempotency_key=uuid.uuid4(),
        )  # fmt: skip
    summaries.refresh(row.study)
    return {"id": str(saved.pk), "revision": saved.revision}


def column(username: str, image: str, passed_over: int | None = None) -> None:
    """Vertebrae as most people have them; `passed_over`: the row below which one was left out."""
    row = Image.objects.get(pk=image)
    corners = average_column(15)
    if passed_over is not None:
        corners[passed_over + 1 :] += corners[passed_over + 1].mean(axis=0) - corners[passed_over].mean(
            axis=0
        )
    spots = corners.reshape(-1, 2)
    spots = (spots - spots.min(axis=0)) * 0.84 * row.height / np.ptp(spots[:, 1])
    spots += (row.width / 2 - spots[:, 0].mean(), 0.08 * row.height)
    names = [point["name"] for point in pictures.spine(row.width, row.height, 0)]
    points = [
        {"name": name, "x": float(x), "y": float(y), "state": "placed"}
        for name, (x, y) in zip(names, spots, strict=True)
    ]
    landmarks.save(
        user=User.objects.get(username=username), image=row, schema="vertebrae68", points=points,
        base_revision=0, idempotency_key=uuid.uuid4(),
    )  # fmt: skip


def ends(username: str, image: str, c7: list[float], sacrum: list[float]) -> None:
    """C7 and the sacrum on a film, saved by a person."""
    film = Image.objects.select_related("project", "study__project", "study__subject").get(pk=image)
    points = [
        {"name": name, "x": x, "y": y, "state": "placed"} for name, (x, y) in (("C7", c7), ("sacrum", sacrum))
    ]
    landmarks.save(
        user=User.objects.get(username=username), image=film, schema="xray2", points=points,
        base_revision=0, idempotency_key=uuid.uuid4(),
    )  # fmt: skip


def many_studies(project: str, count: int) -> None:
    """Visits of as many subjects, with one small film each, every third with a note."""
    for number in range(count):
        note = "brace" if number % 3 == 0 else ""
        film(
            project,
            f"M{number:03d}",
            f"2025-{1 + number % 12:02d}-{1 + number % 28:02d}",
            note,
            size=[40, 90],
        )


def labelled_backs(project: str, username: str, count: int) -> None:
    """Small backs of as many subjects, each completely labelled: enough to train on."""
    owner, user = Project.objects.get(pk=project), User.objects.get(username=username)
    for seed in range(count):
        labelled_back(make, owner, user, seed=seed)


def import_studies(folder: str, project: str, username: str) -> list[str]:
    """What `manage.py import_studies` does; ids of the studies."""
    call_command("import_studies", folder, project=project, user=username, stdout=sys.stderr)
    return [
        str(pk)
        for pk in Study.objects.filter(project__name=project)
        .order_by("created_at")
        .values_list("pk", flat=True)
    ]


def subject(project: str, pseudonym: str) -> dict[str, str]:
    row = make.subject(Project.objects.get(pk=project), pseudonym=pseudonym)
    return {"id": str(row.pk), "pseudonym": row.pseudonym}


def agent_token(project: str, name: str) -> dict[str, str]:
    """A capture agent's token, with the secret that is shown once."""
    row, secret = make.token(Project.objects.get(pk=project), make.user())
    AgentToken.objects.filter(pk=row.pk).update(name=name)
    return {"id": str(row.pk), "secret": secret}


def revoke_token(token: str) -> None:
    AgentToken.objects.filter(pk=token).update(revoked_at=timezone.now())


def stored_shots(token: str) -> list[dict[str, Any]]:
    """Every acquisition of an agent's shots: shot, study, and the hash of what is in the file store."""
    taken = Acquisition.objects.filter(shot__token=uuid.UUID(token)).select_related("source", "shot")
    return [
        {
            "shot": str(row.shot.pk),
            "request": str(row.shot.request),
            "taken_at_s": row.shot.taken_at.timestamp(),
            "study": str(row.study_id),
            "sha256": hashlib.sha256(b"".join(files.chunks_of(row.source))).hexdigest(),
        }
        for row in taken
        if row.source is not None
    ]


def device_checks(token: str, serial: str, biases_mm: list[float]) -> None:
    """A flat board measured once a day by a warm camera that the agent has."""
    row = AgentToken.objects.select_related("project").get(pk=token)
    CaptureAgent.objects.update_or_create(token=row, defaults={"camera": {"serial": serial, "state": "lost"}})
    for day, bias_mm in enumerate(biases_mm):
        DeviceCheck.objects.create(
            pk=uuid.uuid4(),
            project=row.project,
            token=row,
            serial=serial,
            measured_at=timezone.now() - datetime.timedelta(days=len(biases_mm) - day),
            said={
                "warm_s": 3000.0,
                "board": {"bias_mm": bias_mm, "flatness_rms_mm": 1.0, "noise_mm": 0.8},
                "checkerboard": None,
            },
        )


def images_of(study: str) -> dict[str, str]:
    """The colour picture, the film and the subject of a visit."""
    row = Study.objects.get(pk=study)
    colour = row.images.get(kind=ImageKind.COLOUR)
    film = row.images.get(kind=ImageKind.RADIOGRAPH)
    return {"back": str(colour.pk), "film": str(film.pk), "subject": str(row.subject_id)}


def training(project: str) -> dict[str, str]:
    """A training that is done, its model, and one that failed; without the trouble of running them."""
    owner = Project.objects.get(pk=project)
    version = model_version(make, owner)
    history = [
        {
            "epoch": epoch,
            "train_loss": 0.9 / epoch,
            "validation_loss": 1.0 / epoch,
            "error_px_median": 9.0 / epoch,
        }
        for epoch in range(1, 6)
    ]
    TrainingJob.objects.filter(pk=version.job_id).update(history=history, log="epoch 1: loss 0.9\n")
    now = timezone.now()
    ended = {"started_at": now, "finished_at": now, "attempt": 1, "token": 1}
    training_job(make, owner, state=JobState.FAILED, error="The loss became nan in epoch 3.", **ended)
    return {"job": str(version.job_id), "model": str(version.pk)}


def frozen(project: str, username: str) -> dict[str, str]:
    """Two snapshots that differ in every way, the second one surveyed and trained on twice."""
    owner, user = Project.objects.get(pk=project), User.objects.get(username=username)
    backs = [labelled_back(make, owner, user, seed=seed) for seed in range(8)]
    before = snapshots.freeze(actor=user, project=owner, name="Before", schema="back6", seed=1)
    gone = backs[0].study.subject
    cohort.set_consent(actor=user, subject=gone, state=Consent.WITHDRAWN)
    moved = [{**point, "x": point["x"] + 2} for point in backs[1].landmark_sets.get().points]
    make.landmarks(user, backs[1], "back6", moved, base=1)
    labelled_back(make, owner, user, seed=99)
    after = snapshots.freeze(actor=user, project=owner, name="After", schema="back6", seed=2)
    due = surveys.ask(actor=user, snapshot=after)
    assert due is not None
    tasks.survey(str(due.pk))
    trained = [training_on(owner, after, name) for name in ("Plain", "Twice as long")]
    return {
        "snapshot": str(after.pk), "before": str(before.pk), "first": trained[0], "second": trained[1],
        "gone": str(gone.pk),
    }  # fmt: skip


def training_on(owner: Project, snapshot: DatasetSnapshot, name: str) -> str:
    """A training that told of many figures and drew two pictures, without the trouble of running it."""
    version = model_version(make, owner)
    assert version.job is not None
    job = version.job
    slope = 1 + len(name) / 10
    history = [
        {
            "epoch": epoch, "epochs": 20,
            "train_loss": 0.8 / epoch**slope, "validation_loss": 1 / epoch**slope,
            "critic_loss": 0.5 + 0.1 / epoch, "generator_loss": 0.4 - 0.1 / epoch,
            "error_px_median": 9.0 / epoch, "error_px_p90": 20.0 / epoch, "ms_ssim": 1 - 0.6 / epoch,
        }
        for epoch in range(1, 21)
    ]  # fmt: skip
    TrainingJob.objects.filter(pk=job.pk).update(
        history=history, name=name, snapshot=snapshot, recipe={**job.recipe, "epochs": 20, "seed": len(name)}
    )
    for epoch in (1, 20):
        sample(make, job, epoch, "Points as people placed them, and as it does.")
    return str(job.pk)


def refused(image: str, reason: str) -> dict[str, str]:
    """An image that a model in use was shown, and gave no proposal for."""
    row = Image.objects.select_related("project").get(pk=image)
    version = model_version(make, row.project)
    versions.promote(actor=make.user(), version=version)
    return {"model": str(version.pk), "job": str(refusal(version, row, reason).job_id)}


def revisions(image: str) -> list[dict[str, Any]]:
    """Every revision of every set on an image, oldest first: what the server has kept."""
    rows = Image.objects.get(pk=image).landmark_sets.order_by("created_at")
    return [
        {"author": str(row.author or row.model_label), "number": each.number, "points": each.points}
        for row in rows
        for each in row.revisions.order_by("number")
    ]  # fmt: skip


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        project, account, cookie, back, film, synthetic, reader_study, spine, many_studies, labelled_backs,
        import_studies, images_of, column, ends, training, frozen, refused, revisions, subject, agent_token,
        revoke_token, stored_shots, device_checks,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"answer": ACTS[asked["act"]](**asked["given"])}
        except Exception:  # noqa: BLE001  told to the test that asked
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
