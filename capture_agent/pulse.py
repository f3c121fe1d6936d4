"""A beat that many tasks can wait for, given from another thread."""

import asyncio


class Pulse:
    """Who waits goes on at the next beat; a beat that nobody waits for is forgotten."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Event = asyncio.Event()

    def beat(self) -> None:
        """From inside the loop."""
        self._next.set()
        self._next = asyncio.Event()

    def beat_from_thread(self) -> None:
        """From any thread; nothing where the loop has ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.beat)

    async def wait(self, at_most_s: float | None = None) -> bool:
        """Whether there was a beat in time."""
        # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the beat.
        try:
            async with asyncio.timeout(at_most_s):
                await self._next.wait()
        except TimeoutError:
            return False
        return True
