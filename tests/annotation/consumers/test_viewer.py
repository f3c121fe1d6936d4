"""The viewer's socket: what it sees, how little a viewer costs who does not read, whom it may shoot."""

import asyncio
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from annotation.consumers import viewer as viewer_module
from annotation.consumers.hub import hub
from annotation.models import AgentToken, CaptureOrder, Membership, Project, Subject, User
from annotation.models.cohort import Consent
from capture_agent.protocol import messages
from capture_agent.protocol.messages import (
    Ack,
    Aim,
    Cancel,
    Failure,
    Guidance,
    Presence,
    Press,
    Refused,
    Shoot,
    Target,
    Watch,
)
from capture_agent.protocol.previews import unpack_preview
from tests.annotation.consumers.sockets import AgentEnd, ViewerEnd, camera, heartbeat
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "RECHECK_S", 0.1)


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def token(make: Factory, project: Project) -> tuple[AgentToken, str]:
    return make.token(project, make.user())


@pytest.fixture
def assistant(make: Factory, project: Project) -> User:
    return make.member(project, "assistant")


@pytest.fixture
def doctor(make: Factory, project: Project) -> User:
    return make.member(project, "doctor")


async def agent_of(token: tuple[AgentToken, str]) -> AgentEnd:
    agent = AgentEnd(token[1])
    await agent.greet()
    return agent


async def test_frames_come_as_they_were_sent(token: tuple[AgentToken, str], assistant: User) -> None:
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(assistant)).watch(token[0], fps=30)
    assert (await agent.wanted()).fps == 30
    for seq in range(5):
        await agent.show(seq)
        shown = await viewer.wait_for(bytes)
        assert unpack_preview(shown).seq == seq
        await viewer.say(Ack(seq=seq))
        assert (await agent.wait_for(Ack)).seq == seq
    await viewer.leave()
    assert (await agent.wait_for(messages.Preview)).fps == 0
    await agent.leave()


async def test_who_does_not_acknowledge_gets_two_frames_and_keeps_nobody_waiting(
    token: tuple[AgentToken, str], assistant: User, doctor: User
) -> None:
    agent = await agent_of(token)
    lazy = await (await ViewerEnd.of(doctor)).watch(token[0], fps=30)
    eager = await (await ViewerEnd.of(assistant)).watch(token[0], fps=30)
    await agent.wanted()
    for seq in range(10):
        await agent.show(seq)
        assert unpack_preview(await eager.wait_for(bytes)).seq == seq
        await eager.say(Ack(seq=seq))
        await agent.wait_for(Ack)
    frames = 0
    while not await lazy.silent(bytes):
        frames += 1
    assert frames == messages.CREDITS
    # Its turn again: the newest, not what it missed.
    await lazy.say(Ack(seq=1))
    assert unpack_preview(await lazy.wait_for(bytes)).seq == 9
    for end in (lazy, eager, agent):
        await end.leave()


async def test_the_agent_waits_for_its_only_viewer(token: tuple[AgentToken, str], doctor: User) -> None:
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(doctor)).watch(token[0], fps=30)
    await agent.wanted()
    for seq in (0, 1):
        await agent.show(seq)
        await viewer.wait_for(bytes)
        await agent.wait_for(Ack)
    await agent.show(2)
    assert await agent.silent(Ack)
    await viewer.say(Ack(seq=0))
    assert (await agent.wait_for(Ack)).seq == 2
    # Who leaves without a word frees the agent as well.
    await viewer.wait_for(bytes)
    await agent.show(3)
    assert await agent.silent(Ack)
    await viewer.leave()
    assert (await agent.wait_for(Ack)).seq == 3
    await agent.leave()


async def test_the_best_that_anybody_wants_is_asked_for(
    token: tuple[AgentToken, str], assistant: User, doctor: User
) -> None:
    agent = await agent_of(token)
    one = await (await ViewerEnd.of(doctor)).watch(token[0], fps=5, depth="exact", colour_width=320)
    first = await agent.wanted()
    assert (first.fps, first.depth, first.colour_width) == (5, "exact", 320)
    two = await (await ViewerEnd.of(assistant)).watch(token[0], fps=15, depth="shade", colour_width=640)
    both = await agent.wanted()
    assert (both.fps, both.depth, both.colour_width) == (15, "exact", 640)
    await one.leave()
    left = await agent.wanted()
    assert (left.fps, left.depth, left.colour_width) == (15, "shade", 640)
    await two.leave()
    await agent.leave()


async def test_a_late_viewer_is_told_how_things_stand(token: tuple[AgentToken, str], doctor: User) -> None:
    agent = await agent_of(token)
    await agent.say(camera())
    await agent.say(heartbeat(spool_shots=4))
    await agent.wait_for(messages.Heard)
    viewer = await ViewerEnd.of(doctor)
    await viewer.open()
    await viewer.say(Watch(agent=token[0].pk))
    kinds = [type(await viewer.next()) for _ in range(4)]
    assert kinds == [Presence, messages.CameraState, messages.Heartbeat, Target]
    await agent.leave()
    assert not (await viewer.wait_for(Presence)).online
    await viewer.leave()


async def test_only_the_newest_guidance_waits(token: tuple[AgentToken, str], doctor: User) -> None:
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(doctor)).watch(token[0])
    [watcher] = hub().lives[token[0].pk].watchers
    for number in range(500):
        said = Guidance(device_time_us=number, ready=True, checks=())
        hub().lives[token[0].pk].say(Guidance.TYPE, messages.TO_VIEWER.pack(said))
    assert (await viewer.wait_for(Guidance)).device_time_us == 499
    assert watcher._outbox.next() is None  # type: ignore[attr-defined]
    await viewer.leave()
    await agent.leave()


async def test_from_choosing_to_the_shutter(
    make: Factory, token: tuple[AgentToken, str], project: Project, assistant: User
) -> None:
    subject: Subject = await sync_to_async(make.subject)(project)
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(assistant)).watch(token[0])
    request = uuid.uuid4()
    await viewer.say(Press(request=request))
    assert (await viewer.wait_for(Refused)).code == "no_subject"
    await viewer.say(Aim(subject=subject.pk))
    target = (await viewer.wait_for(Target)).subject or (await viewer.wait_for(Target)).subject
    assert target.pseudonym == subject.pseudonym
    told = (await agent.wait_for(Target)).subject or (await agent.wait_for(Target)).subject
    assert told.id == subject.pk
    await viewer.say(Press(request=request, countdown_s=3.0))
    shoot = await agent.wait_for(Shoot)
    assert (shoot.request, shoot.subject, shoot.countdown_s) == (request, told, 3.0)
    order = await CaptureOrder.objects.aget(pk=request)
    assert (order.ordered_by_id, order.subject_id) == (assistant.pk, subject.pk)
    await viewer.say(Cancel(request=request))
    assert (await agent.wait_for(Cancel)).request == request
    # Withdrawn while she stands there.
    await Subject.objects.filter(pk=subject.pk).aupdate(consent=Consent.WITHDRAWN)
    await viewer.say(Press(request=uuid.uuid4()))
    assert (await viewer.wait_for(Refused)).code == "no_subject"
    await viewer.leave()
    await agent.leave()


async def test_a_doctor_looks_and_does_not_shoot(
    make: Factory, token: tuple[AgentToken, str], project: Project, doctor: User
) -> None:
    subject: Subject = await sync_to_async(make.subject)(project)
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(doctor)).watch(token[0])
    await viewer.say(Aim(subject=subject.pk))
    assert (await viewer.wait_for(Failure)).code == "not_allowed"
    await viewer.say(Press(request=uuid.uuid4()))
    assert (await viewer.wait_for(Refused)).code == "not_allowed"
    await viewer.say(Cancel(request=uuid.uuid4()))
    assert await agent.silent((Shoot, Cancel))
    await viewer.leave()
    await agent.leave()


async def test_another_projects_subject(
    make: Factory, token: tuple[AgentToken, str], assistant: User
) -> None:
    foreign: Subject = await sync_to_async(make.subject)()
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(assistant)).watch(token[0])
    await viewer.say(Aim(subject=foreign.pk))
    assert (await viewer.wait_for(Failure)).code == "no_subject"
    await viewer.leave()
    await agent.leave()


async def test_nobody_is_there(token: tuple[AgentToken, str], assistant: User) -> None:
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(Watch(agent=token[0].pk))
    assert not (await viewer.wait_for(Presence)).online
    await viewer.say(Press(request=uuid.uuid4()))
    assert (await viewer.wait_for(Refused)).code == "offline"
    await viewer.leave()
    assert token[0].pk not in hub().lives


async def test_strangers_and_foreign_origins(
    make: Factory, token: tuple[AgentToken, str], assistant: User
) -> None:
    nobody = ViewerEnd("")
    assert await nobody.open()
    assert (await nobody.closed())[0] == 4401
    evil = await ViewerEnd.of(assistant, origin=b"https://evil.example")
    assert not await evil.open()
    stranger = await ViewerEnd.of(await sync_to_async(make.user)())
    assert await stranger.open()
    await stranger.say(Watch(agent=token[0].pk))
    assert (await stranger.closed())[0] == 4404


@pytest.mark.parametrize(("how", "code"), [("left", 4403), ("disabled", 4401), ("deleted", 4403)])
async def test_who_may_no_longer_look_is_closed(
    token: tuple[AgentToken, str], assistant: User, how: str, code: int
) -> None:
    viewer = await (await ViewerEnd.of(assistant)).watch(token[0])
    if how == "left":
        await Membership.objects.filter(user=assistant).adelete()
    elif how == "disabled":
        await User.objects.filter(pk=assistant.pk).aupdate(is_active=False)
    else:
        await Project.objects.filter(pk=token[0].project_id).aupdate(deleted_at=timezone.now())
    assert (await viewer.closed())[0] == code


@pytest.mark.parametrize(("content", "code"), [("{", 4400), ("x" * 5000, 1009), (b"\x01", 4400)])
async def test_what_a_viewer_may_not_say(assistant: User, content: str | bytes, code: int) -> None:
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(content)
    assert (await viewer.closed())[0] == code


async def test_who_looks_away_costs_nothing(token: tuple[AgentToken, str], doctor: User) -> None:
    agent = await agent_of(token)
    viewer = await (await ViewerEnd.of(doctor)).watch(token[0], fps=30)
    await agent.wanted()
    await viewer.say(Watch(agent=None))
    assert (await agent.wait_for(messages.Preview)).fps == 0
    await agent.show(0)
    await agent.wait_for(Ack)
    assert await viewer.silent(bytes)
    await viewer.leave()
    await asyncio.sleep(0)
    await agent.leave()
