"""A small server that speaks the protocol, and can be made to fail: one ASGI application under uvicorn.

It stands for SpineWeb in the tests of the agent alone. What it does is what `PROTOCOL.md` says.
"""

import asyncio
import contextlib
import hashlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn

from capture_agent.protocol.messages import (
    AGENT_SUBPROTOCOL,
    FROM_AGENT,
    NOT_SIGNED_IN,
    TO_AGENT,
    Ack,
    Failure,
    Heard,
    Heartbeat,
    Hello,
    Preview,
    Subject,
    Target,
    Welcome,
)
from capture_agent.protocol.previews import PreviewFrame, unpack_preview
from capture_agent.protocol.uploads import MOST_CHUNK_BYTES, ShotOffer, ShotState
from capture_agent.protocol.wire import Message, checked, load_json, read
from tests.capture_agent.shots import PROJECT, SUBJECT

TOKEN = "spw_" + "x" * 43
STUDY = uuid.UUID(int=3)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Shot:
    offer: ShotOffer
    content: bytearray = field(default_factory=bytearray)
    stored: int = 0


@dataclass
class Socket:
    """One connection of an agent, as the test sees it."""

    send: Callable[[Message], Awaitable[None]]
    send_text: Callable[[str], Awaitable[None]]
    close: Callable[[int], Awaitable[None]]
    hello: Hello
    heard: list[Message] = field(default_factory=list)
    frames: list[PreviewFrame] = field(default_factory=list)


class FakeServer:
    """`faults` are asked before each request over HTTP: what they return is the answer; None lets it pass."""

    def __init__(self) -> None:
        self.shots: dict[uuid.UUID, Shot] = {}
        self.sockets: list[Socket] = []
        self.faults: list[Callable[[str, str], Answer | None]] = []
        self.requests: list[tuple[str, str]] = []
        self.preview = Preview(fps=0.0)
        self.acknowledges = True
        self.token = TOKEN
        self.clock_ahead_s = 0.0
        self.refuses_with: int | None = None
        self.changed = asyncio.Event()

    @property
    def stored(self) -> list[Shot]:
        return [shot for shot in self.shots.values() if shot.stored]

    async def until(self, condition: Callable[[], Any], within_s: float = 20.0) -> None:
        """Wait until something is so."""
        ends_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < ends_s, "it did not happen in time"
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), 0.05)

    def said(self, kind: type[Any]) -> list[Any]:
        """All messages of a kind, over all connections."""
        return [message for socket in self.sockets for message in socket.heard if isinstance(message, kind)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)

    # --- websocket

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if self.refuses_with is not None or not self._knows(scope):
            await send({"type": "websocket.accept", "subprotocol": AGENT_SUBPROTOCOL})
            await send({"type": "websocket.close", "code": self.refuses_with or NOT_SIGNED_IN})
            return
        assert scope["subprotocols"] == [AGENT_SUBPROTOCOL]
        await send({"type": "websocket.accept", "subprotocol": AGENT_SUBPROTOCOL})

        async def say_text(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        async def say(message: Message) -> None:
            await say_text(TO_AGENT.pack(message))

        async def close(code: int) -> None:
            await send({"type": "websocket.close", "code": code})

        first = await receive()
        if first["type"] == "websocket.disconnect":
            return
        hello = FROM_AGENT.unpack(first["text"])
        assert isinstance(hello, Hello)
        socket = Socket(say, say_text, close, hello)
        await say(
            Welcome(
                connection=uuid.uuid4(),
                agent=uuid.UUID(int=9),
                name="Room 1",
                project=PROJECT,
                project_name="Backs",
                server_time_s=time.time() + self.clock_ahead_s,
            )
        )
        await say(Target(subject=Subject(id=SUBJECT, pseudonym="P-001")))
        await say(self.preview)
        self.sockets.append(socket)
        self.changed.set()
        while (event := await receive())["type"] != "websocket.disconnect":
            await self._heard(socket, event)
            self.changed.set()

    async def _heard(self, socket: Socket, event: dict[str, Any]) -> None:
        if event.get("bytes") is not None:
            frame = unpack_preview(event["bytes"])
            socket.frames.append(frame)
            if self.acknowledges:
                await socket.send(Ack(seq=frame.seq))
            return
        message = FROM_AGENT.unpack(event["text"])
        assert not isinstance(message, Failure), message
        socket.heard.append(message)
        if isinstance(message, Heartbeat):
            await socket.send(Heard(server_time_s=time.time() + self.clock_ahead_s))

    # --- HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event.get("body", b"")
            more = event.get("more_body", False)
        method, path = scope["method"], scope["path"]
        self.requests.append(
            (method, path.rpartition("/")[2] if "content" in path or "finish" in path else "shot")
        )
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        answer = next((found for fault in self.faults if (found := fault(method, path)) is not None), None)
        if answer is None:
            answer = (
                self._answer(method, path, headers, body)
                if self._knows(scope)
                else failed(401, "not_signed_in")
            )
        status, data, extra = answer
        content = b"" if method == "HEAD" or status == 204 else json.dumps(data).encode()
        sent = {"content-type": "application/json", "content-length": str(len(content)), **extra}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})
        self.changed.set()

    def _knows(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        return bool(headers.get(b"authorization") == f"Bearer {self.token}".encode())

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = path.removeprefix("/api/v1/capture/shots/").split("/")
        shot_id, part = uuid.UUID(parts[0]), "/".join(parts[1:])
        if (method, part) == ("PUT", ""):
            return self._offered(shot_id, read(ShotOffer, load_json(body, 1 << 16)))
        shot = self.shots.get(shot_id)
        if shot is None:
            return failed(404, "not_found")
        if (method, part) == ("PATCH", "content"):
            if int(headers["upload-offset"]) != len(shot.content) or len(body) > MOST_CHUNK_BYTES:
                return failed(409, "wrong_offset", {"upload-offset": str(len(shot.content))})
            shot.content += body
            return 204, {}, {"upload-offset": str(len(shot.content))}
        assert (method, part) == ("POST", "finish")
        return self._finished(shot_id, shot)

    def _offered(self, shot_id: uuid.UUID, offer: ShotOffer) -> Answer:
        known = self.shots.get(shot_id)
        if known is not None and (known.offer.sha256, known.offer.size) != (offer.sha256, offer.size):
            return failed(409, "other_bytes")
        shot = self.shots.setdefault(shot_id, Shot(offer))
        return 200 if known else 201, self._state(shot_id, shot), {}

    def _finished(self, shot_id: uuid.UUID, shot: Shot) -> Answer:
        if not shot.stored:
            if len(shot.content) != shot.offer.size:
                return failed(409, "wrong_offset", {"upload-offset": str(len(shot.content))})
            if hashlib.sha256(shot.content).hexdigest() != shot.offer.sha256:
                shot.content.clear()
                return failed(422, "wrong_hash")
            shot.stored += 1
        return 200, self._state(shot_id, shot), {}

    def _state(self, shot_id: uuid.UUID, shot: Shot) -> dict[str, Any]:
        state = ShotState(
            shot=shot_id, state="receiving", received=len(shot.content), size=shot.offer.size, study=None
        )
        if shot.stored:
            state = replace(state, state="stored", study=STUDY, acquisition=uuid.UUID(int=4))
        return checked(state)


def failed(status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
    return status, {"detail": f"It failed: {code}.", "code": code}, headers or {}


@contextlib.asynccontextmanager
async def serving(app: FakeServer, port: int = 0) -> AsyncIterator[str]:
    """The address at which the server answers while the block lasts."""
    config = uvicorn.Config(
        app,
        port=port,
        log_level="error",
        ws_per_message_deflate=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    chosen = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{chosen}"
    finally:
        server.should_exit = True
        await task
