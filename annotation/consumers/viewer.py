"""The viewer's socket: a signed-in member looks at one agent at a time, aims it and presses its shutter."""

import asyncio
import contextlib
import time
import uuid
from typing import Any

from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError

from annotation.actions import capture
from annotation.actions.capture import NoSubject
from annotation.consumers.hub import hub
from annotation.consumers.live import Credits, Live, Outbox, Watcher, Wish
from annotation.consumers.socket import Closed, Receive, Send, Socket, converse
from annotation.consumers.standing import close_code, user_of
from annotation.models import AgentToken, Project, User
from annotation.permissions import Capability, require
from capture_agent.protocol.messages import (
    BAD_MESSAGE,
    FROM_VIEWER,
    NO_AGENT,
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    TO_AGENT,
    TO_VIEWER,
    TOO_LARGE,
    VIEWER_SUBPROTOCOL,
    Ack,
    Aim,
    Cancel,
    Failure,
    Press,
    Refused,
    Shoot,
    Target,
    Watch,
)
from capture_agent.protocol.wire import Message, ProtocolError

RECHECK_S = 3.0
EARLY = 0.9
"""Of the time between two frames: frames come at their own pace, and the next one must not be missed."""


async def viewer_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application of `/ws/v1/capture/view/`, behind Channels' checks of origin and session."""
    socket = Socket(scope, receive, send)
    session = scope.get("session")
    viewer = _Viewer(socket, session.session_key if session is not None else None)
    try:
        await socket.accept(VIEWER_SUBPROTOCOL)
        await viewer.run()
    except Closed as closed:
        await socket.close(closed.code, closed.reason)
    except ProtocolError as error:
        await socket.close(BAD_MESSAGE, str(error))
    except DatabaseError:
        await socket.close(1013, "The server's database does not answer; try again.")


class _Viewer(Watcher):
    """One open socket of a browser. It holds at most one state of each kind and no frame of its own."""

    def __init__(self, socket: Socket, session_key: str | None) -> None:
        self._socket, self._session_key = socket, session_key
        self.wish = Wish()
        self._live: Live | None = None
        self._token: AgentToken | None = None
        self._credits = Credits()
        self._outbox = Outbox()
        self._wake = asyncio.Event()
        self._due_s = 0.0

    async def run(self) -> None:
        """Until the socket is closed, by either side."""
        if await database_sync_to_async(user_of)(self._session_key) is None:
            raise Closed(NOT_SIGNED_IN, "Sign in first.")
        try:
            await converse(self._socket, [self._hear, self._say, self._recheck])
        finally:
            self._look_away()

    # --- Watcher -----------------------------------------------------------------------------------

    def nudge(self) -> None:
        self._wake.set()

    def hear(self, name: str, text: str) -> None:
        self._outbox.put(name, text)
        self._wake.set()

    # --- the parts of the conversation -------------------------------------------------------------

    async def _say(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (text := self._outbox.next()) is not None:
                await self._socket.send(text)
            await self._show()

    async def _show(self) -> None:
        """The newest frame, if it was not seen, is due, and there is a credit for it."""
        live = self._live
        if live is None or self.wish.fps <= 0 or not self._credits.may_have(live.frame):
            return
        pause_s = self._due_s - time.monotonic()
        if pause_s > 0:
            asyncio.get_running_loop().call_later(pause_s, self._wake.set)
            return
        frame = live.frame
        if frame is None:
            return
        between_s = 1.0 / self.wish.fps
        self._due_s = max(self._due_s, time.monotonic() - between_s) + EARLY * between_s
        self._credits.sent(frame)
        live.taken(frame)
        await self._socket.send(frame.content)

    async def _recheck(self) -> None:
        ask = database_sync_to_async(close_code)
        while True:
            await asyncio.sleep(RECHECK_S)
            token = self._token
            code = await ask(self._session_key, None if token is None else token.project_id)
            # Who looks at nothing is not in the wrong project.
            if code is not None and not (code == NOT_ALLOWED and token is None):
                raise Closed(code, "You may not look any more; sign in again.")

    async def _hear(self) -> None:
        while True:
            content = await self._socket.receive()
            if len(content) > FROM_VIEWER.most_bytes:
                raise Closed(TOO_LARGE, f"A message has at most {FROM_VIEWER.most_bytes} bytes.")
            if isinstance(content, bytes):
                raise Closed(BAD_MESSAGE, "A viewer sends no binary frames.")
            await self._obey(FROM_VIEWER.unpack(content))

    async def _obey(self, message: Message) -> None:
        match message:
            case Ack():
                self._credits.acknowledged(message.seq)
                self._wake.set()
            case Watch():
                await self._watch(message)
            case Aim():
                await self._aim(message)
            case Press():
                await self._press(message)
            case Cancel():
                await self._cancel(message)

    # --- what a viewer may ask for -----------------------------------------------------------------

    async def _watch(self, message: Watch) -> None:
        wish = Wish(message.fps, message.depth, message.colour_width)
        if self._token is not None and message.agent == self._token.pk and self._live is not None:
            self.wish = wish
            self._live.wishes_changed()
            self._wake.set()
            return
        self._look_away()
        if message.agent is None:
            return
        self._token = await database_sync_to_async(self._token_of)(message.agent)
        if self._token is None:
            raise Closed(NO_AGENT, "There is no such agent, or it is not yours to see.")
        self.wish = wish
        self._live = hub().watch(self._token.pk, self._token.name, self)

    def _look_away(self) -> None:
        if self._live is not None:
            hub().unwatch(self._live, self)
        self._live, self._token, self._due_s = None, None, 0.0
        self._credits = Credits()
        self._outbox.clear()

    def _token_of(self, agent: uuid.UUID) -> AgentToken | None:
        user = user_of(self._session_key)
        if user is None:
            return None
        rows = AgentToken.objects.filter(project__in=Project.objects.visible_to(user), revoked_at=None)
        return rows.select_related("project").filter(pk=agent).first()

    async def _asked(self, act: Any) -> Any:
        """Do something in the name of the session's user, in the database's thread."""
        return await database_sync_to_async(self._in_name)(act)

    def _in_name(self, act: Any) -> Any:
        user = user_of(self._session_key)
        if user is None:
            raise Closed(NOT_SIGNED_IN, "Sign in again.")
        if self._token is None:
            raise Closed(BAD_MESSAGE, "Watch an agent first.")
        require(user, self._token.project, Capability.IMPORT)
        return act(user, self._token)

    async def _aim(self, message: Aim) -> None:
        def act(user: User, token: AgentToken) -> Any:
            return capture.aim(user=user, token=token, subject_id=message.subject, study_id=message.study)

        try:
            subject = await self._asked(act)
        except (PermissionDenied, NoSubject) as refusal:
            code = refusal.code if isinstance(refusal, NoSubject) else "not_allowed"
            said = TO_VIEWER.pack(Failure(code=code, says=str(refusal)[:400]))
            self.hear(Failure.TYPE, said)
            return
        if self._live is None or self._live.upstream is None:
            return
        target = Target(subject=subject)
        self._live.upstream.aim(target)
        if not self._live.online:
            # Nobody says it back.
            self.hear(Target.TYPE, TO_VIEWER.pack(target))

    async def _press(self, message: Press) -> None:
        def act(user: User, token: AgentToken) -> Any:
            return capture.order(user=user, token=token, request=message.request)

        live = self._live
        if live is None or not live.online or live.upstream is None:
            self._refuse(message, "offline", "The agent is not connected.")
            return
        try:
            subject = await self._asked(act)
        except PermissionDenied as refusal:
            self._refuse(message, "not_allowed", str(refusal))
        except NoSubject as refusal:
            self._refuse(message, refusal.code, str(refusal))
        else:
            shoot = Shoot(request=message.request, subject=subject, countdown_s=message.countdown_s)
            live.upstream.order(TO_AGENT.pack(shoot))

    async def _cancel(self, message: Cancel) -> None:
        def act(user: User, token: AgentToken) -> None:
            """Nothing more is asked than whether this person may capture here."""

        if self._live is None or self._live.upstream is None:
            return
        with contextlib.suppress(PermissionDenied):
            await self._asked(act)
            self._live.upstream.order(TO_AGENT.pack(message))

    def _refuse(self, message: Press, code: str, says: str) -> None:
        refused = Refused(request=message.request, code=code, says=says[:400])
        self.hear(Refused.TYPE, TO_VIEWER.pack(refused))
