"""Shots reach the server once, whole, whatever happens on the way."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from capture_agent import uploader as uploader_module
from capture_agent.protocol.messages import Uploads
from capture_agent.protocol.uploads import CHUNK_BYTES
from capture_agent.server import Server
from capture_agent.spool import Spool, Waiting
from capture_agent.uploader import Uploader
from tests.capture_agent.fake_server import STUDY, TOKEN, Answer, FakeServer, failed, serving
from tests.capture_agent.shots import offer_of

CONTENT = random.Random(3).randbytes(2 * CHUNK_BYTES + 12_345)
SHOT = "/api/v1/capture/shots/"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploader_module, "Backoff", lambda: uploader_module.__dict__["_Quick"]())
    monkeypatch.setattr(uploader_module, "_Quick", Quick, raising=False)


class Quick:
    """A back-off for tests, which also tells how long it would have been."""

    asked: list[float] = []

    def reset(self) -> None: ...

    def next_s(self, at_least_s: float = 0.0) -> float:
        Quick.asked.append(at_least_s)
        return 0.02


class Bench:
    """A spool, a server and what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = FakeServer()
        self.spool = Spool(folder / "spool", folder / "key")
        self.told: list[Uploads] = []

    def add(self, content: bytes = CONTENT) -> Waiting:
        waiting = Waiting(shot=uuid.uuid4(), offer=offer_of(content))
        self.spool.add(waiting, content)
        return waiting

    @asynccontextmanager
    async def uploading(self, url: str, token: str = TOKEN) -> AsyncIterator[Uploader]:
        uploader = Uploader(self.spool, Server.at(url, token), self.told.append)
        task = asyncio.create_task(uploader.run())
        try:
            yield uploader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def states(self) -> list[str]:
        return [upload.state for upload in self.told[-1].shots] if self.told else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def sent_whole(bench: Bench, *waiting: Waiting) -> None:
    async with serving(bench.server) as url, bench.uploading(url):
        await bench.server.until(lambda: bench.states() == ["stored"] * len(waiting))
    check_stored(bench, *waiting)


def check_stored(bench: Bench, *waiting: Waiting) -> None:
    for one in waiting:
        shot = bench.server.shots[one.shot]
        assert shot.stored == 1
        assert hashlib.sha256(shot.content).hexdigest() == one.offer.sha256
        assert shot.offer == one.offer
    assert len(bench.server.shots) == len(waiting)
    assert bench.spool.waiting() == []


async def test_a_shot_goes_in_pieces_and_is_forgotten_when_it_is_stored(bench: Bench) -> None:
    first, second = bench.add(), bench.add(b"small")
    await sent_whole(bench, first, second)
    assert [kind for _, kind in bench.server.requests].count("content") == 4
    last = bench.told[-1].shots
    assert {upload.study for upload in last} == {STUDY}
    assert all(upload.sent == upload.size for upload in last)


async def test_a_new_shot_is_sent_when_it_comes(bench: Bench) -> None:
    async with serving(bench.server) as url, bench.uploading(url) as uploader:
        await asyncio.sleep(0.1)
        waiting = bench.add(b"a shot")
        uploader.wake()
        await bench.server.until(lambda: bench.states() == ["stored"])
    check_stored(bench, waiting)


async def test_only_the_newest_stored_shots_are_told_of(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploader_module, "STORED_TOLD", 2)
    async with serving(bench.server) as url, bench.uploading(url) as uploader:
        for count in range(1, 5):
            bench.add(b"shot %d" % count)
            uploader.wake()
            await bench.server.until(partial(_has_stored, bench, count))
        await bench.server.until(lambda: bench.states() == ["stored"] * 2)
        uploader.wake()
        await asyncio.sleep(0.1)
        assert len(uploader._shots) <= 3


def _has_stored(bench: Bench, count: int) -> bool:
    return len(bench.server.stored) == count and not bench.spool.waiting()


def once(fault: Callable[[str, str], Answer | None], times: int = 1) -> Callable[[str, str], Answer | None]:
    left = times

    def passing(method: str, path: str) -> Answer | None:
        nonlocal left
        found = fault(method, path) if left else None
        left -= found is not None
        return found

    return passing


@pytest.mark.parametrize(
    "answer",
    [
        failed(500, ""),
        failed(503, "unavailable"),
        failed(507, "storage_full"),
        failed(429, ""),
        failed(404, "not_found"),
        failed(409, "conflict"),
        failed(401, "not_signed_in"),
        failed(403, "revoked"),
    ],
    ids=lambda a: str(a[0]),
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
async def test_what_may_pass_is_tried_again(bench: Bench, method: str, answer: Answer) -> None:
    waiting = bench.add()
    bench.server.faults.append(once(lambda verb, _: answer if verb == method else None, times=2))
    await sent_whole(bench, waiting)


@pytest.mark.parametrize(
    "answer",
    [
        failed(400, "invalid"),
        failed(403, "forbidden"),
        failed(410, "withdrawn"),
        failed(413, "too_large"),
        failed(422, "unreadable"),
        failed(409, "other_bytes"),
    ],
    ids=lambda a: str(a[0]),
)
async def test_what_will_not_pass_is_parked_and_kept(bench: Bench, answer: Answer) -> None:
    bad, good = bench.add(), bench.add(b"good")
    bench.server.faults.append(lambda method, path: answer if str(bad.shot) in path else None)
    async with serving(bench.server) as url, bench.uploading(url) as uploader:
        await bench.server.until(lambda: bench.states() == ["stored", "parked"])
        asked = len(bench.server.requests)
        uploader.wake()
        await asyncio.sleep(0.1)
        assert len(bench.server.requests) == asked
        assert [upload.says for upload in uploader.waiting] == [f"It failed: {answer[1]['code']}."]
    assert bench.spool.waiting() == [bad]
    assert bench.server.shots[good.shot].stored == 1


async def test_a_retry_after_is_obeyed_up_to_a_limit(bench: Bench) -> None:
    Quick.asked.clear()
    waiting = bench.add(b"x")
    pauses = iter(["7", "86400", "soon"])
    bench.server.faults.append(once(lambda *_: (503, {}, {"retry-after": next(pauses)}), times=3))
    await sent_whole(bench, waiting)
    assert Quick.asked[:3] == [7.0, 300.0, 0.0]


async def test_it_goes_on_where_the_server_stopped(bench: Bench) -> None:
    waiting = bench.add()
    bench.server.faults.append(once(lambda method, _: failed(500, "") if method == "POST" else None))
    await sent_whole(bench, waiting)
    # The second try asked, and sent nothing again.
    assert [kind for _, kind in bench.server.requests].count("content") == 3


async def test_an_answer_that_was_lost_changes_nothing(bench: Bench) -> None:
    """The server did it, but the agent heard of a failure: at each step."""
    waiting = bench.add()
    for method in ("PUT", "PATCH", "POST"):
        bench.server.faults.append(done_but_lost(bench.server, method))
    await sent_whole(bench, waiting)


def done_but_lost(server: FakeServer, method: str) -> Callable[[str, str], Answer | None]:
    original, left = server._answer, 1

    def answer(verb: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        nonlocal left
        found = original(verb, path, headers, body)
        if verb == method and left:
            left -= 1
            return failed(502, "")
        return found

    server._answer = answer  # type: ignore[method-assign, assignment]
    return lambda *_: None


async def test_a_server_that_is_away_is_waited_for(bench: Bench) -> None:
    waiting = bench.add(b"patience")
    async with serving(bench.server) as url:
        port = int(url.rpartition(":")[2])
    async with bench.uploading(url):
        await bench.server.until(lambda: bench.told and "cannot be reached" in bench.told[-1].shots[0].says)
        async with serving(bench.server, port):
            await bench.server.until(lambda: bench.states() == ["stored"])
    check_stored(bench, waiting)


async def test_a_server_that_restarts_in_the_middle_gets_the_rest(bench: Bench) -> None:
    waiting = bench.add()
    async with serving(bench.server) as url:
        port = int(url.rpartition(":")[2])
        async with bench.uploading(url):
            await bench.server.until(lambda: ("PATCH", "content") in bench.server.requests)
    for _ in range(3):
        async with bench.uploading(url), serving(bench.server, port):
            await asyncio.sleep(0.05)
    async with bench.uploading(url), serving(bench.server, port):
        await bench.server.until(lambda: bench.server.stored)
        await bench.server.until(lambda: not bench.spool.waiting())
    check_stored(bench, waiting)


async def test_bytes_that_changed_on_the_way_are_sent_anew(bench: Bench) -> None:
    waiting = bench.add()

    def spoil(method: str, path: str) -> Answer | None:
        if method == "POST":
            bench.server.shots[waiting.shot].content[7] ^= 1
        return None

    def spoil_once(method: str, path: str) -> Answer | None:
        if method == "POST" and not spoiled:
            spoiled.append(1)
            return spoil(method, path)
        return None

    spoiled: list[int] = []
    bench.server.faults.append(spoil_once)
    await sent_whole(bench, waiting)


async def test_a_hash_that_is_wrong_three_times_parks_the_shot(bench: Bench) -> None:
    bench.add(b"a shot")
    bench.server.faults.append(lambda method, _: failed(422, "wrong_hash") if method == "POST" else None)
    bench.server.faults.append(lambda method, _: _emptied(bench.server) if method == "PATCH" else None)
    async with serving(bench.server) as url, bench.uploading(url):
        await bench.server.until(lambda: bench.states() == ["parked"])
    assert [method for method, _ in bench.server.requests].count("POST") == 3


def _emptied(server: FakeServer) -> None:
    for shot in server.shots.values():
        shot.content.clear()


async def test_a_server_that_loses_everything_does_not_keep_the_agent_busy(bench: Bench) -> None:
    bench.add(b"a shot")
    lost = failed(409, "wrong_offset", {"upload-offset": "0"})

    def lose(method: str, path: str) -> Answer | None:
        _emptied(bench.server)
        return lost if method == "POST" else None

    bench.server.faults.append(lose)
    async with serving(bench.server) as url, bench.uploading(url):
        await bench.server.until(
            lambda: bench.told and "loses what it is sent" in bench.told[-1].shots[0].says
        )


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, {}),
        (200, {"shot": str(uuid.UUID(int=8)), "state": "stored", "received": 0, "size": 6}, {}),
        (302, {}, {"location": "http://elsewhere.example/"}),
    ],
    ids=["empty", "another", "elsewhere"],
)
async def test_an_answer_that_makes_no_sense_forgets_nothing(bench: Bench, answer: Answer) -> None:
    waiting = bench.add(b"a shot")
    bench.server.faults.append(lambda *_: answer)
    async with serving(bench.server) as url, bench.uploading(url):
        await bench.server.until(lambda: len(bench.server.requests) > 3)
    assert bench.spool.waiting() == [waiting]


async def test_a_shot_that_the_disk_lost_harms_no_other(bench: Bench) -> None:
    bad, good = bench.add(), bench.add(b"good")
    path = bench.folder / "spool" / f"{bad.shot}.shot"
    content = bytearray(path.read_bytes())
    content[CHUNK_BYTES] ^= 1
    path.write_bytes(content)
    async with serving(bench.server) as url, bench.uploading(url):
        await bench.server.until(lambda: bench.states() == ["stored", "parked"])
    assert path.exists()
    assert bench.server.shots[good.shot].stored == 1
