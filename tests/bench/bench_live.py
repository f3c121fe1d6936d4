"""The live view: 4 agents x 15 frames/s x 250 KiB, 8 viewers of whom one never reads, for a minute.

The platform runs as `make run` starts it, with two web processes on one socket, so that agents and viewers
meet in one process or cross Redis as chance has it. All clients run in this one process beside it. Latency is
from the agent's send to the viewer's receipt.
"""

import asyncio
import json
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import report
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from capture_agent.protocol import messages
from capture_agent.protocol.messages import FROM_AGENT, FROM_VIEWER, TO_AGENT, Ack, Heartbeat, Hello, Watch
from capture_agent.protocol.previews import PreviewFrame, pack_preview, unpack_preview
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation

AGENTS, VIEWERS, FPS, FRAME_BYTES = 4, 8, 15, 250 << 10
WARM_UP_S, WATCHED_S = 10.0, 60.0
MEMORY_EVERY_S = 2.0
COLOUR = b"\xff\xd8\xff" + bytes(FRAME_BYTES - 39)


@dataclass
class Seen:
    """What one viewer got."""

    delays_ms: list[float] = field(default_factory=list)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="spineweb-bench-") as scratch:
        installation = Installation(Path(scratch))
        try:
            installation.wait_until_ready()
            backstage = Backstage(installation)
            asyncio.run(measured(installation, backstage))
            backstage.close()
        finally:
            installation.stop()


async def measured(installation: Installation, backstage: Backstage) -> None:
    project = backstage("project", name="Live")["id"]
    tokens = [backstage("agent_token", project=project, name=f"Camera {n}") for n in range(AGENTS)]
    cookie = backstage("account", username="looker", role="assistant", project=project)["cookie"]
    address = installation.address.replace("http", "ws", 1)
    seen = [Seen() for _ in range(VIEWERS - 1)]
    sent = [0] * AGENTS
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(agent(address, token["secret"], sent, n)) for n, token in enumerate(tokens)
        ]
        await asyncio.sleep(2)
        for n, one in enumerate(seen):
            tasks.append(
                group.create_task(viewer(address, installation, cookie, tokens[n % AGENTS]["id"], one))
            )
        tasks.append(group.create_task(sleeper(address, installation, cookie, tokens[-1]["id"])))
        await asyncio.sleep(WARM_UP_S)
        for one in seen:
            one.delays_ms.clear()
        began, sent[:] = time.monotonic(), [0] * AGENTS
        memory = await memory_mb(installation)
        lasted_s = time.monotonic() - began
        for task in tasks:
            task.cancel()
    told(seen, sent, memory, lasted_s)


def told(seen: list[Seen], sent: list[int], memory: list[float], lasted_s: float) -> None:
    delays = [delay for one in seen for delay in one.delays_ms]
    expected = sum(sent[n % AGENTS] for n in range(len(seen)))
    report("live view, agent's send to viewer's receipt", delays)
    report("live view, frames sent by an agent", [count / lasted_s for count in sent], unit="fps", aim="15")
    share = 100 * len(delays) / expected
    report("live view, delivered to viewers who read", [share], unit="%", note=f"{len(delays)} of {expected}")
    report("live view, memory of the web processes", memory, unit="MB")
    spread = max(memory) - min(memory)
    report("live view, its change over a minute", [spread], unit="MB", aim="+- 5")


async def memory_mb(installation: Installation) -> list[float]:
    """What the web processes hold together, every few seconds."""
    found = []
    until = time.monotonic() + WATCHED_S
    while time.monotonic() < until:
        found.append(installation.web_memory_mb())
        await asyncio.sleep(MEMORY_EVERY_S)
    return found


async def agent(address: str, secret: str, sent: list[int], number: int) -> None:
    async with connect(
        address + messages.AGENT_SOCKET,
        subprotocols=[Subprotocol(messages.AGENT_SUBPROTOCOL)],
        additional_headers={"Authorization": f"Bearer {secret}"},
        compression=None,
        max_size=None,
    ) as socket:
        hello = Hello(
            agent_version="bench", instance=uuid.uuid4(), session=uuid.uuid4(), source="phantom", host="bench"
        )
        await socket.send(FROM_AGENT.pack(hello))
        async with asyncio.TaskGroup() as group:
            out: list[int] = []
            group.create_task(_listen(socket, out))
            group.create_task(_beat(socket))
            group.create_task(_film(socket, out, sent, number))


async def _listen(socket: ClientConnection, out: list[int]) -> None:
    async for text in socket:
        message = TO_AGENT.unpack(text)
        if isinstance(message, Ack):
            out[:] = [seq for seq in out if seq > message.seq]


async def _beat(socket: ClientConnection) -> None:
    beat = Heartbeat(
        fps=FPS,
        dropped=0,
        sent=0,
        warm_s=None,
        spool_shots=0,
        spool_bytes=0,
        free_bytes=0,
        last_shot=None,
        last_shot_s=None,
    )
    while True:
        await socket.send(FROM_AGENT.pack(beat))
        await asyncio.sleep(messages.HEARTBEAT_S)


async def _film(socket: ClientConnection, out: list[int], sent: list[int], number: int) -> None:
    """A frame each 1/15 s, unless two are on their way: then that one is not sent."""
    due, seq = time.monotonic(), 0
    while True:
        due = max(due + 1 / FPS, time.monotonic() - 1 / FPS)
        await asyncio.sleep(max(due - time.monotonic(), 0))
        if len(out) < messages.CREDITS:
            frame = PreviewFrame(
                seq=seq, device_time_us=int(time.monotonic() * 1e6), colour=COLOUR, colour_size=(640, 360)
            )
            out.append(seq)
            seq += 1
            await socket.send(pack_preview(frame))
            sent[number] += 1


def _viewing(address: str, installation: Installation, cookie: str, **how: Any) -> connect:
    return connect(
        address + messages.VIEWER_SOCKET,
        subprotocols=[Subprotocol(messages.VIEWER_SUBPROTOCOL)],
        origin=Origin(installation.address),
        additional_headers={"Cookie": f"sessionid={cookie}"},
        compression=None,
        max_size=None,
        **how,
    )


async def viewer(address: str, installation: Installation, cookie: str, token: str, seen: Seen) -> None:
    async with _viewing(address, installation, cookie) as socket:
        await socket.send(FROM_VIEWER.pack(Watch(agent=uuid.UUID(token), fps=30.0)))
        async for content in socket:
            if isinstance(content, bytes):
                frame = unpack_preview(content)
                seen.delays_ms.append(time.monotonic() * 1e3 - frame.device_time_us / 1e3)
                await socket.send(json.dumps({"type": "ack", "seq": frame.seq}))


async def sleeper(address: str, installation: Installation, cookie: str, token: str) -> None:
    """Looks at an agent and never reads a byte that it need not."""
    async with _viewing(address, installation, cookie, max_queue=1, ping_interval=None) as socket:
        await socket.send(FROM_VIEWER.pack(Watch(agent=uuid.UUID(token), fps=30.0)))
        socket.transport.pause_reading()
        await asyncio.sleep(3600)


if __name__ == "__main__":
    main()
