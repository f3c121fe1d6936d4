"""The agent's socket: who may open it, what closes it, and that it stays small."""

import asyncio
import random
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from annotation.consumers import agent as agent_module
from annotation.models import AgentToken, CaptureAgent, Project
from capture_agent.protocol import messages
from capture_agent.protocol.messages import Ack, Heard, Target
from tests.annotation.consumers.sockets import AgentEnd, ViewerEnd, camera, frame, heartbeat, hello
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "RECHECK_S", 0.1)
    monkeypatch.setattr(agent_module, "NOTE_EVERY_S", 0.1)


@pytest.fixture
def token(make: Factory) -> tuple[AgentToken, str]:
    return make.token(make.project(), make.user())


async def test_hello_is_answered_with_who_it_is(token: tuple[AgentToken, str]) -> None:
    row, secret = token
    agent = AgentEnd(secret)
    welcome = await agent.greet()
    assert (welcome.agent, welcome.project, welcome.name) == (row.pk, row.project_id, row.name)
    assert (await agent.wait_for(Target)).subject is None
    assert (await agent.wait_for(messages.Preview)).fps == 0
    await agent.say(heartbeat())
    assert await agent.wait_for(Heard)
    await agent.leave()


async def test_what_it_says_is_written_down(token: tuple[AgentToken, str]) -> None:
    row, secret = token
    agent = AgentEnd(secret)
    await agent.greet()
    await agent.say(camera())
    await agent.say(heartbeat(spool_shots=3))
    stored: Any = None
    for _ in range(50):
        stored = await CaptureAgent.objects.aget(pk=row.pk)
        if stored.heartbeat:
            break
        await asyncio.sleep(0.05)
    assert (stored.camera["serial"], stored.heartbeat["spool_shots"]) == ("K1", 3)
    assert stored.online
    await agent.leave()
    assert not (await CaptureAgent.objects.aget(pk=row.pk)).online
    assert (await AgentToken.objects.aget(pk=row.pk)).last_used_at is not None


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], 4401),
        ([(b"authorization", b"Bearer spw_wrong")], 4401),
        ([(b"authorization", b"Basic SECRET")], 4401),
        ([(b"authorization", b"Bearer \xff")], 4401),
        ([(b"authorization", b"Bearer SECRET"), (b"authorization", b"Bearer SECRET")], 4401),
        ([(b"authorization", b"Bearer SECRET"), (b"origin", b"http://localhost")], 4403),
        ([(b"authorization", b"Bearer SECRET"), (b"origin", b"https://evil.example")], 4403),
        ([(b"x-forwarded-authorization", b"Bearer SECRET")], 4401),
        ([(b"cookie", b"token=SECRET")], 4401),
    ],
)
async def test_who_is_turned_away(token: tuple[AgentToken, str], headers: Any, code: int) -> None:
    told = [(name, value.replace(b"SECRET", token[1].encode())) for name, value in headers]
    agent = AgentEnd(headers=told)
    assert await agent.open()
    got, reason = await agent.closed()
    assert (got, bool(reason)) == (code, True)


async def test_another_version_is_turned_away(token: tuple[AgentToken, str]) -> None:
    agent = AgentEnd(token[1], subprotocols=["spineweb.agent.v9"])
    assert await agent.open()
    assert (await agent.closed())[0] == 4426


async def test_hello_is_waited_for_no_longer_than_agreed(
    token: tuple[AgentToken, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "HELLO_WITHIN_S", 0.05)
    agent = AgentEnd(token[1])
    assert await agent.open()
    assert (await agent.closed())[0] == 4408


async def test_silence_ends_it(token: tuple[AgentToken, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "SILENCE_S", 0.05)
    agent = AgentEnd(token[1])
    await agent.greet()
    assert (await agent.closed())[0] == 4408


@pytest.mark.parametrize("how", ["revoked", "project deleted", "gone"])
async def test_a_revoked_token_is_closed(token: tuple[AgentToken, str], how: str) -> None:
    row, secret = token
    agent = AgentEnd(secret)
    await agent.greet()
    if how == "revoked":
        await AgentToken.objects.filter(pk=row.pk).aupdate(revoked_at=timezone.now())
    elif how == "project deleted":
        await Project.objects.filter(pk=row.project_id).aupdate(deleted_at=timezone.now())
    else:
        await sync_to_async(CaptureAgent.objects.filter(pk=row.pk).delete)()
        await sync_to_async(row.delete)()
    assert (await agent.closed())[0] == 4403
    again = AgentEnd(secret)
    assert await again.open()
    assert (await again.closed())[0] == (4401 if how == "gone" else 4403)


async def test_the_newer_connection_wins(token: tuple[AgentToken, str]) -> None:
    older, newer = AgentEnd(token[1]), AgentEnd(token[1])
    await older.greet()
    await newer.greet()
    assert (await older.closed())[0] == 4409
    await older.wire.wait(5)
    assert (await CaptureAgent.objects.aget(pk=token[0].pk)).online
    await newer.say(heartbeat())
    assert await newer.wait_for(Heard)
    await newer.leave()


BROKEN: list[tuple[Any, int]] = [
    ("{", 4400),
    ("null", 4400),
    ("[" * 5000, 4400),
    ('{"type": "heartbeat"}', 4400),
    ('{"type": "shoot"}', 4400),
    ("x" * (64 * 1024 + 1), 1009),
    (b"", 4400),
    (b"\x01\x01" + bytes(200), 4400),
    (bytes(512 * 1024), 1009),
    (bytes(64 << 20), 1009),
]


@pytest.mark.parametrize(("content", "code"), BROKEN, ids=range(len(BROKEN)))
async def test_what_is_not_as_agreed_closes_it(
    token: tuple[AgentToken, str], content: Any, code: int
) -> None:
    agent = AgentEnd(token[1])
    await agent.greet()
    await agent.say(content)
    got, reason = await agent.closed()
    assert (got, bool(reason)) == (code, True)


async def test_hello_comes_first_and_once(token: tuple[AgentToken, str]) -> None:
    early = AgentEnd(token[1])
    assert await early.open()
    await early.say(heartbeat())
    assert (await early.closed())[0] == 4400
    twice = AgentEnd(token[1])
    await twice.greet()
    await twice.say(hello())
    assert (await twice.closed())[0] == 4400


async def test_a_frame_with_nobody_looking_is_acknowledged_at_once(token: tuple[AgentToken, str]) -> None:
    agent = AgentEnd(token[1])
    await agent.greet()
    for seq in range(20):
        await agent.show(seq)
        assert (await agent.wait_for(Ack)).seq == seq
    await agent.leave()


async def test_frames_out_of_order_close_it(token: tuple[AgentToken, str]) -> None:
    agent = AgentEnd(token[1])
    await agent.greet()
    for seq in (5, 6, 6):
        await agent.show(seq)
    assert (await agent.closed())[0] == 4400


async def test_frames_without_a_credit_close_it(make: Factory, token: tuple[AgentToken, str]) -> None:
    member = await sync_to_async(make.member)(token[0].project, "doctor")
    agent = AgentEnd(token[1])
    await agent.greet()
    viewer = await (await ViewerEnd.of(member)).watch(token[0], fps=30)
    await agent.wanted()
    # Two go to the viewer, who acknowledges none; two more wait at the server and at the agent.
    for seq in range(5):
        await agent.show(seq)
        await asyncio.sleep(0.1)
    code, reason = await agent.closed()
    assert (code, "credit" in reason) == (4400, True)
    await viewer.leave()


async def test_too_many_messages_close_it(token: tuple[AgentToken, str]) -> None:
    agent = AgentEnd(token[1])
    await agent.greet()
    for _ in range(400):
        await agent.say(camera(calibration=str(uuid.uuid4())))
    assert (await agent.closed())[0] == 4429


async def test_mutated_messages_never_crash_it(token: tuple[AgentToken, str]) -> None:
    """Each either passes or closes the socket with a reason; the server goes on."""
    chance = random.Random(7)
    good: list[bytes] = [frame(0, 400), messages.FROM_AGENT.pack(camera()).encode()]
    agent: AgentEnd | None = None
    for _ in range(150):
        if agent is None:
            agent = AgentEnd(token[1])
            await agent.greet()
        mutated = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        as_text = chance.random() < 0.5
        await agent.say(bytes(mutated).decode("latin-1") if as_text else bytes(mutated))
        await asyncio.sleep(0)
        closed = None
        while not agent.wire.output_queue.empty():
            event = agent.wire.output_queue.get_nowait()
            closed = event if event["type"] == "websocket.close" else closed
        if closed is not None:
            assert closed["code"] in {4400, 4409, 4429, 1009}
            assert closed["reason"]
            agent = None
    final = AgentEnd(token[1])
    assert await final.greet()
    await final.leave()
