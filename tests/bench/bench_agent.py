"""The capture agent: what a preview and a look cost, the whole program's processor time, a shot, and fuzz.

The agent runs as a program of its own on a phantom burst, against the small server of its tests. Processor
time is counted, not wall time, so that a busy machine changes little.
"""

import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
from measure import report

from capture_agent.camera import Seen
from capture_agent.guidance import Guide
from capture_agent.k4a.writing import Capture
from capture_agent.picture import picture
from capture_agent.protocol.messages import (
    FROM_AGENT,
    FROM_VIEWER,
    TO_AGENT,
    TO_VIEWER,
    Preview,
    Shoot,
    Subject,
    Taken,
)
from capture_agent.protocol.previews import PreviewFrame, check_preview, unpack_preview
from capture_agent.protocol.wire import ProtocolError
from capture_agent.sources.replay import Replay
from inference.phantom.options import Options
from inference.phantom.study import folder_name, write_study
from tests.capture_agent.fake_server import TOKEN, FakeServer, serving
from tests.capture_agent.protocol.test_messages import message, mutated
from tests.capture_agent.recordings import captures
from tests.capture_agent.shots import SUBJECT

WATCHED_S = 20.0
SHOTS = 5
FUZZED = 100_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="spineweb-bench-") as scratch:
        folder = Path(scratch)
        write_study(folder, 5, 1, Options(mkv=True))
        study = folder / folder_name(1)
        costs(study / "recording.mkv")
        asyncio.run(program(folder, study))
    fuzz()


def costs(recording: Path) -> None:
    """One capture at a time, as the agent deals with it."""
    source = Replay("phantom", recording, sleep=lambda _: None)
    camera = source.open()
    seen = [source.read() for _ in range(30)]
    guide = Guide(camera)
    wishes = {"exact depth": Preview(fps=15, depth="exact"), "shaded depth": Preview(fps=15, depth="shade")}
    for name, wish in wishes.items():
        sizes = [len(preview(wish, one)) / 1024 for one in seen[:5]]
        spent = processor_ms(partial(preview, wish), seen)
        report(f"preview, 640 px colour, {name}", spent, note=f"{sum(sizes) / len(sizes):.0f} KiB")
    report("guidance of one capture", processor_ms(lambda one: guide.look(Seen(0, one, None), 1.0), seen))


def preview(wish: Preview, capture: Capture) -> bytes:
    return picture(Seen(0, capture, None), wish, 0)


def processor_ms(act: Callable[[Capture], object], seen: list[Capture]) -> list[float]:
    spent = []
    for capture in seen:
        began = time.process_time()
        act(capture)
        spent.append((time.process_time() - began) * 1000)
    return spent


async def program(folder: Path, study: Path) -> None:
    """The whole program: shown live with exact depth, with shaded depth, to nobody; then shots."""
    server = FakeServer()
    server.preview = Preview(fps=15, depth="exact")
    async with serving(server) as url:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "capture_agent", "--server", url, "--source", f"phantom:{study}"),
                *("--spool", str(folder / "spool"), "--key-file", str(folder / "key")),
            ],
            env={**os.environ, "SPINEWEB_AGENT_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            await server.until(lambda: server.sockets and len(server.sockets[0].frames) > 15, 60)
            agent = psutil.Process(process.pid)
            fps, cpu = await watched(server, agent)
            tell_cpu("live view of exact depth", cpu, fps)
            await server.sockets[0].send(Preview(fps=15, depth="shade"))
            fps, cpu = await watched(server, agent)
            tell_cpu("live view of shaded depth", cpu, fps)
            await server.sockets[0].send(Preview(fps=0))
            fps, cpu = await watched(server, agent)
            tell_cpu("guidance only", cpu, fps)
            report("agent: memory", [agent.memory_info().rss / 1e6], unit="MB")
            await shoot(server)
        finally:
            process.terminate()
            process.wait()


def tell_cpu(what: str, cpu: float, fps: float) -> None:
    report(f"agent, {what}: processor", [cpu], unit="% core", aim="<= 40", note=f"{fps:.1f} fps shown")


async def watched(server: FakeServer, agent: psutil.Process) -> tuple[float, float]:
    """Frames a second that arrived, and per cent of one core that the agent used."""
    await asyncio.sleep(1)
    frames, began_s, before = len(server.sockets[0].frames), time.monotonic(), agent.cpu_times()
    await asyncio.sleep(WATCHED_S)
    passed_s, after = time.monotonic() - began_s, agent.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return (len(server.sockets[0].frames) - frames) / passed_s, 100 * used_s / passed_s


async def shoot(server: FakeServer) -> None:
    """From the order to "taken" (a burst lasts one second), and to the last byte at the server."""
    taken_s, stored_s = [], []
    for count in range(1, SHOTS + 1):

        def taken(count: int = count) -> bool:
            return len(server.said(Taken)) == count

        def stored(count: int = count) -> bool:
            return len(server.stored) == count

        began_s = time.monotonic()
        wanted = Shoot(request=uuid.uuid4(), subject=Subject(id=SUBJECT, pseudonym="P-001"))
        await server.sockets[0].send(wanted)
        await server.until(taken, 60)
        taken_s.append(time.monotonic() - began_s)
        await server.until(stored, 60)
        stored_s.append(time.monotonic() - began_s)
    size = server.stored[0].offer.size / 1e6
    report("agent: from order to a shot on the disk", taken_s, unit="s", note=f"{size:.1f} MB")
    report("agent: from order to a shot at the server", stored_s, unit="s")


def fuzz() -> None:
    """Mutated messages and frames: nothing but refusals, and memory that stays."""
    rng = random.Random(11)
    dialects = (FROM_AGENT, TO_AGENT, FROM_VIEWER, TO_VIEWER)
    texts = [
        (dialect, dialect.pack(message(kind, 3))) for dialect in dialects for kind in dialect.kinds.values()
    ]
    frames = [picture(Seen(0, capture, None), Preview(fps=15, depth="exact"), 7) for capture in captures(2)]
    refused, before_kb = 0, 0
    began_s = time.monotonic()
    for number in range(FUZZED):
        if number == FUZZED // 10:
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if number % 2:
            dialect, content = mutated(rng, *rng.choice(texts))
            refused += _refused(dialect.unpack, content)
        else:
            broken = bytearray(rng.choice(frames))
            for _ in range(rng.randint(1, 4)):
                broken[rng.randrange(40)] = rng.randrange(256)
            cut = bytes(broken[: rng.randrange(len(broken))] if rng.random() < 0.2 else broken)
            refused += _refused(_look, cut)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    note = f"{FUZZED} in {time.monotonic() - began_s:.0f} s, {grown_kb / 1024:.1f} MB grown"
    report("fuzzed messages and frames: refused", [refused], unit="of them", aim="no crash", note=note)


def _refused(act: Callable[[bytes], object], content: bytes) -> bool:
    try:
        act(content)
    except ProtocolError:
        return True
    return False


def _look(frame: bytes) -> PreviewFrame:
    check_preview(frame)
    return unpack_preview(frame)


if __name__ == "__main__":
    main()
