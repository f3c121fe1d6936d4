"""The agents of one web process, and how it speaks to the others.

An agent's socket is in one process, its viewers may be in any. To its home process another process is one
more viewer: it says what its own viewers want, gets frames by name with two credits, and acknowledges one
when one of its viewers took it. So at most two frames of an agent are ever on their way to a process, however
many viewers it has or however slow they are, and Redis holds no more. Where agent and viewer are in the same
process nothing of this happens, and without Redis everything else works.

Messages go through the channel layer (Redis pub/sub): to the group of an agent's home, to that of the
processes where somebody looks, or to one process. Any may be lost. What is wanted is said again each
REPEAT_S; a process that stays silent for GONE_S counts as gone, on either side.
"""

import asyncio
import contextlib
import logging
import time
import uuid
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, cast

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from annotation.actions.captureannounce import home_of, viewers_of
from annotation.consumers.live import Credits, Live, Upstream, Watcher, Wish
from capture_agent.protocol.messages import TO_AGENT, TO_VIEWER, Presence, Target

logger = logging.getLogger(__name__)

REPEAT_S = 1.0
GONE_S = 6.0
UNKNOWN_S = 2.0
MOST_WAITING = 200
"""Messages that wait for Redis; more are dropped."""

Message = dict[str, Any]
_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub() -> "Hub":
    """The one of this process (in tests: of this loop)."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


class Home(Upstream):
    """An agent's socket in this process."""

    connection: uuid.UUID

    def replace(self) -> None:
        """A newer connection of the same agent took over."""
        raise NotImplementedError


class Elsewhere(Upstream):
    """An agent whose socket some other process has, or none."""

    def __init__(self, hub: "Hub", agent: uuid.UUID) -> None:
        self._hub, self._agent = hub, agent
        self.wish = Wish()

    def acknowledge(self, seq: int) -> None:
        self._hub.post(home_of(self._agent), self._agent, "ack", seq=seq)

    def want(self, wish: Wish) -> None:
        self.wish = wish
        self.repeat()

    def repeat(self) -> None:
        wish = self.wish
        said = {"fps": wish.fps, "depth": wish.depth, "colour_width": wish.colour_width}
        self._hub.post(home_of(self._agent), self._agent, "watch", **said)

    def order(self, text: str) -> None:
        self._hub.post(home_of(self._agent), self._agent, "order", text=text)

    def aim(self, target: Target) -> None:
        self._hub.post(home_of(self._agent), self._agent, "aim", text=TO_AGENT.pack(target))


class OtherProcess(Watcher):
    """Another web process in which somebody looks at an agent of this one."""

    def __init__(self, hub: "Hub", live: Live, channel: str) -> None:
        self._hub, self.live, self.channel = hub, live, channel
        self.wish = Wish()
        self.heard_s = time.monotonic()
        self._credits = Credits()

    def nudge(self) -> None:
        frame = self.live.frame
        if frame is None or self.wish.fps <= 0 or not self._credits.may_have(frame):
            return
        self._credits.sent(frame)
        self._hub.send(self.channel, self.live.agent, "frame", seq=frame.seq, content=frame.content)
        self.live.taken(frame)

    def hear(self, name: str, text: str) -> None:
        self._hub.send(self.channel, self.live.agent, "text", name=name, text=text)

    def acknowledged(self, seq: int) -> None:
        self._credits.acknowledged(seq)
        self.nudge()


class Hub:
    """All agents that this process has, or that somebody looks at in it."""

    def __init__(self) -> None:
        self.lives: dict[uuid.UUID, Live] = {}
        self.homes: dict[uuid.UUID, Home] = {}
        self._others: dict[tuple[uuid.UUID, str], OtherProcess] = {}
        self._joined: set[str] = set()
        self._channel: str | None = None
        self._waiting: asyncio.Queue[Callable[[Any], Awaitable[None]]] = asyncio.Queue(MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    # --- what sockets ask for ----------------------------------------------------------------------

    def arrive(self, agent: uuid.UUID, name: str, home: Home) -> Live:
        """An agent's socket is open here; an older one, here or elsewhere, is closed."""
        live = self._live(agent, name)
        older = self.homes.get(agent)
        self.homes[agent] = home
        if older is not None:
            older.replace()
        self.post(home_of(agent), agent, "replaced", connection=str(home.connection))
        self._join(home_of(agent))
        live.attach(home)
        return live

    def leave(self, agent: uuid.UUID, home: Home) -> None:
        """An agent's socket is closed."""
        if self.homes.get(agent) is not home:
            return
        del self.homes[agent]
        live = self.lives[agent]
        live.attach(Elsewhere(self, agent))
        live.lost()
        self._part(home_of(agent))
        for key in [key for key in self._others if key[0] == agent]:
            live.unwatch(self._others.pop(key))
        self._tidy(agent)

    def watch(self, agent: uuid.UUID, name: str, watcher: Watcher) -> Live:
        """Somebody in this process looks at an agent."""
        live = self._live(agent, name)
        self._join(viewers_of(agent))
        live.watch(watcher)
        if isinstance(live.upstream, Elsewhere):
            live.upstream.repeat()
        return live

    def unwatch(self, live: Live, watcher: Watcher) -> None:
        live.unwatch(watcher)
        self._tidy(live.agent)

    # --- to other processes ------------------------------------------------------------------------

    def post(self, group: str, agent: uuid.UUID, kind: str, **said: Any) -> None:
        """To every process of a group, once there is time."""
        message = self._message(agent, kind, said)
        self._later(lambda layer: layer.group_send(group, {**message, "from": self._channel}))

    def send(self, channel: str, agent: uuid.UUID, kind: str, **said: Any) -> None:
        """To one process."""
        message = self._message(agent, kind, said)
        self._later(lambda layer: layer.send(channel, message))

    @staticmethod
    def _message(agent: uuid.UUID, kind: str, said: Message) -> Message:
        return {"type": "capture", "agent": agent.hex, "kind": kind, **said}

    def _join(self, group: str) -> None:
        if group not in self._joined:
            self._joined.add(group)
            self._later(lambda layer: layer.group_add(group, self._channel))

    def _part(self, group: str) -> None:
        if group in self._joined:
            self._joined.discard(group)
            self._later(lambda layer: layer.group_discard(group, self._channel))

    def _later(self, act: Callable[[Any], Awaitable[None]]) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(part()) for part in (self._speak, self._listen, self._tend)]
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(act)

    async def _speak(self) -> None:
        while True:
            act = await self._waiting.get()
            try:
                layer = cast(Any, get_channel_layer())
                if self._channel is None:
                    self._channel = await layer.new_channel("capture.")
                await act(layer)
            except (RedisError, OSError) as error:
                logger.warning("capture: the other web processes cannot be reached: %s", error)
                await asyncio.sleep(REPEAT_S)

    # --- from other processes ----------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            if self._channel is None:
                await asyncio.sleep(0.05)
                continue
            try:
                self._hear(await cast(Any, get_channel_layer()).receive(self._channel))
            except (RedisError, OSError) as error:
                logger.warning("capture: the other web processes cannot be heard: %s", error)
                await asyncio.sleep(REPEAT_S)
            except (KeyError, TypeError, ValueError):
                logger.exception("capture: another web process sent what nobody understands")

    def _hear(self, message: Message) -> None:
        agent = uuid.UUID(message["agent"])
        live, sender = self.lives.get(agent), message.get("from")
        if live is None or (sender is not None and sender == self._channel):
            return
        home = self.homes.get(agent)
        match message["kind"]:
            case "text" if home is None:
                self._heard(live, message["name"], message["text"])
            case "text":
                self._announced(live, message["name"], message["text"])
            case "frame" if home is None:
                live.heard_s = time.monotonic()
                live.show(message["seq"], message["content"])
            case "watch" if home is not None:
                self._watched(live, message)
            case "ack" if (agent, sender) in self._others:
                self._others[agent, cast(str, sender)].acknowledged(message["seq"])
            case "order" if home is not None:
                home.order(message["text"])
            case "aim" if home is not None:
                home.aim(TO_AGENT.unpack(message["text"]))
            case "replaced" if home is not None and message["connection"] != str(home.connection):
                home.replace()

    @staticmethod
    def _heard(live: Live, name: str, text: str) -> None:
        """The agent, or what is known of it, by way of its home."""
        if name == Presence.TYPE:
            live.heard_s = time.monotonic()
            said: Presence = TO_VIEWER.unpack(text)
            if live.online != said.online or live.said.get(name) != text:
                live.present(said)
        else:
            live.say(name, text)

    @staticmethod
    def _announced(live: Live, name: str, text: str) -> None:
        """Not from the agent: other processes hear of it by themselves."""
        for watcher in live.watchers:
            if not isinstance(watcher, OtherProcess):
                watcher.hear(name, text)

    def _watched(self, live: Live, message: Message) -> None:
        """Another process looks, and what it wants; the first time it is told how things stand."""
        channel = message["from"]
        other = self._others.get((live.agent, channel))
        wish = Wish(message["fps"], message["depth"], message["colour_width"])
        if other is None:
            other = self._others[live.agent, channel] = OtherProcess(self, live, channel)
            other.wish = wish
            live.watch(other)
        other.heard_s = time.monotonic()
        if other.wish != wish:
            other.wish = wish
            live.wishes_changed()
        other.nudge()

    # --- time --------------------------------------------------------------------------------------

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(REPEAT_S)
            now = time.monotonic()
            for key, other in list(self._others.items()):
                if now - other.heard_s > GONE_S:
                    del self._others[key]
                    self.lives[key[0]].unwatch(other)
                elif Presence.TYPE in other.live.said:
                    other.hear(Presence.TYPE, other.live.said[Presence.TYPE])
            for live in list(self.lives.values()):
                if isinstance(live.upstream, Elsewhere):
                    live.upstream.repeat()
                    silent_s = now - live.heard_s
                    if (live.online is None and silent_s > UNKNOWN_S) or (live.online and silent_s > GONE_S):
                        live.lost()

    def _live(self, agent: uuid.UUID, name: str) -> Live:
        live = self.lives.get(agent)
        if live is None:
            live = self.lives[agent] = Live(agent, name)
            live.attach(Elsewhere(self, agent))
        return live

    def _tidy(self, agent: uuid.UUID) -> None:
        """Forget an agent that is not here and that nobody here looks at."""
        live = self.lives[agent]
        if not live.watchers:
            self._part(viewers_of(agent))
            if agent not in self.homes:
                del self.lives[agent]
