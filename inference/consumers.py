"""The jobs socket: hints that a job of one project changed. Who looks refetches the row, which is the truth.

Nothing is read from the browser. Every few seconds the socket asks again whether its user may still look.
"""

import asyncio
import contextlib
import uuid
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from annotation.consumers.standing import close_code
from inference.actions.announcements import group_of

TOO_LARGE = 1009
REAUTHORISE_EVERY_S = 3.0
# A browser has nothing to say here.
MOST_BYTES = 1024


class Jobs(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """`/ws/v1/jobs/?project=<id>`. Closes 4401 for strangers, 4403 for those who are not in the project."""

    group: str | None = None
    watch: "asyncio.Task[None] | None" = None

    async def connect(self) -> None:
        # Accepted first: a browser sees the code of a close only on a socket that was open.
        await self.accept()
        self.project_id = _project_in(self.scope["query_string"])
        session = self.scope.get("session")
        self.session_key = session.session_key if session is not None else None
        if await self._turned_away():
            return
        self.group = group_of(self.project_id) if self.project_id else None
        if self.group:
            await self.channel_layer.group_add(self.group, self.channel_name)
        self.watch = asyncio.create_task(self._keep_asking())

    async def disconnect(self, code: int) -> None:
        if self.watch is not None:
            self.watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.watch
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """Whatever comes is dropped unread; too much of it ends the socket."""
        if len(text_data or bytes_data or "") > MOST_BYTES:
            await self.close(TOO_LARGE)

    async def hint(self, event: dict[str, Any]) -> None:
        """A message of the group."""
        await self.send_json(event["hint"])

    async def _turned_away(self) -> bool:
        code = await database_sync_to_async(close_code)(self.session_key, self.project_id)
        if code is not None:
            await self.close(code)
        return code is not None

    async def _keep_asking(self) -> None:
        while not await self._turned_away():
            await asyncio.sleep(REAUTHORISE_EVERY_S)


def _project_in(query_string: bytes) -> uuid.UUID | None:
    values = parse_qs(query_string.decode("latin-1")).get("project", [])
    try:
        return uuid.UUID(values[0]) if len(values) == 1 else None
    except ValueError:
        return None
