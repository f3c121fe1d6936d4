"""One agent as one web process sees it: its newest frame, what it last said, and who looks.

Frames go down from the agent to whoever looks, credits go up. Nothing is queued: a frame that nobody took is
replaced by the next, and the one above gets its credit back only when somebody below took a frame (or nobody
looks), so that what is sent follows the quickest that looks and never runs ahead of it. Who does not
acknowledge gets nothing more, and keeps nobody waiting.
"""

import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from capture_agent.protocol.messages import (
    CREDITS,
    TO_VIEWER,
    CameraState,
    DepthWish,
    Guidance,
    Heartbeat,
    Presence,
    Preview,
    Target,
    Uploads,
)

KEPT = (Presence.TYPE, CameraState.TYPE, Heartbeat.TYPE, Uploads.TYPE, Target.TYPE)
"""What a new viewer is told at once, in this order."""
_DEPTHS: tuple[DepthWish, ...] = ("none", "shade", "exact")


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see."""

    fps: float = 0.0
    depth: DepthWish = "none"
    colour_width: int = 160

    def preview(self) -> Preview:
        return Preview(fps=self.fps, depth=self.depth, colour_width=self.colour_width)


def best_of(wishes: list[Wish]) -> Wish:
    """The best that any of them wants; nothing where nobody wants anything."""
    wanted = [wish for wish in wishes if wish.fps > 0]
    if not wanted:
        return Wish()
    return Wish(
        max(wish.fps for wish in wanted),
        max((wish.depth for wish in wanted), key=_DEPTHS.index),
        max(wish.colour_width for wish in wanted),
    )


@dataclass(frozen=True)
class Frame:
    """A preview frame as it came; `number` counts the frames of this process, whatever the agent's own is."""

    number: int
    seq: int
    content: bytes


class Credits:
    """How many frames are on their way to one receiver, and whether it may have another."""

    def __init__(self) -> None:
        self._out: deque[int] = deque()
        self.seen = -1

    def may_have(self, frame: Frame | None) -> bool:
        return frame is not None and frame.number > self.seen and len(self._out) < CREDITS

    def sent(self, frame: Frame) -> None:
        self.seen = frame.number
        self._out.append(frame.seq)

    def acknowledged(self, seq: int) -> None:
        """It has dealt with this frame, and so with those that were sent before it. Others mean nothing."""
        if seq in self._out:
            while self._out.popleft() != seq:
                pass

    def clear(self) -> None:
        self._out.clear()


class Watcher(Protocol):
    """Who looks at an agent: a viewer's socket, or another web process for its viewers."""

    wish: Wish

    def nudge(self) -> None:
        """There is a newer frame."""

    def hear(self, name: str, text: str) -> None:
        """The agent said something; packed as it goes to a viewer."""


class Upstream(Protocol):
    """Where an agent's frames come from: its socket, or the web process that has it."""

    def acknowledge(self, seq: int) -> None: ...

    def want(self, wish: Wish) -> None: ...

    def order(self, text: str) -> None:
        """Something for the agent, packed as it goes to it."""

    def aim(self, target: Target) -> None:
        """Whom the next shot shows: for the agent, and for all who look."""


class Live:
    """One agent in this process."""

    def __init__(self, agent: uuid.UUID, name: str) -> None:
        self.agent, self.name = agent, name
        self.watchers: set[Watcher] = set()
        self.frame: Frame | None = None
        self.said: dict[str, str] = {}
        self.heard_s = time.monotonic()
        self.online: bool | None = None
        self.upstream: Upstream | None = None
        self._number = 0
        # The newest frame for which whoever sent it has no credit back yet.
        self._owed: int | None = None
        self._wish = Wish()

    def watch(self, watcher: Watcher) -> None:
        self.watchers.add(watcher)
        for name in KEPT:
            if name in self.said:
                watcher.hear(name, self.said[name])
        self.wishes_changed()

    def unwatch(self, watcher: Watcher) -> None:
        self.watchers.discard(watcher)
        self.wishes_changed()
        self._pay_if_nobody_looks()

    def attach(self, upstream: Upstream) -> None:
        """The agent is to be had from here, now."""
        self.upstream, self._owed, self._wish = upstream, None, Wish()
        self.wishes_changed()

    def wishes_changed(self) -> None:
        wish = best_of([watcher.wish for watcher in self.watchers])
        if wish != self._wish and self.upstream is not None:
            self._wish = wish
            self.upstream.want(wish)

    def wished(self) -> Wish:
        return best_of([watcher.wish for watcher in self.watchers])

    def show(self, seq: int, content: bytes) -> None:
        """A frame came from above."""
        self._number += 1
        self.frame, self._owed = Frame(self._number, seq, content), seq
        for watcher in self.watchers:
            watcher.nudge()
        self._pay_if_nobody_looks()

    def taken(self, frame: Frame) -> None:
        """A watcher has this frame on its way."""
        if frame is self.frame:
            self._pay()

    def say(self, name: str, text: str) -> None:
        """Pass on what the agent said."""
        self.heard_s = time.monotonic()
        if name in KEPT:
            self.said[name] = text
        for watcher in list(self.watchers):
            watcher.hear(name, text)

    def present(self, presence: Presence) -> None:
        """The agent came, or went: what it last said of its camera and spool stays to be read."""
        self.online = presence.online
        if not presence.online:
            self.frame = None
        self.say(Presence.TYPE, TO_VIEWER.pack(presence))

    def lost(self) -> None:
        """Nobody has the agent any more."""
        self.present(Presence(agent=self.agent, name=self.name, online=False, session=None, source=None))

    def _pay_if_nobody_looks(self) -> None:
        if not any(watcher.wish.fps > 0 for watcher in self.watchers):
            self._pay()

    def _pay(self) -> None:
        if self._owed is not None and self.upstream is not None:
            self.upstream.acknowledge(self._owed)
        self._owed = None


PASSED_ON_LATEST = (*KEPT, Guidance.TYPE, "countdown")
"""Of these only the newest counts."""


class Outbox:
    """What waits to be sent to one viewer: the newest of each state, and the events, of which few fit."""

    MOST_EVENTS = 50

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}
        self._events: deque[str] = deque(maxlen=self.MOST_EVENTS)

    def put(self, name: str, text: str) -> None:
        if name in PASSED_ON_LATEST:
            # At the end again: in the order in which things were said.
            self._latest.pop(name, None)
            self._latest[name] = text
        else:
            self._events.append(text)

    def next(self) -> str | None:
        """Events first: they are few, and the state that follows them is the newer one."""
        if self._events:
            return self._events.popleft()
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None

    def clear(self) -> None:
        self._latest.clear()
        self._events.clear()
