"""The websocket to the server: says what the agent has to say, shows what the camera sees, hears orders."""

import asyncio
import logging
import platform
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from capture_agent.backoff import Backoff
from capture_agent.camera import Camera, Seen
from capture_agent.outbox import Outbox
from capture_agent.picture import picture
from capture_agent.protocol import messages
from capture_agent.protocol.messages import (
    AGENT_SUBPROTOCOL,
    CREDITS,
    FROM_AGENT,
    HEARTBEAT_S,
    HELLO_WITHIN_S,
    MOST_TEXT_BYTES,
    SILENCE_S,
    TO_AGENT,
    Ack,
    Cancel,
    Failure,
    Heard,
    Heartbeat,
    Hello,
    Preview,
    Shoot,
    Subject,
    Target,
    Welcome,
)
from capture_agent.protocol.wire import Message, ProtocolError
from capture_agent.pulse import Pulse
from capture_agent.server import Server
from capture_agent.serverclock import ServerClock

logger = logging.getLogger(__name__)

TURNED_AWAY = {messages.NOT_SIGNED_IN, messages.NOT_ALLOWED, messages.REPLACED, messages.OTHER_VERSION}
TURNED_AWAY_S = 60.0
SAYS = {
    messages.NOT_SIGNED_IN: "The server does not know the token. Make one in the project's tab Agent tokens.",
    messages.NOT_ALLOWED: "The token was revoked. Make one in the project's tab Agent tokens.",
    messages.REPLACED: "Another agent uses the same token. Give each agent one of its own.",
    messages.OTHER_VERSION: "Agent and server speak different versions. Update the older one.",
}
REFUSED_STATUS = {401: messages.NOT_SIGNED_IN, 403: messages.NOT_ALLOWED}


class _Connect(connect):
    """Goes where it was told to and nowhere else: the token is for one server."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


@dataclass(frozen=True)
class Ears:
    """What happens to what the server says."""

    shoot: Callable[[Shoot], Coroutine[Any, Any, object]]
    cancel: Callable[[uuid.UUID], None]
    connected: Callable[[], None]


class Uplink:
    """Keeps the connection, for as long as `run` runs."""

    def __init__(
        self,
        server: Server,
        camera: Camera,
        outbox: Outbox,
        *,
        hello: Hello,
        ears: Ears,
        heartbeat: Callable[[int], Heartbeat],
        frames: Pulse,
    ) -> None:
        self._server, self._camera, self._outbox = server, camera, outbox
        self._hello, self._ears, self._heartbeat, self._frames = hello, ears, heartbeat, frames
        self._wish = Preview(fps=0.0)
        self._unacknowledged: list[int] = []
        self._seq = 0
        self._orders: set[asyncio.Task[object]] = set()
        self._acked = Pulse()
        self.sent = 0
        self.welcome: Welcome | None = None
        """Of the connection there is, or of the last one."""
        self.connected = False
        self.target: Subject | None = None
        self._clock = ServerClock()

    @property
    def clock_offset_s(self) -> float | None:
        """The server's clock minus this machine's, at this moment."""
        return self._clock.offset_s

    async def run(self) -> None:
        """Connect, again and again, until cancelled."""
        backoff = Backoff()
        while True:
            wait_s = 0.0
            try:
                async with _Connect(
                    self._server.socket_url,
                    subprotocols=[Subprotocol(AGENT_SUBPROTOCOL)],
                    additional_headers=self._server.headers,
                    compression=None,
                    max_size=MOST_TEXT_BYTES,
                    open_timeout=10,
                    close_timeout=2,
                    ping_interval=None,
                ) as socket:
                    await self._talk(socket, backoff)
            except ConnectionClosed as closed:
                wait_s = self._lost(closed)
            except InvalidStatus as refused:
                wait_s = self._turned_away(refused)
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ProtocolError) as error:
                logger.info("uplink: no connection to %s (%s)", self._server.url, _short(error))
            finally:
                self.connected = False
            await asyncio.sleep(backoff.next_s(wait_s))

    async def _talk(self, socket: ClientConnection, backoff: Backoff) -> None:
        if socket.subprotocol != AGENT_SUBPROTOCOL:
            raise ProtocolError(SAYS[messages.OTHER_VERSION])
        await socket.send(FROM_AGENT.pack(self._hello))
        async with asyncio.timeout(HELLO_WITHIN_S):
            welcome = TO_AGENT.unpack(await socket.recv())
        if not isinstance(welcome, Welcome):
            raise ProtocolError(
                welcome.says if isinstance(welcome, Failure) else "The server did not answer hello."
            )
        self._begin(welcome)
        backoff.reset()
        parts: list[Callable[[ClientConnection], Awaitable[None]]] = [
            self._hear,
            self._say,
            self._show,
            self._beat,
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_part(part, socket)) for part in parts]
            # The first to end ends the others; its error is the connection's.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        for task in done:
            error = task.result()
            if error is not None:
                raise error

    def _begin(self, welcome: Welcome) -> None:
        self.welcome, self.connected = welcome, True
        self.target, self._wish = None, Preview(fps=0.0)
        self._unacknowledged.clear()
        self._clock.told(welcome.server_time_s)
        self._outbox.drop_states()
        self._ears.connected()
        logger.info("uplink: connected to %s", self._server.url)

    async def _hear(self, socket: ClientConnection) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S):
                text = await socket.recv()
            try:
                message = TO_AGENT.unpack(text) if isinstance(text, str) else None
            except ProtocolError as error:
                await socket.close(messages.BAD_MESSAGE, str(error)[:120])
                raise
            if message is not None:
                self._obey(message)

    def _obey(self, message: Message) -> None:
        match message:
            case Heard():
                self._clock.told(message.server_time_s)
            case Ack():
                self._unacknowledged = [seq for seq in self._unacknowledged if seq > message.seq]
                self._acked.beat()
            case Preview():
                self._wish = message
                self._acked.beat()
            case Target():
                self.target = message.subject
            case Shoot():
                order = asyncio.create_task(self._ears.shoot(message))
                self._orders.add(order)
                order.add_done_callback(self._orders.discard)
            case Cancel():
                self._ears.cancel(message.request)
            case Failure():
                logger.warning("uplink: the server says %s: %s", message.code, message.says)

    async def _say(self, socket: ClientConnection) -> None:
        while True:
            message = await self._outbox.next()
            try:
                text = FROM_AGENT.pack(message)
            except ProtocolError as error:
                logger.error("uplink: a message %s could not be sent: %s", message.TYPE, error)
                continue
            try:
                await socket.send(text)
            except BaseException:
                self._outbox.put_back(message)
                raise

    async def _beat(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(FROM_AGENT.pack(self._heartbeat(self.sent)))
            await asyncio.sleep(HEARTBEAT_S)

    async def _show(self, socket: ClientConnection) -> None:
        """Send the newest capture whenever one is wanted and two are not on their way."""
        shown, due_s = -1, 0.0
        while True:
            if self._wish.fps <= 0 or len(self._unacknowledged) >= CREDITS:
                await self._acked.wait()
                continue
            pause_s = due_s - time.monotonic()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            seen = self._camera.latest
            if seen is None or seen.number == shown:
                await self._frames.wait(1.0)
                continue
            shown = seen.number
            # A little early: captures come at their own pace, and the next one must not be missed.
            due_s = max(due_s, time.monotonic() - 1.0 / self._wish.fps) + 0.9 / self._wish.fps
            await self._send_picture(socket, seen)

    async def _send_picture(self, socket: ClientConnection, seen: Seen) -> None:
        packed = await asyncio.to_thread(picture, seen, self._wish, self._seq)
        self._unacknowledged.append(self._seq)
        self._seq += 1
        await socket.send(packed)
        self.sent += 1

    def _lost(self, closed: ConnectionClosed) -> float:
        """How long to stay away."""
        code = closed.rcvd.code if closed.rcvd else 1006
        reason = closed.rcvd.reason if closed.rcvd else ""
        logger.warning("uplink: %s", SAYS.get(code, f"the connection was closed ({code} {reason})".strip()))
        return TURNED_AWAY_S if code in TURNED_AWAY else 0.0

    def _turned_away(self, refused: InvalidStatus) -> float:
        status = refused.response.status_code
        code = REFUSED_STATUS.get(status)
        logger.warning("uplink: %s", SAYS[code] if code else f"the server answered {status}")
        return TURNED_AWAY_S if code else 0.0


async def _part(
    part: Callable[[ClientConnection], Awaitable[None]], socket: ClientConnection
) -> Exception | None:
    """Run a part of the conversation; its error as a value, so that it does not end as a group's."""
    try:
        await part(socket)
    except (ConnectionClosed, OSError, TimeoutError, ProtocolError) as error:
        return error
    return None


def host_name() -> str:
    """This machine's name, as a text that may be sent."""
    return "".join(letter for letter in platform.node() if letter.isprintable())[:120]


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200] if str(error) else type(error).__name__
