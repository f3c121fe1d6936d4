"""A websocket as ASGI gives it: accepted once, read message by message, closed with a code and a sentence."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from capture_agent.protocol.messages import OTHER_VERSION, TOO_MANY

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
MOST_REASON_BYTES = 120
PER_SECOND, BURST = 100.0, 300.0
"""Messages that may come over one socket: an agent says some 15 a second, a viewer acknowledges 30."""


class Closed(Exception):
    """The socket is to be closed with this code and reason; code 0: it is closed already."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Socket:
    """One websocket. `close` may be called from any task, once or often."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive, self._send = receive, send
        self._open = False
        self._allowance, self._at_s = BURST, time.monotonic()

    async def accept(self, subprotocol: str) -> None:
        """Open it. Closed where the other side does not speak the protocol, after opening it all the same: a
        browser sees the code of a close only on a socket that was open."""
        message = await self._receive()
        if message["type"] != "websocket.connect":
            raise Closed(0)
        spoken = subprotocol in self.scope.get("subprotocols", [])
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol if spoken else None})
        self._open = True
        if not spoken:
            raise Closed(OTHER_VERSION, f"This server speaks {subprotocol}; update the older side.")

    async def receive(self) -> str | bytes:
        """The next message. Raises Closed where the other side has gone, or talks too much."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._open = False
            raise Closed(0)
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._at_s) * PER_SECOND) - 1
        self._at_s = now
        if self._allowance < 0:
            raise Closed(TOO_MANY, "Too many messages.")
        text = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, content: str | bytes) -> None:
        """Send, when the other side has room for it. Raises Closed where it has gone."""
        kind = "text" if isinstance(content, str) else "bytes"
        if not self._open:
            raise Closed(0)
        try:
            await self._send({"type": "websocket.send", kind: content})
        except (OSError, RuntimeError) as error:
            raise Closed(0) from error

    async def close(self, code: int, reason: str = "") -> None:
        """Close it, if it is open, without waiting long for somebody who does not read."""
        if not self._open or not code:
            return
        self._open = False
        short = reason.encode()[:MOST_REASON_BYTES].decode(errors="ignore")
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(2):
                await self._send({"type": "websocket.close", "code": code, "reason": short})


async def converse(socket: Socket, parts: list[Callable[[], Awaitable[None]]]) -> None:
    """Run the parts of a conversation until the first of them raises Closed; the others are ended."""
    tasks = [asyncio.ensure_future(part()) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
