"""A browser's viewer socket on a running platform, without the browser: looks, aims and presses."""

import asyncio
import uuid
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Origin, Subprotocol

from capture_agent.protocol.messages import (
    FROM_VIEWER,
    TO_VIEWER,
    VIEWER_SOCKET,
    VIEWER_SUBPROTOCOL,
    Ack,
    Aim,
    Press,
    Refused,
    Taken,
    Watch,
)
from capture_agent.protocol.previews import unpack_preview
from capture_agent.protocol.wire import Message

UNANSWERED_S = 4.0
"""A press that nobody answered is sent once more, as the capture page does."""
PREVIEW_FPS = 5.0


class Presser:
    """Stays connected as long as `run` runs. `taken`: requests that were answered so."""

    def __init__(self, address: str, cookie: str, agent: uuid.UUID, subject: uuid.UUID) -> None:
        self._address, self._cookie = address, cookie
        self._agent, self._subject = agent, subject
        self._socket: ClientConnection | None = None
        self._answered: dict[uuid.UUID, asyncio.Event] = {}
        self.taken: set[str] = set()
        self.frames = 0

    async def run(self) -> None:
        """Connect, look and aim; again whenever the server has gone."""
        while True:
            with suppress(OSError, TimeoutError, InvalidHandshake, WebSocketException):
                async with self._opening() as socket:
                    self._socket = socket
                    await self._say(Watch(agent=self._agent, fps=PREVIEW_FPS))
                    await self._say(Aim(subject=self._subject))
                    async for content in socket:
                        await self._hear(content)
            self._socket = None
            await asyncio.sleep(0.5)

    async def press(self) -> None:
        """Press, and once more where nobody answers; nothing while there is no connection."""
        request = uuid.uuid4()
        answered = self._answered[request] = asyncio.Event()
        for _ in range(2):
            await self._say(Press(request=request))
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), UNANSWERED_S)
                break
        del self._answered[request]

    def _opening(self) -> connect:
        return connect(
            self._address.replace("http", "ws", 1) + VIEWER_SOCKET,
            subprotocols=[Subprotocol(VIEWER_SUBPROTOCOL)],
            origin=Origin(self._address),
            additional_headers={"Cookie": f"sessionid={self._cookie}"},
            compression=None,
            open_timeout=10,
            close_timeout=1,
        )

    async def _say(self, message: Message) -> None:
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                await self._socket.send(FROM_VIEWER.pack(message))

    async def _hear(self, content: str | bytes) -> None:
        if isinstance(content, bytes):
            self.frames += 1
            await self._say(Ack(seq=unpack_preview(content).seq))
            return
        message = TO_VIEWER.unpack(content)
        if isinstance(message, Taken):
            self.taken.add(str(message.request))
        if isinstance(message, Taken | Refused) and message.request in self._answered:
            self._answered[message.request].set()
