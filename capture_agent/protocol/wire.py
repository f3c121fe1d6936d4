"""JSON from strangers into frozen dataclasses, and back.

A message is refused, with a sentence that names the field, when a field is missing, unknown, of another type
or outside its bounds; nothing is converted on the way, except a whole number where a real one is wanted. The
sender's side checks the same, so that nobody sends what the other would refuse.
"""

import dataclasses
import json
import math
import re
import types
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

Checked = Callable[[object, str], Any]
"""Reads one value; the text says where it stands. Raises ProtocolError."""
Kind = TypeVar("Kind")


class ProtocolError(ValueError):
    """What came is not what was agreed; the text is one sentence fit for a log or a close reason."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Of a number: the lowest and highest value. Of a text or a list: the least and most of its length."""

    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Pattern:
    """What the whole of a text must look like."""

    expression: str


Name = Annotated[str, Bounds(0, 120)]
"""A text of one line for people."""
Sentence = Annotated[str, Bounds(0, 400)]
Code = Annotated[str, Pattern(r"[a-z][a-z0-9_]{0,39}")]
"""A stable machine name."""
Sha256 = Annotated[str, Pattern(r"[0-9a-f]{64}")]
Seconds = Annotated[float, Bounds(0, 1e10)]
"""A duration, or a time since 1970 (UTC)."""
DeviceTime = Annotated[int, Bounds(0, 2**63 - 1)]
"""Microseconds since the camera started, by its own clock."""
Bytes = Annotated[int, Bounds(0, 2**53)]
Count = Annotated[int, Bounds(0, 2**53)]
Fraction = Annotated[float, Bounds(-10, 10)]
"""Of a picture's width or height, from its upper left corner; a little outside is allowed."""


class Message:
    """A dataclass with a `type` of its own on the wire."""

    TYPE: ClassVar[str]


def load_json(text: str | bytes, most_bytes: int) -> object:
    """JSON of bounded size: no NaN, no key twice, no depth that breaks the reader. Raises ProtocolError."""
    if len(text) > most_bytes:
        raise ProtocolError(f"A message has at most {most_bytes} bytes.")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ProtocolError:
        raise
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The message is not valid JSON.") from error


def read(kind: type[Kind], data: object, where: str = "message") -> Kind:
    """One dataclass from parsed JSON; ProtocolError that names the field at fault."""
    if not isinstance(data, Mapping):
        raise ProtocolError(f"{where}: must be an object")
    readers, needed = _fields(cast(Any, kind))
    for name in data:
        if name not in readers:
            raise ProtocolError(f"{where}: {str(name)[:40]!r} is no field of it")
    for name in needed:
        if name not in data:
            raise ProtocolError(f"{where}.{name}: is missing")
    return kind(**{name: readers[name](value, f"{where}.{name}") for name, value in data.items()})


def plain(value: object) -> Any:
    """JSON values of a dataclass; `read` gives an equal one back."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, uuid.UUID) else value


def checked(value: Kind) -> dict[str, Any]:
    """`plain`, after reading it back: ProtocolError where the receiver would refuse it."""
    data: dict[str, Any] = plain(value)
    read(type(value), data, type(value).__name__)
    return data


class Dialect:
    """The messages that may come one way over one kind of socket."""

    def __init__(self, *kinds: type[Message], most_bytes: int) -> None:
        self.kinds = {kind.TYPE: kind for kind in kinds}
        self.most_bytes = most_bytes

    def pack(self, message: Message) -> str:
        """The text to send. ProtocolError where the message has no place here or breaks a bound."""
        if self.kinds.get(message.TYPE) is not type(message):
            raise ProtocolError(f"A message {message.TYPE!r} does not go this way.")
        text = json.dumps({"type": message.TYPE, **checked(message)}, ensure_ascii=False, allow_nan=False)
        if len(text.encode()) > self.most_bytes:
            raise ProtocolError(f"A message has at most {self.most_bytes} bytes.")
        return text

    def unpack(self, text: str | bytes) -> Any:
        """The message in a text frame: one of `kinds`. Raises ProtocolError."""
        data = load_json(text, self.most_bytes)
        if not isinstance(data, dict):
            raise ProtocolError("A message is a JSON object.")
        name = data.pop("type", None)
        kind = self.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ProtocolError(f"{str(name)[:40]!r} is no message that may be sent here.")
        return read(kind, data, str(name))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProtocolError("The message names a field twice.")
    return found


def _no_constant(name: str) -> object:
    raise ProtocolError(f"{name} is no number that may be sent.")


@lru_cache(maxsize=128)
def _fields(kind: Any) -> tuple[dict[str, Checked], tuple[str, ...]]:
    hints = get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(kind)
    needed = tuple(
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return {field.name: _reader(hints[field.name]) for field in fields}, needed


def _reader(hint: Any) -> Checked:
    """The function that reads one value of an annotated type."""
    rules: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        rules = tuple(extras)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _optional(_reader(Annotated[inner, *rules] if rules else inner))
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple:
        return _list(_reader(arguments[0]), rules)
    if dataclasses.is_dataclass(hint):
        return _record(cast(type[Any], hint))
    return _SCALARS[hint](rules)


def _optional(inner: Checked) -> Checked:
    return lambda value, where: None if value is None else inner(value, where)


def _record(kind: type[Any]) -> Checked:
    return lambda value, where: read(kind, value, where)


def _choice(allowed: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise ProtocolError(f"{where}: must be one of: {', '.join(map(str, allowed))}")
        return value

    return reader


def _list(inner: Checked, rules: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if not isinstance(value, list):
            raise ProtocolError(f"{where}: must be a list")
        _check_length(len(value), rules, where)
        return tuple(inner(item, f"{where}[{index}]") for index, item in enumerate(value))

    return reader


def _text(rules: tuple[Any, ...]) -> Checked:
    patterns = [re.compile(rule.expression) for rule in rules if isinstance(rule, Pattern)]

    def reader(value: object, where: str) -> Any:
        if not isinstance(value, str):
            raise ProtocolError(f"{where}: must be a text")
        _check_length(len(value), rules, where)
        if any(not pattern.fullmatch(value) for pattern in patterns):
            raise ProtocolError(f"{where}: does not have the form it must have")
        if _UNPRINTABLE.search(value):
            raise ProtocolError(f"{where}: holds a character that is no text")
        return value

    return reader


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _whole(rules: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ProtocolError(f"{where}: must be a whole number")
        _check_range(value, rules, where)
        return value

    return reader


def _real(rules: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProtocolError(f"{where}: must be a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ProtocolError(f"{where}: must be a number")
        _check_range(number, rules, where)
        return number

    return reader


def _boolean(_: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if not isinstance(value, bool):
            raise ProtocolError(f"{where}: must be true or false")
        return value

    return reader


def _uuid(_: tuple[Any, ...]) -> Checked:
    def reader(value: object, where: str) -> Any:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise ProtocolError(f"{where}: must be a UUID")
        return uuid.UUID(value)

    return reader


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCALARS: dict[Any, Callable[[tuple[Any, ...]], Checked]] = {
    str: _text,
    int: _whole,
    float: _real,
    bool: _boolean,
    uuid.UUID: _uuid,
}


def _check_length(length: int, rules: tuple[Any, ...], where: str) -> None:
    for rule in rules:
        if isinstance(rule, Bounds) and not rule.low <= length <= rule.high:
            raise ProtocolError(f"{where}: must have a length from {rule.low:g} to {rule.high:g}")


def _check_range(value: float, rules: tuple[Any, ...], where: str) -> None:
    for rule in rules:
        if isinstance(rule, Bounds) and not rule.low <= value <= rule.high:
            raise ProtocolError(f"{where}: must lie between {rule.low:g} and {rule.high:g}")
