"""What the agent has to say, while it can be said or not."""

import asyncio
from collections import deque

from capture_agent.protocol.messages import CameraState, Countdown, Guidance, Heartbeat, Uploads
from capture_agent.protocol.wire import Message

NEWEST_ONLY = (CameraState, Countdown, Guidance, Heartbeat, Uploads)
MOST_ANSWERS = 100


class Outbox:
    """Of messages that describe a state only the newest of each kind waits; answers wait in order, the newest
    MOST_ANSWERS of them, also while there is no connection."""

    def __init__(self) -> None:
        self._answers: deque[Message] = deque(maxlen=MOST_ANSWERS)
        self._states: dict[str, Message] = {}
        self._filled = asyncio.Event()

    def put(self, message: Message) -> None:
        if isinstance(message, NEWEST_ONLY):
            self._states[message.TYPE] = message
        else:
            self._answers.append(message)
        self._filled.set()

    def drop_states(self) -> None:
        """Forget what was said of a state: it is old."""
        self._states.clear()

    async def next(self) -> Message:
        """The next message to send, waiting for one."""
        while not self._answers and not self._states:
            self._filled.clear()
            await self._filled.wait()
        if self._answers:
            return self._answers.popleft()
        return self._states.pop(next(iter(self._states)))

    def put_back(self, message: Message) -> None:
        """It could not be sent; an answer must be."""
        if not isinstance(message, NEWEST_ONLY):
            self._answers.appendleft(message)
            self._filled.set()
