"""The agent as a whole against a small server: hello, live view, guidance, orders, uploads, reconnects."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from capture_agent import backoff, uplink
from capture_agent.agent import Agent, Keyed
from capture_agent.protocol import messages
from capture_agent.protocol.depthcode import decode_depth
from capture_agent.protocol.messages import (
    CREDITS,
    Ack,
    CameraState,
    Cancel,
    Countdown,
    Guidance,
    Heartbeat,
    Preview,
    Refused,
    Shoot,
    Subject,
    Taken,
    Target,
    Uploads,
)
from capture_agent.server import Server
from capture_agent.sources.replay import Replay
from capture_agent.spool import Spool
from tests.capture_agent.fake_server import TOKEN, FakeServer, serving
from tests.capture_agent.recordings import DEVICE, captures, recording
from tests.capture_agent.shots import PROJECT, SUBJECT

PATIENT = Subject(id=SUBJECT, pseudonym="P-001")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.02)
    monkeypatch.setattr(uplink, "TURNED_AWAY_S", 1.0)


@asynccontextmanager
async def working(folder: Path, url: str, token: str = TOKEN) -> AsyncIterator[Agent]:
    spool = Spool(folder / "spool", folder / "key")
    source = Replay("phantom", recording(folder / "a.mkv", captures(6)))
    agent = Agent(Server.at(url, token), source, spool, Keyed(countdown_s=0.0))
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        spool.close()


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


async def test_it_introduces_itself_and_says_how_it_is(server: FakeServer, tmp_path: Path) -> None:
    server.clock_ahead_s = 86_400
    async with serving(server) as url, working(tmp_path, url) as agent:
        await server.until(lambda: server.said(Heartbeat) and server.said(CameraState)[-1].state == "open")
        await server.until(lambda: len(server.said(Guidance)) > 20)
        assert server.sockets[0].hello.source == "phantom"
        camera = server.said(CameraState)[-1]
        assert (camera.serial, camera.firmware, camera.fps) == (DEVICE.serial, "1.6.1 / 2.7", 15)
        assert camera.calibration == DEVICE.calibration_json.decode()
        assert agent.uplink.clock_offset_s == pytest.approx(86_400, abs=2)
        guided = server.said(Guidance)
        assert len({guidance.device_time_us for guidance in guided}) == len(guided)
        # Nobody looked, so nothing was shown.
        assert server.sockets[0].frames == []


async def test_guidance_comes_ten_times_a_second(server: FakeServer, tmp_path: Path) -> None:
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.said(Guidance))
        first = server.said(Guidance)[0].device_time_us
        await asyncio.sleep(2)
        passed_s = (server.said(Guidance)[-1].device_time_us - first) / 1e6
        assert len(server.said(Guidance)) > 10 * passed_s


async def test_the_live_view_is_what_was_asked_for(server: FakeServer, tmp_path: Path) -> None:
    server.preview = Preview(fps=15, depth="exact", colour_width=320)
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.sockets and len(server.sockets[0].frames) > 10)
        frames = server.sockets[0].frames
        assert [frame.seq for frame in frames] == list(range(len(frames)))
        shown = {decode_depth(frame.depth, *frame.depth_size).tobytes() for frame in frames}
        assert shown <= {np.asarray(shot.depth_mm).tobytes() for shot in captures(6)}
        assert frames[0].colour_size == (320, 180)
        await server.sockets[0].send(Preview(fps=0))
        await asyncio.sleep(0.3)
        still = len(server.sockets[0].frames)
        await asyncio.sleep(0.5)
        assert len(server.sockets[0].frames) == still


async def test_without_acknowledgements_two_frames_come_and_no_more(
    server: FakeServer, tmp_path: Path
) -> None:
    server.preview = Preview(fps=30)
    server.acknowledges = False
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.sockets and len(server.sockets[0].frames) == CREDITS)
        await asyncio.sleep(0.5)
        frames = server.sockets[0].frames
        assert len(frames) == CREDITS
        before_us = frames[-1].device_time_us
        await server.sockets[0].send(Ack(seq=frames[0].seq))
        await server.until(lambda: len(frames) == CREDITS + 1)
        # The newest there is, not the one that would have been next.
        assert frames[-1].device_time_us > before_us + 300_000


async def test_a_slow_rate_is_kept(server: FakeServer, tmp_path: Path) -> None:
    server.preview = Preview(fps=5)
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.sockets and server.sockets[0].frames)
        await asyncio.sleep(2)
        assert 6 <= len(server.sockets[0].frames) <= 14


async def test_a_shot_by_the_browser_is_stored(server: FakeServer, tmp_path: Path) -> None:
    async with serving(server) as url, working(tmp_path, url) as agent:
        await server.until(lambda: server.said(Guidance))
        wanted = Shoot(request=uuid.uuid4(), subject=PATIENT, countdown_s=0.1)
        await server.sockets[0].send(wanted)
        await server.until(lambda: server.stored)
        (taken,) = server.said(Taken)
        assert taken.request == wanted.request
        (shot,) = server.stored
        assert hashlib.sha256(shot.content).hexdigest() == taken.sha256 == shot.offer.sha256
        assert (shot.offer.project, shot.offer.subject, shot.offer.trigger) == (PROJECT, SUBJECT, "browser")
        assert shot.offer.checks[0].name == "distance"
        assert server.said(Countdown)
        await server.until(lambda: server.said(Uploads)[-1].shots[-1].state == "stored")
        # The same order again, as after a lost answer: no second shot.
        await server.sockets[0].send(wanted)
        await server.until(lambda: len(server.said(Taken)) == 2)
        assert server.said(Taken)[1] == taken
        assert len(server.shots) == 1
        assert agent.uploader.waiting == []


async def test_the_key_shoots_whom_the_browser_chose(server: FakeServer, tmp_path: Path) -> None:
    async with serving(server) as url, working(tmp_path, url) as agent:
        await server.until(lambda: server.said(Guidance) and agent.uplink.target == PATIENT)
        taken = await agent.press()
        assert isinstance(taken, Taken)
        await server.until(lambda: server.stored)
        assert server.stored[0].offer.trigger == "key"
        await server.sockets[0].send(Target(subject=None))
        await server.until(lambda: agent.uplink.target is None)
        refused = await agent.press()
        assert isinstance(refused, Refused)
        assert refused.code == "no_subject"
        await server.until(lambda: server.said(Refused) == [refused])


async def test_a_countdown_is_cancelled_from_afar(server: FakeServer, tmp_path: Path) -> None:
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.said(Guidance))
        request = uuid.uuid4()
        await server.sockets[0].send(Shoot(request=request, subject=PATIENT, countdown_s=20))
        await server.until(lambda: server.said(Countdown))
        await server.sockets[0].send(Cancel(request=request))
        await server.until(lambda: server.said(Refused))
        assert server.said(Refused)[0].code == "cancelled"


async def test_it_comes_back_in_the_same_session(server: FakeServer, tmp_path: Path) -> None:
    async with serving(server) as url, working(tmp_path, url):
        for count in (1, 2, 3):
            await server.until(partial(_has_sockets, server, count))
            await server.sockets[-1].close(1011)
        await server.until(lambda: len(server.sockets) == 4)
        assert len({socket.hello.session for socket in server.sockets}) == 1
        await server.until(lambda: any(isinstance(said, CameraState) for said in server.sockets[-1].heard))


async def test_a_shot_taken_while_the_server_is_away_is_told_and_stored_later(
    server: FakeServer, tmp_path: Path
) -> None:
    async with serving(server) as url, working(tmp_path, url) as agent:
        await server.until(lambda: server.said(Guidance) and agent.uplink.target)
        server.refuses_with = 1013
        await server.sockets[0].close(1012)
        await server.until(lambda: not agent.uplink.connected)
        server.faults.append(lambda *_: (503, {}, {}))
        taken = await agent.press()
        assert isinstance(taken, Taken)
        assert not server.stored
        server.refuses_with = None
        server.faults.clear()
        await server.until(lambda: server.stored and taken in server.said(Taken))


@pytest.mark.parametrize("code", [messages.NOT_SIGNED_IN, messages.NOT_ALLOWED, messages.REPLACED], ids=str)
async def test_turned_away_it_stays_away_for_a_while(
    server: FakeServer, tmp_path: Path, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses_with = code
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: _warnings(caplog))
        await asyncio.sleep(0.3)
        (said,) = _warnings(caplog)
        assert uplink.SAYS[code] in said
        server.refuses_with = None
        await server.until(lambda: server.said(Heartbeat))


async def test_a_wrong_token_is_never_told_and_an_unknown_server_no_reason_to_stop(
    server: FakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with serving(server) as url, working(tmp_path, url, token="spw_wrongwrongwrong"):
        await asyncio.sleep(0.3)
    async with working(tmp_path, "http://127.0.0.1:9") as agent:
        await asyncio.sleep(0.2)
        assert not agent.uplink.connected
    assert "wrongwrong" not in " ".join(
        record.getMessage() for record in caplog.records if "capture_agent" in record.name
    )
    assert "wrongwrong" not in repr(Server.at("http://localhost", "spw_wrongwrongwrong"))


async def test_nonsense_from_the_server_ends_the_connection_and_not_the_agent(
    server: FakeServer, tmp_path: Path
) -> None:
    async with serving(server) as url, working(tmp_path, url):
        await server.until(lambda: server.sockets)
        await server.sockets[0].send_text('{"type": "shoot", "request": "now"}')
        await server.until(lambda: len(server.sockets) == 2)


async def test_what_may_not_be_sent_is_left_out_and_the_connection_stays(
    server: FakeServer, tmp_path: Path
) -> None:
    async with serving(server) as url, working(tmp_path, url) as agent:
        await server.until(lambda: server.said(Guidance))
        agent._outbox.put(Refused(request=uuid.uuid4(), code="no_frames", says="x" * 5000))
        good = Refused(request=uuid.uuid4(), code="no_frames", says="x")
        agent._outbox.put(good)
        await server.until(lambda: server.said(Refused) == [good])
        assert len(server.sockets) == 1


async def test_a_silent_server_counts_as_gone(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink, "SILENCE_S", 0.3)
    async with serving(server) as url, working(tmp_path, url):
        began_s = time.monotonic()
        # Heartbeats are answered every two seconds only.
        await server.until(lambda: len(server.sockets) == 3)
        assert time.monotonic() - began_s > 0.6


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def _has_sockets(server: FakeServer, count: int) -> bool:
    return len(server.sockets) == count
