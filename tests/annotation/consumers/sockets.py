"""An agent's and a viewer's end of their sockets, against the ASGI application itself."""

import asyncio
import uuid
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from annotation.models import AgentToken, User
from capture_agent.protocol import messages
from capture_agent.protocol.messages import FROM_AGENT, FROM_VIEWER, TO_AGENT, TO_VIEWER, Preview, Welcome
from capture_agent.protocol.previews import JPEG, PreviewFrame, pack_preview
from capture_agent.protocol.wire import Dialect, Message
from spineweb.asgi import application

assert JPEG == 1
PATIENCE_S = 10


class End:
    """One end of a websocket."""

    speaks: Dialect
    hears: Dialect

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]], subprotocols: list[str]) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": subprotocols,
        }
        self.wire: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def open(self) -> bool:
        await self.wire.send_input({"type": "websocket.connect"})
        return bool((await self.wire.receive_output(PATIENCE_S))["type"] == "websocket.accept")

    async def say(self, message: Message | str | bytes) -> None:
        if isinstance(message, bytes):
            await self.wire.send_input({"type": "websocket.receive", "bytes": message})
            return
        text = message if isinstance(message, str) else self.speaks.pack(message)
        await self.wire.send_input({"type": "websocket.receive", "text": text})

    async def next(self) -> Any:
        """The next message, or a preview frame's bytes."""
        event = await self.wire.receive_output(PATIENCE_S)
        assert event["type"] == "websocket.send", event
        return self.hears.unpack(event["text"]) if "text" in event else event["bytes"]

    async def wait_for(self, kind: Any) -> Any:
        """The next message of a kind; what comes before it is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.next()
                if isinstance(message, kind):
                    return message

    async def silent(self, kind: Any, within_s: float = 0.3) -> bool:
        """Whether no message of a kind comes for a while."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    if isinstance(await self.next(), kind):
                        return False
        except TimeoutError:
            return True

    async def closed(self) -> tuple[int, str]:
        """The code and reason it is closed with; what comes before is passed over."""
        while True:
            event = await self.wire.receive_output(PATIENCE_S)
            if event["type"] == "websocket.close":
                return event.get("code", 1000), event.get("reason", "")

    async def leave(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wire.wait(PATIENCE_S)


class AgentEnd(End):
    speaks, hears = FROM_AGENT, TO_AGENT

    def __init__(self, secret: str = "", **changed: Any) -> None:
        headers = [(b"authorization", f"Bearer {secret}".encode())] if secret else []
        headers = changed.get("headers", headers)
        super().__init__(
            messages.AGENT_SOCKET, headers, changed.get("subprotocols", [messages.AGENT_SUBPROTOCOL])
        )

    async def greet(self) -> Welcome:
        """Open it and say hello; what was answered."""
        assert await self.open()
        await self.say(hello())
        welcome: Welcome = await self.wait_for(Welcome)
        return welcome

    async def show(self, seq: int, size: int = 1000) -> None:
        await self.say(frame(seq, size))

    async def wanted(self) -> Preview:
        """The next wish for something to see."""
        while True:
            preview: Preview = await self.wait_for(Preview)
            if preview.fps > 0:
                return preview


class ViewerEnd(End):
    speaks, hears = FROM_VIEWER, TO_VIEWER

    def __init__(self, cookie: str, origin: bytes = b"http://localhost") -> None:
        headers = [(b"origin", origin), (b"host", b"localhost")]
        if cookie:
            headers.append((b"cookie", f"sessionid={cookie}".encode()))
        super().__init__(messages.VIEWER_SOCKET, headers, [messages.VIEWER_SUBPROTOCOL])

    @classmethod
    async def of(cls, user: User, **how: Any) -> "ViewerEnd":
        return cls(await sync_to_async(session_of)(user), **how)

    async def watch(self, token: AgentToken, **how: Any) -> "ViewerEnd":
        assert await self.open()
        await self.say(messages.Watch(agent=token.pk, **how))
        await self.wait_for(messages.Presence)
        return self


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


def hello() -> messages.Hello:
    return messages.Hello(
        agent_version="0.1.0", instance=uuid.uuid4(), session=uuid.uuid4(), source="phantom", host="laptop"
    )


def heartbeat(**changed: Any) -> messages.Heartbeat:
    said: dict[str, Any] = {
        "fps": 15.0,
        "dropped": 2,
        "sent": 7,
        "warm_s": 2400.0,
        "spool_shots": 1,
        "spool_bytes": 14_000_000,
        "free_bytes": 10**10,
        "last_shot": None,
        "last_shot_s": None,
    }
    return messages.Heartbeat(**{**said, **changed})


def camera(**changed: Any) -> messages.CameraState:
    said: dict[str, Any] = {"state": "open", "says": "", "serial": "K1", "firmware": "1.6", "fps": 15}
    return messages.CameraState(**{**said, **changed})


def frame(seq: int, size: int = 1000) -> bytes:
    """A preview frame of this many bytes, more or less; its JPEG begins as one and goes on as zeros."""
    colour = b"\xff\xd8\xff" + bytes(max(size - 39, 1))
    return pack_preview(
        PreviewFrame(seq=seq, device_time_us=seq * 66_667, colour=colour, colour_size=(640, 360))
    )
