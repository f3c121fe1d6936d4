"""Control messages: each comes back as it was sent, and nothing else is understood."""

import dataclasses
import json
import random
import uuid
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import pytest

from capture_agent.protocol import messages
from capture_agent.protocol.messages import FROM_AGENT, FROM_VIEWER, TO_AGENT, TO_VIEWER
from capture_agent.protocol.uploads import DeviceCheck, ShotOffer, ShotState
from capture_agent.protocol.wire import Bounds, Dialect, Pattern, ProtocolError, checked, load_json, read

DIALECTS = {
    "from_agent": FROM_AGENT,
    "to_agent": TO_AGENT,
    "from_viewer": FROM_VIEWER,
    "to_viewer": TO_VIEWER,
}
EVERY = sorted(
    {kind for dialect in DIALECTS.values() for kind in dialect.kinds.values()}, key=lambda k: k.TYPE
)
FUZZED = 10_000


def example(hint: Any, rng: random.Random) -> Any:
    """A value of an annotated type, within its bounds."""
    rules = getattr(hint, "__metadata__", ())
    if rules:
        hint = hint.__origin__
    bounds = next((rule for rule in rules if isinstance(rule, Bounds)), Bounds(0, 3))
    if get_origin(hint) in (Union, type(int | None)):
        inner = next(part for part in get_args(hint) if part is not type(None))
        return None if rng.random() < 0.3 else example(inner, rng)
    if get_origin(hint) is Literal:
        return rng.choice(get_args(hint))
    if get_origin(hint) is tuple:
        length = rng.randint(int(bounds.low), int(min(bounds.high, bounds.low + 2)))
        return tuple(example(get_args(hint)[0], rng) for _ in range(length))
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        fields = {field.name: example(hints[field.name], rng) for field in dataclasses.fields(hint)}
        return hint(**fields)  # type: ignore[operator]
    if any(isinstance(rule, Pattern) for rule in rules):
        return "a" * 64
    if hint is str:
        return "é" * rng.randint(int(bounds.low), int(min(bounds.high, 12)))
    if hint is float:
        return rng.uniform(bounds.low, bounds.high)
    if hint is int:
        return rng.randint(int(bounds.low), int(bounds.high))
    return {bool: rng.random() < 0.5, uuid.UUID: uuid.UUID(int=rng.getrandbits(128))}[hint]


def message(kind: type[Any], seed: int) -> Any:
    rng = random.Random(seed)
    made = example(kind, rng)
    if isinstance(made, messages.Failure | messages.Refused):
        made = dataclasses.replace(made, code="too_large")
    return made


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.TYPE)
def test_each_message_comes_back_as_it_was_sent(kind: type[Any]) -> None:
    dialect = next(dialect for dialect in DIALECTS.values() if kind.TYPE in dialect.kinds)
    for seed in range(20):
        sent = message(kind, seed)
        assert dialect.unpack(dialect.pack(sent)) == sent


def test_every_field_is_needed_and_no_other_is_taken() -> None:
    for kind in EVERY:
        dialect = next(dialect for dialect in DIALECTS.values() if kind.TYPE in dialect.kinds)
        data = json.loads(dialect.pack(message(kind, 1)))
        with pytest.raises(ProtocolError, match="'admin' is no field"):
            dialect.unpack(json.dumps({**data, "admin": True}))
        for field in dataclasses.fields(cast(Any, kind)):
            if field.default is dataclasses.MISSING:
                short = {name: value for name, value in data.items() if name != field.name}
                with pytest.raises(ProtocolError, match=f"{field.name}: is missing"):
                    dialect.unpack(json.dumps(short))


def test_a_message_goes_only_its_own_way() -> None:
    heartbeat = message(messages.Heartbeat, 1)
    with pytest.raises(ProtocolError, match="does not go this way"):
        TO_AGENT.pack(heartbeat)
    for dialect in (TO_AGENT, FROM_VIEWER):
        with pytest.raises(ProtocolError, match="'heartbeat' is no message"):
            dialect.unpack(FROM_AGENT.pack(heartbeat))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fps": "15"}, "heartbeat.fps: must be a number"),
        ({"fps": True}, "heartbeat.fps: must be a number"),
        ({"fps": 1e9}, "heartbeat.fps: must lie between 0 and 1000"),
        ({"fps": 10**400}, "heartbeat.fps: must be a number"),
        ({"dropped": -1}, "heartbeat.dropped: must lie between"),
        ({"dropped": 1.0}, "heartbeat.dropped: must be a whole number"),
        ({"last_shot": "../../etc"}, "heartbeat.last_shot: must be a UUID"),
        ({"last_shot": 7}, "heartbeat.last_shot: must be a UUID"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], says: str) -> None:
    data = json.loads(FROM_AGENT.pack(message(messages.Heartbeat, 1)))
    with pytest.raises(ProtocolError, match=says):
        FROM_AGENT.unpack(json.dumps({**data, **change}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"type": 1}',
        '{"type": ["hello"]}',
        '{"type": "ack", "seq": NaN}',
        '{"type": "ack", "seq": 1e999}',
        '{"type": "ack", "seq": 1, "seq": 2}',
        '{"type": "ack", "seq": ' + "9" * 3000 + "}",
        "[" * 50_000,
        b"\xff\xfe{}",
        '{"type": "error", "code": "full", "says": "\\ud800"}',
        '{"type": "error", "code": "full", "says": "a\\u0000b"}',
        '{"type": "error", "code": "Full!", "says": ""}',
    ],
    ids=range(15),
)
def test_what_is_no_message_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        TO_AGENT.unpack(text)


def test_what_is_too_long_is_not_even_parsed() -> None:
    with pytest.raises(ProtocolError, match="at most 4096 bytes"):
        FROM_VIEWER.unpack("[" * 10_000_000)


def test_a_sender_cannot_send_what_would_be_refused() -> None:
    with pytest.raises(ProtocolError, match=r"Ack\.seq"):
        TO_AGENT.pack(messages.Ack(seq=2**32))
    with pytest.raises(ProtocolError, match=r"Heard\.server_time_s"):
        TO_AGENT.pack(messages.Heard(server_time_s=float("nan")))


@pytest.mark.parametrize("kind", [ShotOffer, ShotState, DeviceCheck])
def test_what_goes_by_http_comes_back_too(kind: type[Any]) -> None:
    for seed in range(20):
        sent = message(kind, seed)
        assert read(kind, load_json(json.dumps(checked(sent)), 1 << 16)) == sent


def test_no_mutation_raises_anything_but_a_refusal() -> None:
    rng = random.Random(7)
    texts = [
        (dialect, dialect.pack(message(kind, 3)))
        for dialect in DIALECTS.values()
        for kind in dialect.kinds.values()
    ]
    refused = sum(_refuses(*mutated(rng, *rng.choice(texts))) for _ in range(FUZZED))
    assert FUZZED * 0.5 < refused < FUZZED


def mutated(rng: random.Random, dialect: Dialect, text: str) -> tuple[Dialect, bytes]:
    """The text with a few bytes changed, doubled, cut out or put in."""
    content = bytearray(text.encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        end = min(at + rng.randint(0, 12), len(content))
        patch = rng.choice([b"", rng.randbytes(3), b'"', b"{", b"-1", b"null", bytes(content[at:end]) * 2])
        content[at : end if rng.random() < 0.7 else at] = patch
        if not content:
            break
    return dialect, bytes(content)


def _refuses(dialect: Dialect, content: bytes) -> bool:
    try:
        dialect.unpack(content)
    except ProtocolError as error:
        return 0 < len(str(error)) < 300
    return False
