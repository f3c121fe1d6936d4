"""`python -m tests.soak.fuzz [MESSAGES] [SEED]`: random and mutated messages over the platform's sockets.

The platform runs as `make run` starts it. Agents and viewers, each with a token or session of its own,
connect again and again and send `junk`: what is nearly right, random, too large, or no websocket frame at
all; then come those who may not be there. Every socket must be closed with a code and a sentence, no web
process may end, no traceback may be written, memory must stay, and whoever behaves must be served as before.
Exit status 1 if not.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from capture_agent.protocol import messages
from capture_agent.protocol.messages import FROM_VIEWER, TO_AGENT, Watch, Welcome
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation
from tests.soak.junk import frame, from_agent, from_viewer, hello

AGENTS, VIEWERS = 6, 4
CLOSED_WITHIN_S = 30.0
MOST_GROWTH_MB = 15.0
MOST_LOST_SHARE = 0.05
WARM_SHARE = 0.1
"""Of the messages, before memory is measured: whatever is loaded once is loaded by then."""
EXPECTED = {1002, 1003, 1007, 1009, 4400, 4401, 4403, 4404, 4408, 4409, 4426, 4429}
"""Close codes of a refusal: those of the protocol, and those of RFC 6455 for what is no frame or text."""


@dataclass
class Told:
    """What came of it."""

    messages: int = 0
    sockets: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, what: str, code: int, reason: str) -> None:
        """How a socket was closed. 1006: the kernel dropped the reason with what the server did not read."""
        self.closed[str(code)] += 1
        if code not in EXPECTED | {1006} or (code >= 4000 and len(reason) < 5):
            self.problems.append(f"{what}: closed with {code} {reason!r}")


class Fuzz:
    """The rows of a running platform, and those who knock at it."""

    def __init__(self, installation: Installation, backstage: Backstage, seed: int) -> None:
        self._installation, self._backstage = installation, backstage
        self._rng = random.Random(seed)
        self.told = Told()
        self.project = backstage("project", name=f"Fuzzed {uuid.uuid4().hex[:6]}")["id"]
        self.foreign = backstage("project", name=f"Foreign {uuid.uuid4().hex[:6]}")["id"]
        self.tokens = [self._token(self.project) for _ in range(AGENTS)]
        self.foreign_token = self._token(self.foreign)
        self.cookies = [self._cookie(self.project) for _ in range(VIEWERS)]

    def _token(self, project: str) -> dict[str, str]:
        made: dict[str, str] = self._backstage("agent_token", project=project, name="Fuzz")
        return made

    def _cookie(self, project: str) -> str:
        name = f"fuzz{uuid.uuid4().hex[:8]}"
        made = self._backstage("account", username=name, role="assistant", project=project)
        return str(made["cookie"])

    def agent(self, secret: str, **headers: str) -> connect:
        """An agent's socket, opened when it is entered."""
        return connect(
            self._installation.address.replace("http", "ws", 1) + messages.AGENT_SOCKET,
            subprotocols=[Subprotocol(messages.AGENT_SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {secret}", **headers},
            compression=None,
            close_timeout=2,
            ping_interval=None,
        )

    def viewer(self, cookie: str, origin: str = "") -> connect:
        """A viewer's socket; from this installation's own pages where no origin is named."""
        return connect(
            self._installation.address.replace("http", "ws", 1) + messages.VIEWER_SOCKET,
            subprotocols=[Subprotocol(messages.VIEWER_SUBPROTOCOL)],
            origin=Origin(origin or self._installation.address),
            additional_headers={"Cookie": f"sessionid={cookie}"},
            compression=None,
            close_timeout=2,
            ping_interval=None,
        )

    # --- junk --------------------------------------------------------------------------------------

    async def send(self, count: int) -> None:
        """At least so many messages more, from all sides at once."""
        ends = self.told.messages + count
        async with asyncio.TaskGroup() as group:
            for token in self.tokens:
                group.create_task(self._as_agent(token["secret"], ends))
            for cookie in self.cookies:
                group.create_task(self._as_viewer(cookie, ends))

    async def _as_agent(self, secret: str, ends: int) -> None:
        while self.told.messages < ends:
            async with self.agent(secret) as socket:
                if self._rng.random() < 0.9:
                    await self._say(socket, hello())
                await self._pour(socket, "agent", from_agent(self._rng))

    async def _as_viewer(self, cookie: str, ends: int) -> None:
        while self.told.messages < ends:
            async with self.viewer(cookie) as socket:
                if self._rng.random() < 0.9:
                    token = self._rng.choice(self.tokens)["id"]
                    await self._say(socket, FROM_VIEWER.pack(Watch(agent=uuid.UUID(token), fps=30.0)))
                await self._pour(socket, "viewer", from_viewer(self._rng))

    async def _pour(self, socket: ClientConnection, who: str, junk: Iterator[str | bytes]) -> None:
        """Send until the server closes the socket; note how."""
        self.told.sockets += 1
        hearing = asyncio.create_task(_closed(socket))
        last: str | bytes = b""
        try:
            while not hearing.done():
                last = next(junk)
                if not await self._say(socket, last):
                    break
                # Else most would be sent to a server that has closed the socket already.
                await asyncio.sleep(0.004)
            async with asyncio.timeout(CLOSED_WITHIN_S):
                code, reason = await hearing
        except TimeoutError:
            self.told.problems.append(f"{who}: not closed after {last[:80]!r}")
        else:
            self.told.note(f"{who} after {last[:80]!r}", code, reason)
        finally:
            hearing.cancel()

    async def _say(self, socket: ClientConnection, content: str | bytes) -> bool:
        """False where the socket is closed already."""
        try:
            if isinstance(content, bytes) and content[:1] == b"{":
                # What was mutated as bytes goes as text, with whatever is no UTF-8 in it.
                await socket.send(content, text=True)
            else:
                await socket.send(content)
        except (ConnectionClosed, OSError):
            return False
        self.told.messages += 1
        return True

    # --- no websocket at all -----------------------------------------------------------------------

    async def send_no_frames(self, count: int) -> None:
        """Random bytes where frames should be, after a handshake that was right."""
        for _ in range(count):
            secret = self._rng.choice(self.tokens)["secret"]
            reader, writer = await asyncio.open_connection("127.0.0.1", self._installation.port)
            writer.write(
                f"GET {messages.AGENT_SOCKET} HTTP/1.1\r\nHost: 127.0.0.1:{self._installation.port}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {secret}\r\n"
                f"Sec-WebSocket-Protocol: {messages.AGENT_SUBPROTOCOL}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.told.problems.append(f"no frames: the handshake was answered by {head[:60]!r}")
            # Masked, as a client's are, with reserved bits and opcodes that nobody knows.
            writer.write(bytes([0x70 | self._rng.randrange(128)]) + self._rng.randbytes(600))
            with suppress(OSError):
                writer.write_eof()
                async with asyncio.timeout(CLOSED_WITHIN_S):
                    await reader.read()
            writer.close()
            self.told.messages += 1
            self.told.sockets += 1
            self.told.closed["no frame"] += 1

    # --- who may not be there ----------------------------------------------------------------------

    async def knock(self) -> None:
        """Everybody who must be turned away, each by the right code."""
        secret, cookie = self.tokens[0]["secret"], self.cookies[0]
        for origin in ("https://evil.example", "null", self._installation.address):
            await self._turned_away(f"agent from {origin}", self.agent(secret, Origin=origin), 4403)
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            await self._turned_away(f"viewer from {origin}", self.viewer(cookie, origin), 403)
        await self._turned_away("agent by a session", self.agent(cookie), 4401)
        await self._turned_away("viewer by a token", self.viewer(secret), 4401)
        await self._turned_away("viewer without a session", self.viewer(""), 4401)
        await self._turned_away("agent with a stranger's token", self.agent("spw_" + "x" * 43), 4401)
        for watched in (self.foreign_token["id"], str(uuid.uuid4())):
            watch = FROM_VIEWER.pack(Watch(agent=uuid.UUID(watched)))
            await self._turned_away("viewer of a foreign agent", self.viewer(cookie), 4404, watch)
        late = self._token(self.project)
        async with self.agent(late["secret"]) as socket:
            await socket.send(hello())
            assert isinstance(TO_AGENT.unpack(await socket.recv()), Welcome)
            await asyncio.to_thread(self._backstage, "revoke_token", token=late["id"])
            began_s = time.monotonic()
            self._right_code("agent revoked meanwhile", *await _closed(socket), 4403)
            if time.monotonic() - began_s > 5:
                self.told.problems.append("agent revoked meanwhile: closed after more than 5 s")
        await self._turned_away("agent with a revoked token", self.agent(late["secret"]), 4403)

    async def flood(self) -> None:
        """Frames of 64 MB."""
        for what, opening in (
            ("agent", self.agent(self.tokens[0]["secret"])),
            ("viewer", self.viewer(self.cookies[0])),
        ):
            async with opening as socket:
                if what == "agent":
                    await socket.send(hello())
                with suppress(ConnectionClosed):
                    await socket.send(bytes(64 << 20))
                code, reason = await _closed(socket)
            self.told.closed[str(code)] += 1
            # The kernel may drop the reason together with what the server no longer reads.
            if code not in {1009, 1006}:
                self.told.problems.append(f"64 MB from a {what}: closed with {code} {reason!r}")

    async def _turned_away(self, what: str, opening: connect, code: int, first: str = "") -> None:
        try:
            async with opening as socket:
                if first:
                    await socket.send(first)
                self._right_code(what, *await _closed(socket), code)
        except InvalidStatus as refused:
            self._right_code(what, refused.response.status_code, "refused before it was open", code)

    def _right_code(self, what: str, code: int, reason: str, wanted: int) -> None:
        self.told.closed[str(code)] += 1
        if code != wanted or not reason:
            self.told.problems.append(f"{what}: {code} {reason!r}, not {wanted}")

    async def behaves(self) -> None:
        """An agent and a viewer as they should be: a frame goes from one to the other."""
        token = self._token(self.project)
        async with self.agent(token["secret"]) as agent, self.viewer(self.cookies[0]) as viewer:
            await agent.send(hello())
            await viewer.send(FROM_VIEWER.pack(Watch(agent=uuid.UUID(token["id"]))))
            async with asyncio.timeout(CLOSED_WITHIN_S):
                while not ('"preview"' in (said := str(await agent.recv())) and '"fps": 15' in said):
                    pass
                await agent.send(frame(1, 5000))
                while not isinstance(await viewer.recv(), bytes):
                    pass


async def _closed(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the other side closes it; what comes before is passed over."""
    try:
        async with asyncio.timeout(CLOSED_WITHIN_S):
            while True:
                await socket.recv()
    except TimeoutError:
        return 0, "not closed"
    except ConnectionClosed as gone:
        return (gone.rcvd.code, gone.rcvd.reason) if gone.rcvd else (1006, "")


@dataclass
class Report:
    """What the web processes held after a tenth of the messages, after all, and after frames of 64 MB."""

    told: Told
    before_mb: float
    after_mb: float
    flooded_mb: float


async def fuzz(installation: Installation, backstage: Backstage, count: int, seed: int) -> Report:
    """All of it on a platform that runs; `told.problems` of the report says what went wrong."""
    one = Fuzz(installation, backstage, seed)
    webs = {process.pid for process in installation.web_processes()}
    await one.behaves()
    await one.knock()
    await one.send(round(count * WARM_SHARE))
    before_mb = await _settled_mb(installation)
    await one.send(count - one.told.messages)
    await one.send_no_frames(max(count // 1000, 5))
    after_mb = await _settled_mb(installation)
    await one.flood()
    flooded_mb = await _settled_mb(installation)
    await one.behaves()
    found = one.told.problems
    if {process.pid for process in installation.web_processes()} != webs:
        found.append("a web process ended")
    if one.told.closed["1006"] > max(MOST_LOST_SHARE * one.told.sockets, 3):
        found.append(f"{one.told.closed['1006']} sockets were closed without a reason")
    if flooded_mb - before_mb > MOST_GROWTH_MB:
        found.append(f"the web processes grew by {flooded_mb - before_mb:.1f} MB")
    found += [f"web.log: {line}" for line in installation.server_errors()]
    return Report(one.told, before_mb, after_mb, flooded_mb)


async def _settled_mb(installation: Installation) -> float:
    await asyncio.sleep(2)
    return installation.web_memory_mb()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.fuzz")
    parser.add_argument("messages", type=int, nargs="?", default=5000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data, kept afterwards")
    options = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spineweb-fuzz-") as scratch:
        installation = Installation(options.keep or Path(scratch))
        try:
            installation.wait_until_ready()
            backstage = Backstage(installation)
            report = asyncio.run(fuzz(installation, backstage, options.messages, options.seed))
            backstage.close()
        finally:
            installation.stop()
    told = report.told
    for problem, times in Counter(told.problems).most_common(20):
        print(f"{times} x {problem}")
    codes = ", ".join(f"{code}: {times}" for code, times in sorted(told.closed.items()))
    print(f"seed {options.seed}: {told.messages} messages over {told.sockets} sockets, closed with {codes}")
    print(
        f"web processes: {report.before_mb:.1f} MB, {report.after_mb:.1f} MB after the messages, "
        f"{report.flooded_mb:.1f} MB after frames of 64 MB"
    )
    print(f"{time.monotonic() - began_s:.0f} s; {len(told.problems)} problems")
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
