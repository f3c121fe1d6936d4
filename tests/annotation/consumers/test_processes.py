"""Agent and viewer in different web processes: two hubs that share nothing but the channel layer."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from annotation.actions import captureannounce
from annotation.consumers import hub as hub_module
from annotation.consumers import viewer as viewer_module
from annotation.consumers.hub import Hub
from annotation.models import AgentToken, CaptureShot, Project, Subject, User
from capture_agent.protocol import messages
from capture_agent.protocol.messages import Ack, Aim, Guidance, Presence, Press, Shoot, Target
from capture_agent.protocol.previews import unpack_preview
from tests.annotation.consumers.sockets import AgentEnd, ViewerEnd, heartbeat
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def token(make: Factory, project: Project) -> tuple[AgentToken, str]:
    return make.token(project, make.user())


@pytest.fixture
def assistant(make: Factory, project: Project) -> User:
    return make.member(project, "assistant")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The viewers' process, made with the first viewer."""
    hubs: list[Hub] = []

    def other() -> Hub:
        if not hubs:
            hubs.append(Hub())
        return hubs[0]

    monkeypatch.setattr(viewer_module, "hub", other)
    monkeypatch.setattr(hub_module, "REPEAT_S", 0.1)
    monkeypatch.setattr(hub_module, "GONE_S", 0.6)
    monkeypatch.setattr(hub_module, "UNKNOWN_S", 0.5)


async def agent_of(token: tuple[AgentToken, str]) -> AgentEnd:
    agent = AgentEnd(token[1])
    await agent.greet()
    return agent


async def online(viewer: ViewerEnd) -> None:
    while not (await viewer.wait_for(Presence)).online:
        pass


async def test_frames_and_words_cross(token: tuple[AgentToken, str], assistant: User) -> None:
    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk, fps=30))
    await online(viewer)
    assert (await agent.wanted()).fps == 30
    for seq in range(5):
        await agent.show(seq)
        assert unpack_preview(await viewer.wait_for(bytes)).seq == seq
        await viewer.say(Ack(seq=seq))
        assert (await agent.wait_for(Ack)).seq == seq
    await agent.say(Guidance(device_time_us=5, ready=True, checks=()))
    assert (await viewer.wait_for(Guidance)).device_time_us == 5
    await viewer.leave()
    # The agent's home forgets a process that is silent.
    assert (await agent.wait_for(messages.Preview)).fps == 0
    await agent.leave()


async def test_at_most_two_frames_go_to_a_process_that_takes_none(
    token: tuple[AgentToken, str], assistant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk, fps=30))
    await online(viewer)
    await agent.wanted()
    sent: list[str] = []
    original = Hub.send

    def counted(self: Hub, channel: str, agent: uuid.UUID, kind: str, **said: Any) -> None:
        sent.append(kind)
        original(self, channel, agent, kind, **said)

    monkeypatch.setattr(Hub, "send", counted)
    for seq in range(5):
        await agent.show(seq)
        await asyncio.sleep(0.2)
    # Two are at the viewer, who acknowledges none, and two at its process; the fifth waits at the home.
    assert sent.count("frame") == 4
    assert (await last_of(agent, Ack)).seq == 3
    await viewer.say(Ack(seq=0))
    assert (await agent.wait_for(Ack)).seq == 4
    assert sent.count("frame") == 5
    await viewer.leave()
    await agent.leave()


async def last_of(end: AgentEnd, kind: Any) -> Any:
    """The last message of a kind that is here already."""
    found = None
    while not end.wire.output_queue.empty():
        message = await end.next()
        found = message if isinstance(message, kind) else found
    return found


async def test_aim_and_shutter_cross(
    make: Factory, token: tuple[AgentToken, str], project: Project, assistant: User
) -> None:
    subject: Subject = await sync_to_async(make.subject)(project)
    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk))
    await online(viewer)
    assert (await agent.wait_for(Target)).subject is None
    await viewer.say(Aim(subject=subject.pk))
    assert (await agent.wait_for(Target)).subject.id == subject.pk
    while (await viewer.wait_for(Target)).subject is None:
        pass
    request = uuid.uuid4()
    await viewer.say(Press(request=request))
    assert (await agent.wait_for(Shoot)).request == request
    await viewer.leave()
    await agent.leave()


async def test_an_agent_that_goes_and_comes_back(token: tuple[AgentToken, str], assistant: User) -> None:
    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk, fps=30))
    await online(viewer)
    await agent.leave()
    assert not (await viewer.wait_for(Presence)).online
    again = await agent_of(token)
    await online(viewer)
    await again.wanted()
    await again.show(0)
    assert unpack_preview(await viewer.wait_for(bytes)).seq == 0
    await viewer.leave()
    await again.leave()


async def test_a_home_that_was_killed_is_noticed(
    token: tuple[AgentToken, str], assistant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk))
    await online(viewer)
    # kill -9: nothing is said any more, not even farewell.
    monkeypatch.setattr(hub_module.OtherProcess, "hear", lambda *_: None)
    agent.wire.stop()
    while (await viewer.wait_for(Presence)).online:
        pass
    await viewer.leave()


async def test_stored_is_heard_once_wherever_it_is_said(
    make: Factory, token: tuple[AgentToken, str], project: Project, assistant: User
) -> None:
    def shot() -> CaptureShot:
        colour, _ = make.back(make.study(make.subject(project)))
        return CaptureShot(
            pk=uuid.uuid4(), token=token[0], study=colour.study, acquisition=colour.acquisition
        )

    agent = await agent_of(token)
    viewer = await ViewerEnd.of(assistant)
    await viewer.open()
    await viewer.say(messages.Watch(agent=token[0].pk))
    await online(viewer)
    await agent.say(heartbeat())
    await viewer.wait_for(messages.Heartbeat)
    made = await sync_to_async(shot)()
    said = await sync_to_async(captureannounce.stored_message)(made)
    assert said is not None
    layer: Any = get_channel_layer()
    await layer.group_send(captureannounce.viewers_of(token[0].pk), said)
    assert (await viewer.wait_for(messages.Stored)).shot == made.pk
    assert await viewer.silent(messages.Stored)
    await viewer.leave()
    await agent.leave()
