"""Shots on their way from an agent: offered, fed in pieces, checked, and stored in a study exactly once.

What is on disk is the truth about how far a shot has come, and its row about whether it is stored. A process
that is killed anywhere in between leaves something from which the agent's next request goes on: bytes without
their count, files in the store without a row (`manage.py verify_files` removes them), or a stored shot whose
bytes were not deleted yet (`sweep` does).
"""

import datetime
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions import chunks, files, ingest
from annotation.actions.errors import ActionError, Conflict, Unreadable
from annotation.actions.found import Derived
from annotation.actions.inspector import Inspector
from annotation.actions.shots import RECORDING, LocalFile, Shot, rgbd_shot
from annotation.imaging.sandbox import InspectionResult
from annotation.models import AgentToken, CaptureAgent, CaptureOrder, CaptureShot, Study, Subject, User
from annotation.models.capture import ABANDONED_AFTER, ShotStage
from annotation.models.cohort import Consent
from capture_agent.protocol.uploads import ShotOffer
from capture_agent.protocol.wire import plain

# An agent's idea of the server's clock is believed if it is not more than this in the future.
_FUTURE = datetime.timedelta(days=1)


class OtherBytes(Conflict):
    """A shot of this name is known, with another hash or size."""

    code = "other_bytes"


class WrongHash(ActionError):
    """What arrived is not what was offered."""

    code = "wrong_hash"
    status = 422


class Withdrawn(ActionError):
    """The subject is gone, or has withdrawn: nothing of it is taken any more."""

    code = "withdrawn"
    status = 410


@dataclass(frozen=True)
class Progress:
    """A shot and how many of its bytes are safely here."""

    shot: CaptureShot
    received: int


def offer(*, token: AgentToken, shot_id: uuid.UUID, offered: ShotOffer) -> tuple[Progress, bool]:
    """Announce a shot; whether it is new. The same again changes nothing.

    Raises PermissionDenied for another project or its subject, Withdrawn, OtherBytes, StorageFull.
    """
    if offered.project != token.project_id:
        raise PermissionDenied("This agent's token is for another project than the shot's.")
    subject = _subject_of(token, offered)
    known = CaptureShot.objects.filter(pk=shot_id).first()
    if known is None:
        chunks.refuse_without_room(offered.size)
        try:
            with transaction.atomic():
                return Progress(_create(token, shot_id, offered, subject), 0), True
        except IntegrityError:
            # Another request with the same shot was faster.
            known = CaptureShot.objects.get(pk=shot_id)
    if known.project_id != token.project_id:
        raise PermissionDenied("This shot belongs to another project.")
    if (known.sha256, known.size) != (offered.sha256, offered.size):
        raise OtherBytes("The server knows a shot of this name with other bytes.")
    return progress(known), False


def progress(shot: CaptureShot) -> Progress:
    """How far a shot has come, by what lies on the disk."""
    if shot.stage == ShotStage.STORED:
        return Progress(shot, shot.size)
    try:
        return Progress(shot, shot.path.stat().st_size)
    except FileNotFoundError:
        return Progress(shot, 0)


def append(*, shot: CaptureShot, offset: int, stream: chunks.Readable) -> int:
    """Write one piece at the end of a shot's bytes; they are on disk when this returns the new end.

    Raises what `chunks.append` does, and WrongOffset with the whole size for a shot that is stored.
    """
    if shot.stage == ShotStage.STORED:
        raise chunks.WrongOffset(shot.size)
    with chunks.locked_file(shot.path) as handle:
        end = chunks.append(handle=handle, path=shot.path, size=shot.size, offset=offset, stream=stream)
    CaptureShot.objects.filter(pk=shot.pk).update(touched_at=timezone.now())
    return end


def finish(*, shot: CaptureShot) -> CaptureShot:
    """Check the hash, decode the recording in a child, and store it in its study; again: the same answer.

    Raises WrongOffset while bytes are missing, WrongHash (what was received is dropped then), Unreadable,
    Withdrawn, Conflict while another request does the same, StorageFull.
    """
    if shot.stage == ShotStage.STORED:
        return shot
    with chunks.locked_file(shot.path) as handle:
        # It may have been stored, and its bytes deleted, while the lock was waited for.
        shot.refresh_from_db()
        if shot.stage == ShotStage.RECEIVING:
            _check_bytes(shot, handle)
            _store(shot)
    _forget_bytes(shot)
    return shot


def sweep() -> int:
    """Delete the bytes of shots that are stored, unknown, or that nobody went on sending for a week."""
    folder = Path(settings.INCOMING_DIR) / "capture"
    fresh = timezone.now() - ABANDONED_AFTER
    wanted = CaptureShot.objects.filter(stage=ShotStage.RECEIVING, touched_at__gt=fresh)
    keep = {str(pk) for pk in wanted.values_list("pk", flat=True)}
    hour_ago = (timezone.now() - datetime.timedelta(hours=1)).timestamp()
    gone = 0
    for path in folder.glob("*"):
        if path.name.partition(".")[0] not in keep and path.stat().st_mtime < hour_ago:
            _delete(path)
            gone += 1
    return gone


def _subject_of(token: AgentToken, offered: ShotOffer) -> Subject:
    subject = Subject.objects.filter(pk=offered.subject, project=token.project_id).first()
    if subject is None:
        raise PermissionDenied("The shot's subject is not in this agent's project.")
    if subject.deleted_at is not None or subject.consent == Consent.WITHDRAWN:
        raise Withdrawn(f"{subject.pseudonym} was removed or has withdrawn: the server takes no shot of it.")
    return subject


def _create(token: AgentToken, shot_id: uuid.UUID, offered: ShotOffer, subject: Subject) -> CaptureShot:
    study = Study.objects.filter(pk=offered.study, subject=subject).first() if offered.study else None
    return CaptureShot.objects.create(
        pk=shot_id,
        project=token.project,
        token=token,
        subject=subject,
        study=study,
        request=offered.request,
        sha256=offered.sha256,
        size=offered.size,
        offer=plain(offered),
        taken_at=_taken_at(offered),
    )


def _taken_at(offered: ShotOffer) -> datetime.datetime:
    """When the shutter went, by the server's clock; when it arrived where the agent knows no clock."""
    now = timezone.now()
    if offered.clock_offset_s is None:
        return now
    try:
        taken = datetime.datetime.fromtimestamp(offered.taken_at_s + offered.clock_offset_s, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return taken if taken <= now + _FUTURE else now


def _check_bytes(shot: CaptureShot, handle: int) -> None:
    end = os.fstat(handle).st_size
    if end != shot.size:
        raise chunks.WrongOffset(end)
    if files.sha256_of(shot.path) != shot.sha256:
        os.ftruncate(handle, 0)
        os.fsync(handle)
        raise WrongHash("The bytes that arrived are not those of the shot; send it again from its beginning.")


def _store(shot: CaptureShot) -> None:
    """From the bytes to the study. The rows come in one transaction, after the files are on disk."""
    try:
        made = _decode(shot)
    except Unreadable as refusal:
        CaptureShot.objects.filter(pk=shot.pk).update(problem=refusal.detail[:500])
        raise
    with files.intake() as taken:
        stored = ingest.bring_in(taken, made)
        with transaction.atomic():
            _record(shot, made, stored)


def _decode(shot: CaptureShot) -> Shot:
    folder = shot.inspection_folder
    shutil.rmtree(folder, ignore_errors=True)
    with Inspector() as inspector:
        result = inspector.inspect(shot.path, folder, {})
    if result.kind != "k4a_mkv":
        raise Unreadable("The shot is no recording of an Azure Kinect.")
    recording = LocalFile(shot.path, RECORDING)
    made = rgbd_shot(folder, _derived(result, folder), source=recording, source_name=f"{shot.pk}.mkv")
    made.device = str(result.found.get("device") or "")[:160]
    says = {name: value for name, value in result.found.items() if name not in {"warnings", "device"}}
    kept = ("checks", "lost_images", "trigger", "warm_s", "serial", "source", "agent_version")
    made.details = {
        **says,
        **{name: shot.offer[name] for name in kept},
        "notes": result.found.get("warnings", []),
        "original_sha256": shot.sha256,
    }
    return made


def _derived(result: InspectionResult, folder: Path) -> dict[str, Derived]:
    return {
        file.role: Derived(
            path=file.path.resolve().relative_to(folder.resolve()).as_posix(),
            media_type=file.media_type,
            width=file.width or 0,
            height=file.height or 0,
            bit_depth=file.bit_depth or 8,
        )
        for file in result.files
    }


def _record(shot: CaptureShot, made: Shot, stored: ingest.Stored) -> None:
    """The rows, and that the shot is stored: all or none, once."""
    row = CaptureShot.objects.select_for_update().get(pk=shot.pk)
    if row.stage == ShotStage.STORED:
        raise Conflict("This shot was stored by another request; ask again.")
    # Locked, so that no consent is withdrawn between the question and the rows.
    subject = Subject.objects.select_for_update().select_related("project").get(pk=row.subject_id)
    if subject.deleted_at is not None or subject.consent == Consent.WITHDRAWN:
        raise Withdrawn(f"{subject.pseudonym} was removed or has withdrawn: the server takes no shot of it.")
    user = _who(row)
    study = _study_of(row, subject, user)
    row.acquisition = ingest.record_acquisition(
        user=user,
        study=study,
        captured_on=study.visit_date,
        shot=made,
        stored=stored,
        action="acquisition.capture",
    )
    row.study, row.stage, row.stored_at, row.problem = study, ShotStage.STORED, timezone.now(), ""
    row.save(update_fields=["study", "acquisition", "stage", "stored_at", "problem"])
    for name in ("study", "acquisition", "stage", "stored_at", "problem"):
        setattr(shot, name, getattr(row, name))


def _study_of(shot: CaptureShot, subject: Subject, user: User | None) -> Study:
    """The chosen visit, or that of the shot's day, moved as all of the subject's dates are."""
    if shot.study_id is not None:
        chosen = Study.objects.select_related("project", "subject").get(pk=shot.study_id)
        if chosen.deleted_at is None:
            return chosen
    day = timezone.localdate(shot.taken_at) + datetime.timedelta(days=subject.date_shift_days)
    return ingest.study_on(actor=user, subject=subject, visit_date=day)


def _who(shot: CaptureShot) -> User | None:
    """Who pressed the shutter in the browser, or chose the subject whom the key at the agent shot."""
    order = CaptureOrder.objects.filter(pk=shot.request, token__project=shot.project_id).first()
    if order is not None:
        return order.ordered_by
    agent = CaptureAgent.objects.filter(token=shot.token_id, subject=shot.subject_id).first()
    return agent.aimed_by if agent is not None else None


def _forget_bytes(shot: CaptureShot) -> None:
    for path in (shot.path, shot.inspection_folder):
        _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
