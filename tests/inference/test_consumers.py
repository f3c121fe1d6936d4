"""The jobs socket: for members only, of one project only, and only for as long as they are."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from django.utils import timezone

from annotation.models import Project, User
from inference import consumers
from inference.actions import jobs
from inference.models import TrainingJob
from spineweb.asgi import application
from tests.factories import Factory
from tests.inference.rows import training_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "REAUTHORISE_EVERY_S", 0.1)


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def member(make: Factory, project: Project) -> User:
    return make.member(project, "assistant")


class Socket:
    """A browser's end of a websocket."""

    wire: Any

    def __init__(self, query: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket",
            "path": "/ws/v1/jobs/",
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": [],
        }
        self.wire = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def connect(self) -> bool:
        """Whether it was accepted."""
        await self.wire.send_input({"type": "websocket.connect"})
        return bool((await self.wire.receive_output(5))["type"] == "websocket.accept")

    async def disconnect(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(5)

    async def close_code(self) -> int:
        message = await self.wire.receive_output(5)
        assert message["type"] == "websocket.close"
        return int(message["code"])


def socket(user: User | None, query: str, origin: bytes = b"http://localhost") -> Socket:
    """A browser's socket, with the cookie of a real session."""
    headers = [(b"origin", origin), (b"host", b"localhost")]
    if user is not None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
    return Socket(query, headers)


async def opened(user: User, project: Project) -> Socket:
    communicator = await sync_to_async(socket)(user, f"project={project.pk}")
    assert await communicator.connect()
    # Until it is in the group: the check comes after the accept.
    await asyncio.sleep(0.3)
    return communicator


async def test_a_member_hears_of_the_projects_jobs_and_of_no_others(
    make: Factory, project: Project, member: User
) -> None:
    communicator = await opened(member, project)
    other = await sync_to_async(training_job)(make)
    job: TrainingJob = await sync_to_async(training_job)(make, project)
    await sync_to_async(jobs.cancel)(actor=member, job=other)
    await sync_to_async(jobs.cancel)(actor=member, job=job)
    hint = json.loads((await communicator.wire.receive_output(5))["text"])
    assert hint == {
        "type": "job", "kind": "training", "id": str(job.pk), "state": "cancelled", "progress": None,
    }  # fmt: skip
    assert await communicator.wire.receive_nothing(timeout=0.2)
    await communicator.disconnect()


@pytest.mark.parametrize(
    ("who", "query", "code"),
    [
        ("nobody", "own", 4401),
        ("stranger", "own", 4403),
        ("member", "project=", 4403),
        ("member", "", 4403),
        ("member", "project=not-an-id", 4403),
        ("member", f"project={uuid.UUID(int=7)}", 4403),
        ("member", "both", 4403),
        ("beginner", "own", 4401),
    ],
)
async def test_who_is_turned_away(
    make: Factory, project: Project, member: User, who: str, query: str, code: int
) -> None:
    def user() -> User | None:
        if who == "nobody":
            return None
        if who == "member":
            return member
        somebody = make.user(must_change_password=who == "beginner")
        return make.member(make.project() if who == "stranger" else project, "doctor", somebody)

    query = query.replace("own", f"project={project.pk}").replace(
        "both", f"project={project.pk}&project={project.pk}"
    )
    communicator = await sync_to_async(lambda: socket(user(), query))()
    assert await communicator.connect()
    assert await communicator.close_code() == code


async def test_a_foreign_origin_is_refused(project: Project, member: User) -> None:
    communicator = await sync_to_async(socket)(member, f"project={project.pk}", b"https://evil.example")
    assert not await communicator.connect()


def leave(project: Project, user: User) -> None:
    project.memberships.all().delete()


def disable(project: Project, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def new_password(project: Project, user: User) -> None:
    user.set_password("another-long-password")
    user.save()


def delete_project(project: Project, user: User) -> None:
    Project.objects.filter(pk=project.pk).update(deleted_at=timezone.now())


@pytest.mark.parametrize(
    ("act", "code"), [(leave, 4403), (disable, 4401), (new_password, 4401), (delete_project, 4403)]
)
async def test_who_may_no_longer_look_is_closed(
    project: Project, member: User, act: Callable[[Project, User], None], code: int
) -> None:
    communicator = await opened(member, project)
    await sync_to_async(act)(project, member)
    assert await communicator.close_code() == code


@pytest.mark.parametrize("frame", ["{", "null", "[" * 500, '{"type": "hint", "hint": {}}', b"\x00\xff\xfe"])
async def test_frames_from_the_browser_do_nothing(project: Project, member: User, frame: Any) -> None:
    communicator = await opened(member, project)
    kind = "bytes" if isinstance(frame, bytes) else "text"
    await communicator.wire.send_input({"type": "websocket.receive", kind: frame})
    assert await communicator.wire.receive_nothing(timeout=0.3)
    await communicator.disconnect()


async def test_a_large_frame_ends_the_socket(project: Project, member: User) -> None:
    communicator = await opened(member, project)
    await communicator.wire.send_input({"type": "websocket.receive", "text": "x" * 5000})
    assert await communicator.close_code() == 1009
