"""A proxy that treats the bytes between two programs as a bad network does."""

import asyncio
import random
import time
from contextlib import suppress

PIECE_BYTES = 16 << 10
LOST_SHARE = 0.1
RESENT_AFTER_S = 0.2
"""What TCP waits at least before it sends a lost piece again; then twice as long, and so on."""
DELAY_S = 5.0
MOST_WAITING = 1000
"""Pieces on their way in one direction."""


class Proxy:
    """Passes bytes on to a port of this machine, as its `mode` has it.

    `pass`: at once. `refuse`: no connection at all. `hold`: connections stay, nothing passes. `lose`: a tenth
    of the pieces comes late, as TCP repeats them. `cut`: a tenth of the pieces is lost with its connection.
    `delay`: each piece takes five seconds.
    """

    def __init__(self, port: int, rng: random.Random) -> None:
        self._port, self._rng = port, rng
        self._writers: set[asyncio.StreamWriter] = set()
        self.mode = "pass"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        if self.mode == "refuse":
            writer.transport.abort()
            return
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, inner_writer}
        self._writers |= pair
        ways = [
            asyncio.create_task(self._pump(reader, inner_writer)),
            asyncio.create_task(self._pump(inner_reader, writer)),
        ]
        try:
            await asyncio.gather(*ways)
        except OSError:
            for one in pair:
                one.transport.abort()
        finally:
            self._writers -= pair
            for way in ways:
                way.cancel()
            for one in pair:
                one.close()

    def cut(self) -> None:
        """Break every connection there is."""
        for writer in self._writers:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_WAITING)
        arriving = asyncio.create_task(self._arrive(way, writer))
        try:
            while piece := await reader.read(PIECE_BYTES):
                await way.put((time.monotonic() + self._late_s(), piece))
                if arriving.done():
                    break
            await way.put((0.0, b""))
            await arriving
        finally:
            arriving.cancel()

    async def _arrive(self, way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        """Hand the pieces on in their order, each when it is due; an empty one is the end."""
        while True:
            due_s, piece = await way.get()
            while self.mode == "hold" or time.monotonic() < due_s:
                await asyncio.sleep(0.05 if self.mode == "hold" else due_s - time.monotonic())
            if not piece:
                with suppress(OSError):
                    writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()

    def _late_s(self) -> float:
        """How long a piece is on its way. ConnectionResetError where it takes the connection with it."""
        if self.mode == "delay":
            return DELAY_S
        if self.mode == "cut" and self._rng.random() < LOST_SHARE:
            raise ConnectionResetError
        late_s, again_s = 0.0, RESENT_AFTER_S
        while self.mode == "lose" and self._rng.random() < LOST_SHARE:
            late_s, again_s = late_s + again_s, 2 * again_s
        return late_s
