"""A shot: countdown, burst, disk; and what is said when there is none."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from capture_agent import shutter as shutter_module
from capture_agent.camera import Camera
from capture_agent.k4a.reading import read_recording
from capture_agent.protocol.messages import Cancel, Check, Countdown, Refused, Subject, Taken
from capture_agent.protocol.wire import Message
from capture_agent.pulse import Pulse
from capture_agent.shutter import Circumstances, Order, Shutter
from capture_agent.sources.replay import Replay
from capture_agent.spool import DiskFull, Spool, SpoolError
from tests.capture_agent.recordings import DEVICE, captures, recording
from tests.capture_agent.shots import PROJECT, SUBJECT

CHECK = Check(name="distance", state="green", says="The back is 1.50 m away.", value=1.5, unit="m")
PATIENT = Subject(id=SUBJECT, pseudonym="P-001")


class Bench:
    """A camera that plays a recording, a spool and a shutter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames = Pulse()
        self.camera = Camera(
            Replay("phantom", recording(folder / "a.mkv", captures(6))), self.frames.beat_from_thread
        )
        self.spool = Spool(folder / "spool", folder / "key")
        self.told: list[Message] = []
        self.shutter = self.new_shutter()

    def new_shutter(self) -> Shutter:
        circumstances = Circumstances(checks=(CHECK,), clock_offset_s=12.5, agent_version="1")
        return Shutter(self.camera, self.spool, tell=self.told.append, circumstances=lambda: circumstances)

    async def opened(self) -> "Bench":
        self.camera.start()
        while self.camera.latest is None:
            await self.frames.wait(0.1)
        return self

    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "spool").glob("*.shot*"))


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    if bench.camera.latest is not None:
        await asyncio.to_thread(bench.camera.stop)
    bench.spool.close()


def order(**changes: object) -> Order:
    wanted = Order(request=uuid.uuid4(), subject=PATIENT, project=PROJECT, trigger="browser")
    return replace(wanted, **changes)  # type: ignore[arg-type]


async def shot(bench: Bench, wanted: Order) -> Taken | Refused:
    answer = await bench.shutter.shoot(wanted)
    assert answer is not None
    return answer


async def test_a_shot_is_fifteen_raw_frames_on_the_disk(closed: Bench, tmp_path: Path) -> None:
    bench = await closed.opened()
    wanted = order()
    taken = await shot(bench, wanted)
    assert isinstance(taken, Taken)
    assert (taken.frames, taken.subject, taken.request) == (15, SUBJECT, wanted.request)
    (waiting,) = bench.spool.waiting()
    assert (waiting.shot, waiting.offer.sha256, waiting.offer.size) == (taken.shot, taken.sha256, taken.size)
    assert waiting.offer.checks == (CHECK,)
    assert (waiting.offer.clock_offset_s, waiting.offer.serial) == (12.5, DEVICE.serial)
    with bench.spool.content(waiting) as read:
        (tmp_path / "shot.mkv").write_bytes(read(0, waiting.offer.size))
    played = read_recording(tmp_path / "shot.mkv")
    assert len(played) == 15
    originals = {
        (shot.colour_jpeg, shot.depth_mm.tobytes()) for shot in captures(6) if shot.depth_mm is not None
    }
    for frame in played.frames():
        assert frame.depth_mm is not None
        assert (frame.colour_jpeg, frame.depth_mm.tobytes()) in originals


async def test_the_countdown_counts_down_and_can_be_cancelled(closed: Bench) -> None:
    bench = await closed.opened()
    wanted = order(countdown_s=1.2)
    task = asyncio.create_task(bench.shutter.shoot(wanted))
    await asyncio.sleep(0.7)
    assert await shot(bench, order()) == Refused(
        request=bench.told[-1].request,  # type: ignore[attr-defined]
        code="busy",
        says="Another shot is being taken; wait until it is done.",
    )
    # The very same request again is not another shot.
    assert await bench.shutter.shoot(wanted) is None
    bench.shutter.cancel(uuid.uuid4())
    bench.shutter.cancel(Cancel(request=wanted.request).request)
    answer = await task
    assert isinstance(answer, Refused)
    assert answer.code == "cancelled"
    left = [message.left_s for message in bench.told if isinstance(message, Countdown)]
    assert left == pytest.approx([1.2, 0.7], abs=0.25)
    assert bench.kept() == []


async def test_a_request_is_answered_once_also_after_a_restart(closed: Bench) -> None:
    bench = await closed.opened()
    wanted = order()
    first = await shot(bench, wanted)
    assert await shot(bench, wanted) == first
    bench.shutter = bench.new_shutter()
    assert await shot(bench, wanted) == first
    assert len(bench.kept()) == 1


async def test_what_keeps_a_shot_from_being_taken(closed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await shot(closed, order())).code == "no_camera"  # type: ignore[union-attr]
    bench = await closed.opened()
    assert (await shot(bench, order(subject=None))).code == "no_subject"  # type: ignore[union-attr]
    assert (await shot(bench, order(project=None))).code == "no_subject"  # type: ignore[union-attr]
    for error, code in ((DiskFull("full"), "disk_full"), (SpoolError("broken"), "disk_failed")):
        for step in ("check_room", "add"):
            with monkeypatch.context() as broken:
                broken.setattr(bench.spool, step, _raising(error))
                answer = await shot(bench, order())
            assert isinstance(answer, Refused)
            assert (answer.code, answer.says) == (code, str(error))
    assert bench.kept() == []
    # A disk that is full says so before anybody holds their breath.
    with monkeypatch.context() as broken:
        broken.setattr(bench.spool, "check_room", _raising(DiskFull("full")))
        bench.told.clear()
        await shot(bench, order(countdown_s=5))
        assert not [message for message in bench.told if isinstance(message, Countdown)]
    # Afterwards it works again.
    assert isinstance(await shot(bench, order()), Taken)


async def test_a_camera_that_is_lost_or_slow_gives_no_half_shot(
    closed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await closed.opened()
    task = asyncio.create_task(bench.shutter.shoot(order()))
    await asyncio.sleep(0.2)
    bench.camera._lose("The camera was unplugged.")
    answer = await task
    assert isinstance(answer, Refused)
    assert answer.code == "no_frames"
    assert "unplugged" in answer.says
    assert bench.kept() == []


async def test_images_that_do_not_fit_and_what_nobody_thought_of(
    closed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await closed.opened()
    for error, code in ((ValueError("too far apart"), "no_frames"), (ZeroDivisionError(), "failed")):
        with monkeypatch.context() as broken:
            broken.setattr(shutter_module, "_recorded", _raising(error))
            answer = await shot(bench, order())
        assert isinstance(answer, Refused)
        assert answer.code == code
    assert isinstance(await shot(bench, order()), Taken)


async def test_a_camera_that_is_too_slow_is_told(closed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await closed.opened()
    monkeypatch.setattr(shutter_module, "PATIENCE", -1.6)
    answer = await shot(bench, order())
    assert isinstance(answer, Refused)
    assert "of 15 frames came whole" in answer.says


def _raising(error: Exception):  # type: ignore[no-untyped-def]
    def fail(*_: object) -> None:
        raise error

    return fail
