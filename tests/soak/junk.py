"""What nobody should send over the sockets of agents and viewers, without end."""

import random
from collections.abc import Iterator

from capture_agent.protocol.messages import FROM_AGENT, FROM_VIEWER, Hello, Watch
from capture_agent.protocol.previews import PreviewFrame, pack_preview
from capture_agent.protocol.wire import Dialect
from tests.capture_agent.protocol.test_messages import message, mutated


def hello() -> str:
    """An agent's first message, as it should be."""
    return FROM_AGENT.pack(message(Hello, 1))


def frame(seq: int, size: int) -> bytes:
    """A preview frame as it should be; its JPEG begins as one and goes on as zeros."""
    colour = b"\xff\xd8\xff" + bytes(size)
    return pack_preview(
        PreviewFrame(seq=seq, device_time_us=seq * 66_667, colour=colour, colour_size=(640, 360))
    )


def from_agent(rng: random.Random) -> Iterator[str | bytes]:
    """Half of it right, so that the conversation goes on for a while; then what is nearly so, and noise."""
    seq = 0
    while True:
        draw = rng.random()
        if draw < 0.55:
            yield _right(rng, FROM_AGENT)
        elif draw < 0.75:
            yield _nearly(rng, FROM_AGENT)
        elif draw < 0.95:
            seq += 1
            yield _broken(rng, frame(seq, rng.randint(1, 20_000)))
        elif draw < 0.995:
            yield rng.randbytes(rng.randint(0, 3000))
        else:
            yield bytes(rng.randint(500 << 10, 1 << 20))


def from_viewer(rng: random.Random) -> Iterator[str | bytes]:
    """The like from a browser's side."""
    while True:
        draw = rng.random()
        if draw < 0.7:
            yield _right(rng, FROM_VIEWER)
        elif draw < 0.95:
            yield _nearly(rng, FROM_VIEWER)
        elif draw < 0.995:
            yield rng.randbytes(rng.randint(0, 3000))
        else:
            yield "x" * rng.randint(4000, 70_000)


def _right(rng: random.Random, dialect: Dialect) -> str:
    """Any message but those that end the conversation: hello comes once, and nobody has this agent."""
    kinds = [kind for kind in dialect.kinds.values() if kind not in (Hello, Watch)]
    return dialect.pack(message(rng.choice(kinds), rng.randrange(1000)))


def _nearly(rng: random.Random, dialect: Dialect) -> str | bytes:
    """A message with some bytes changed: as text, one time in ten as bytes that need not be any."""
    content = mutated(rng, dialect, _right(rng, dialect))[1]
    return content if rng.random() < 0.1 else content.decode(errors="replace")


def _broken(rng: random.Random, content: bytes) -> bytes:
    """Often with a few bytes of its head changed, or cut off."""
    if rng.random() < 0.4:
        return content
    broken = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        broken[rng.randrange(40)] = rng.randrange(256)
    return bytes(broken[: rng.randrange(len(broken))] if rng.random() < 0.2 else broken)
