"""What agents say of themselves and measure, whom they aim at, and who may ask them for a shot."""

import datetime
import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.audit import record, without_sync
from annotation.actions.errors import ActionError
from annotation.models import AgentToken, CaptureAgent, CaptureOrder, DeviceCheck, Study, Subject, User
from capture_agent.protocol import messages, uploads
from capture_agent.protocol.wire import plain


class NoSubject(ActionError):
    """There is nobody the shot could show."""

    code = "no_subject"


def token_of(secret: str) -> AgentToken | None:
    """The token of this secret, revoked or not; None for a stranger."""
    rows = AgentToken.objects.select_related("project")
    return rows.filter(token_hash=AgentToken.hash_of(secret)).first()


def is_good(token: AgentToken) -> bool:
    """Whether it may still be used."""
    return token.revoked_at is None and token.project.deleted_at is None


def connected(*, token: AgentToken, connection: uuid.UUID, hello: messages.Hello) -> CaptureAgent:
    """An agent opened its socket. Its row, with subject and visit it aims at."""
    now = timezone.now()
    said = {"connection": connection, "connected": True, "heard_at": now, "hello": plain(hello)}
    CaptureAgent.objects.update_or_create(token=token, defaults=said)
    AgentToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return CaptureAgent.objects.select_related("subject", "study").get(pk=token.pk)


def heard(*, token_id: uuid.UUID, connection: uuid.UUID, said: dict[str, Any]) -> None:
    """What an agent said lately (`camera`, `heartbeat`). An older connection changes nothing."""
    with without_sync():
        rows = CaptureAgent.objects.filter(pk=token_id, connection=connection)
        rows.update(heard_at=timezone.now(), **said)


def disconnected(*, token_id: uuid.UUID, connection: uuid.UUID) -> None:
    """An agent's socket is closed, unless a newer one is open."""
    CaptureAgent.objects.filter(pk=token_id, connection=connection).update(connected=False)


def still_good(*, token_id: uuid.UUID) -> bool:
    """Whether the token of an open socket was not revoked meanwhile."""
    token = AgentToken.objects.select_related("project").filter(pk=token_id).first()
    return token is not None and is_good(token)


@transaction.atomic
def aim(
    *, user: User, token: AgentToken, subject_id: uuid.UUID | None, study_id: uuid.UUID | None
) -> messages.Subject | None:
    """Choose whom an agent's next shot shows; None: nobody. Raises NoSubject."""
    subject = None
    if subject_id is not None:
        subject = Subject.objects.live().filter(pk=subject_id, project=token.project).first()
        if subject is None:
            raise NoSubject("This subject is not in the camera's project, or has withdrawn.")
    study = None
    if subject is not None and study_id is not None:
        study = Study.objects.live().filter(pk=study_id, subject=subject).first()
        if study is None:
            raise NoSubject("This visit is not one of the subject's.")
    CaptureAgent.objects.update_or_create(
        token=token, defaults={"subject": subject, "study": study, "aimed_by": user}
    )
    return _target(subject, study)


def target_of(agent: CaptureAgent) -> messages.Subject | None:
    """Whom an agent aims at, if the subject still consents."""
    if agent.subject is None or not Subject.objects.live().filter(pk=agent.subject.pk).exists():
        return None
    return _target(agent.subject, agent.study)


def _target(subject: Subject | None, study: Study | None) -> messages.Subject | None:
    if subject is None:
        return None
    return messages.Subject(
        id=subject.pk, pseudonym=subject.pseudonym, study=None if study is None else study.pk
    )


@transaction.atomic
def order(*, user: User, token: AgentToken, request: uuid.UUID) -> messages.Subject:
    """Note who presses the shutter; whom the shot shows. The same request again is the same order.

    Raises PermissionDenied and NoSubject.
    """
    known = CaptureOrder.objects.filter(pk=request).first()
    if known is not None and (known.token_id, known.ordered_by_id) != (token.pk, user.pk):
        raise PermissionDenied("This request is somebody else's.")
    agent = CaptureAgent.objects.select_related("subject", "study").filter(token=token).first()
    target = target_of(agent) if agent is not None else None
    if target is None:
        raise NoSubject("Choose the subject first.")
    if known is None:
        CaptureOrder.objects.create(pk=request, token=token, subject_id=target.id, ordered_by=user)
    return target


def keep_check(
    *, token: AgentToken, check_id: uuid.UUID, said: uploads.DeviceCheck
) -> tuple[DeviceCheck, bool]:
    """Keep what a device check measured; whether it is new. The same id again changes nothing.

    Raises PermissionDenied where another project has a check of this id.
    """
    try:
        with transaction.atomic():
            row = DeviceCheck.objects.create(
                pk=check_id,
                project=token.project,
                token=token,
                serial=said.serial,
                measured_at=_moment(said.measured_at_s),
                said=plain(said),
            )
            summary = f"{said.serial or 'camera'}, by {token.name!r}"
            record(actor=None, action="device.check", target=row, summary=summary, project=token.project)
            return row, True
    except IntegrityError:
        row = DeviceCheck.objects.get(pk=check_id)
    if row.project_id != token.project_id:
        raise PermissionDenied("This check belongs to another project.")
    return row, False


def _moment(seconds: float) -> datetime.datetime:
    """A time that an agent told, but none that is still to come."""
    now = timezone.now()
    try:
        return min(datetime.datetime.fromtimestamp(seconds, datetime.UTC), now)
    except (ValueError, OverflowError, OSError):
        return now
