"""The jobs socket: hints that a job of one project changed. Who looks refetches the row, which is the truth.

Nothing is read from the browser. Every few seconds the socket asks again whether its user may still look.
"""

import asyncio
import contextlib
import uuid
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from annotation.models import Project, User
from annotation.permissions import Capability, allows, role_in
from inference.actions.announcements import group_of

NOT_SIGNED_IN, NOT_ALLOWED, TOO_LARGE = 4401, 4403, 1009
REAUTHORISE_EVERY_S = 3.0
# A browser has nothing to say here.
MOST_BYTES = 1024


def close_code(session_key: str | None, project_id: uuid.UUID | None) -> int | None:
    """Why the holder of a session may not listen to a project, or None. Asks the database each time."""
    if not session_key:
        return NOT_SIGNED_IN
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = User.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
    if user is None or user.must_change_password:
        return NOT_SIGNED_IN
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return NOT_SIGNED_IN
    project = Project.objects.visible_to(user).filter(pk=project_id).first() if project_id else None
    if project is None or not allows(role_in(user, project.pk), Capability.VIEW):
        return NOT_ALLOWED
    return None


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
