"""The agent's socket: who it is by the token in the header alone, then what it says."""

import asyncio
import contextlib
import logging
import time
import uuid
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from annotation.actions import capture
from annotation.consumers.hub import Home, Hub, hub
from annotation.consumers.live import Live, Wish
from annotation.consumers.socket import Closed, Receive, Send, Socket, converse
from annotation.models import AgentToken, CaptureAgent
from capture_agent.protocol.messages import (
    AGENT_SUBPROTOCOL,
    BAD_MESSAGE,
    CREDITS,
    FROM_AGENT,
    HELLO_LATE,
    HELLO_WITHIN_S,
    MOST_TEXT_BYTES,
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    REPLACED,
    SILENCE_S,
    TO_AGENT,
    TO_VIEWER,
    TOO_LARGE,
    TOO_MANY,
    Ack,
    CameraState,
    Failure,
    Heard,
    Heartbeat,
    Hello,
    Presence,
    Target,
    Welcome,
)
from capture_agent.protocol.previews import MOST_BYTES, check_preview
from capture_agent.protocol.wire import Message, ProtocolError, plain

logger = logging.getLogger(__name__)

RECHECK_S = 2.5
NOTE_EVERY_S = 5.0
MOST_ORDERS = 100


async def agent_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application of `/ws/v1/capture/agent/`."""
    socket = Socket(scope, receive, send)
    try:
        await socket.accept(AGENT_SUBPROTOCOL)
        token = await _token(scope)
        hello = await _hello(socket)
        await _Agent(socket, token, hello).run()
    except Closed as closed:
        await socket.close(closed.code, closed.reason)
    except ProtocolError as error:
        await socket.close(BAD_MESSAGE, str(error))
    except DatabaseError as error:
        logger.error("capture: an agent is turned away, the database does not answer: %s", error)
        await socket.close(1013, "The server's database does not answer; try again.")


async def _token(scope: dict[str, Any]) -> AgentToken:
    """Whose socket it is. A browser names an origin, and is turned away: any page could make it ask."""
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    if any(name == b"origin" for name, _ in headers):
        raise Closed(NOT_ALLOWED, "This socket is for capture agents, not for browsers.")
    given = [value for name, value in headers if name == b"authorization"]
    kind, _, secret = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
    if kind.lower() != "bearer" or not secret.isascii() or not 0 < len(secret) <= 200:
        raise Closed(NOT_SIGNED_IN, "Send an agent token in the header Authorization.")
    token: AgentToken | None = await database_sync_to_async(capture.token_of)(secret.strip())
    if token is None:
        raise Closed(NOT_SIGNED_IN, "The server does not know this agent token.")
    if not capture.is_good(token):
        raise Closed(NOT_ALLOWED, "This agent token was revoked.")
    return token


async def _hello(socket: Socket) -> Hello:
    try:
        async with asyncio.timeout(HELLO_WITHIN_S):
            message = _unpacked(await socket.receive())
    except TimeoutError:
        raise Closed(HELLO_LATE, "No hello came.") from None
    if not isinstance(message, Hello):
        raise Closed(BAD_MESSAGE, "The first message must be hello.")
    return message


def _unpacked(content: str | bytes) -> Message:
    if isinstance(content, bytes):
        raise Closed(BAD_MESSAGE, "A binary frame came before hello.")
    if len(content) > MOST_TEXT_BYTES:
        raise Closed(TOO_LARGE, f"A message has at most {MOST_TEXT_BYTES} bytes.")
    message: Message = FROM_AGENT.unpack(content)
    return message


class _Agent(Home):
    """One open socket. What the agent says goes to its `Live`; what it is told waits in a short queue."""

    def __init__(self, socket: Socket, token: AgentToken, hello: Hello) -> None:
        self._socket, self._token, self._hello = socket, token, hello
        self.connection = uuid.uuid4()
        self._hub: Hub = hub()
        self._live: Live | None = None
        self._to_say: asyncio.Queue[str] = asyncio.Queue(MOST_ORDERS)
        self._on_the_way: list[int] = []
        self._last_seq = -1
        self._ending: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self._unsaved: dict[str, Any] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until the socket is closed, by either side."""
        opened = database_sync_to_async(capture.connected)
        row = await opened(token=self._token, connection=self.connection, hello=self._hello)
        target = await database_sync_to_async(capture.target_of)(row)
        self._greet(row, target)
        live = self._live = self._hub.arrive(self._token.pk, self._token.name, self)
        live.present(self._presence())
        live.say(Target.TYPE, TO_VIEWER.pack(Target(subject=target)))
        try:
            await converse(self._socket, [self._hear, self._say, self._end, self._recheck, self._note])
        finally:
            self._hub.leave(self._token.pk, self)
            with contextlib.suppress(DatabaseError):
                gone = database_sync_to_async(capture.disconnected)
                await gone(token_id=self._token.pk, connection=self.connection)

    def _greet(self, row: CaptureAgent, target: Any) -> None:
        welcome = Welcome(
            connection=self.connection,
            agent=self._token.pk,
            name=self._token.name,
            project=self._token.project_id,
            project_name=self._token.project.name[:120],
            server_time_s=time.time(),
        )
        for message in (welcome, Target(subject=target), Wish().preview()):
            self.order(TO_AGENT.pack(message))

    def _presence(self) -> Presence:
        hello = self._hello
        return Presence(
            agent=self._token.pk,
            name=self._token.name,
            online=True,
            session=hello.session,
            source=hello.source,
            agent_version=hello.agent_version,
            host=hello.host,
        )

    # --- Home --------------------------------------------------------------------------------------

    def acknowledge(self, seq: int) -> None:
        self._on_the_way = [each for each in self._on_the_way if each > seq]
        self.order(TO_AGENT.pack(Ack(seq=seq)))

    def want(self, wish: Wish) -> None:
        self.order(TO_AGENT.pack(wish.preview()))

    def order(self, text: str) -> None:
        try:
            self._to_say.put_nowait(text)
        except asyncio.QueueFull:
            self._finish(Closed(TOO_MANY, "The agent does not read."))

    def aim(self, target: Target) -> None:
        self.order(TO_AGENT.pack(target))
        if self._live is not None:
            self._live.say(Target.TYPE, TO_VIEWER.pack(target))

    def replace(self) -> None:
        self._finish(Closed(REPLACED, "Another connection of the same token took over."))

    def _finish(self, closed: Closed) -> None:
        if not self._ending.done():
            self._ending.set_result(closed)

    # --- the parts of the conversation -------------------------------------------------------------

    async def _end(self) -> None:
        raise await self._ending

    async def _say(self) -> None:
        while True:
            await self._socket.send(await self._to_say.get())

    async def _hear(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    content = await self._socket.receive()
            except TimeoutError:
                raise Closed(HELLO_LATE, "The agent said nothing for too long.") from None
            if isinstance(content, bytes):
                self._frame(content)
            else:
                self._message(_unpacked(content), content)

    def _frame(self, content: bytes) -> None:
        if len(content) > MOST_BYTES:
            raise Closed(TOO_LARGE, "A binary frame must be smaller than 512 KiB.")
        seq = check_preview(content)
        if seq <= self._last_seq:
            raise Closed(BAD_MESSAGE, "The preview frames are not in order.")
        if len(self._on_the_way) >= CREDITS:
            raise Closed(BAD_MESSAGE, "A preview frame came without a credit.")
        self._last_seq = seq
        self._on_the_way.append(seq)
        if self._live is not None:
            self._live.show(seq, content)

    def _message(self, message: Message, text: str) -> None:
        match message:
            case Hello():
                raise Closed(BAD_MESSAGE, "hello comes once.")
            case Failure():
                logger.warning("capture: agent %s says %s: %s", self._token.pk, message.code, message.says)
                return
            case Heartbeat():
                self.order(TO_AGENT.pack(Heard(server_time_s=time.time())))
                self._unsaved["heartbeat"] = plain(message)
            case CameraState():
                self._unsaved["camera"] = plain(message)
                self._changed.set()
        if self._live is not None:
            self._live.say(message.TYPE, text)

    async def _recheck(self) -> None:
        """A token that was revoked is noticed within RECHECK_S."""
        ask = database_sync_to_async(capture.still_good)
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                good = await ask(token_id=self._token.pk)
            except DatabaseError as error:
                logger.warning("capture: it is not known whether a token is good: %s", error)
                continue
            if not good:
                raise Closed(NOT_ALLOWED, "This agent token was revoked.")

    async def _note(self) -> None:
        """Write down what the agent last said, now and then, and at once when its camera changes."""
        note = database_sync_to_async(capture.heard)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTE_EVERY_S):
                    await self._changed.wait()
            self._changed.clear()
            said, self._unsaved = self._unsaved, {}
            try:
                await note(token_id=self._token.pk, connection=self.connection, said=said)
            except DatabaseError as error:
                logger.warning("capture: what an agent said is not written down: %s", error)
