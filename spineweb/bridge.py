"""Django as the synchronous program it is, behind an asynchronous server.

A request's body is received before a thread takes it up, and an answer goes back to the event loop whole, or
in pieces of a megabyte: a slow sender or reader holds no thread, and a request costs one hop into a thread
and one back. (Under Django's own ASGI handler each request would open a database connection in a thread of
its own, and every download would pass through memory.)
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.db import close_old_connections

PIECE_BYTES = 2**20
# Bodies are held in memory while they arrive; of those that are larger than this, only so many at once.
_SMALL_BODY_BYTES = 2**20
_LARGE_BODIES = 16
# 8 MiB arrive in this time at 0.25 Mbit/s.
_BODY_S = 300.0

Environ = dict[str, Any]
# Django types its answer as one that may be iterated or not.
WSGIApplication = Callable[[Environ, Any], Any]


class Readable(Protocol):
    """What a download reads from: a file of the store, or an object's body."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class _Download:
    """`wsgi.file_wrapper`: an answer that is a file, which any thread may read and close."""

    def __init__(self, file: Readable, _block_size: int = 0) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.file.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self.file.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    """Status, headers and the first piece; `rest` where a file has more."""

    status: int
    headers: list[tuple[bytes, bytes]]
    first: bytes
    rest: _Download | None = None


class ThreadedWSGI:
    """An ASGI application that runs a WSGI application in a pool of threads."""

    def __init__(self, application: WSGIApplication, *, threads: int, most_body_bytes: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, "http")
        self._most_body_bytes = most_body_bytes
        self._large = asyncio.Semaphore(_LARGE_BODIES)

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        loop = asyncio.get_running_loop()
        length = self._body_length(scope)
        async with self._large if length > _SMALL_BODY_BYTES else nullcontext():
            try:
                body = await asyncio.wait_for(_body(receive), _BODY_S) if length else b""
            except TimeoutError:
                await send(_start(408, [(b"connection", b"close")]))
                await send(_piece(b"The body of the request took too long to arrive.", more=False))
                return
            if body is None:
                return
            stream = _Stream(loop, receive, send)
            answer = await loop.run_in_executor(self._threads, self._respond, scope, body, stream)
        if answer is None:
            return
        await send(_start(answer.status, answer.headers))
        await send(_piece(answer.first, more=answer.rest is not None))
        if answer.rest is not None:
            await self._send_rest(answer.rest, receive, send)

    def _body_length(self, scope: HTTPScope) -> int:
        """How much of a body to wait for: nothing where it has no length, or one the application refuses."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15 or int(length) > self._most_body_bytes:
            return 0
        return int(length)

    def _respond(self, scope: HTTPScope, body: bytes, stream: "_Stream") -> _Answer | None:
        """In a thread: the whole answer, or its start; None where it went out as a stream."""
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started.append((int(status.split(" ", 1)[0]), encoded))

        result: Iterable[bytes] = self._application(_environ(scope, body), start_response)
        pieces = _gathered(result)
        try:
            first = next(pieces, b"")
            [(status, headers)] = started
            if len(first) < PIECE_BYTES:
                return _Answer(status, headers, first)
            if isinstance(result, _Download):
                # The reader may take minutes: this thread's connection is for the next request.
                close_old_connections()
                download, result = result, ()
                return _Answer(status, headers, first, download)
            stream.send(status, headers, first, pieces)
            return None
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    async def _send_rest(
        self, download: _Download, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(_gone(receive))
        try:
            more = True
            while more and not gone.done():
                piece = await loop.run_in_executor(self._threads, download.file.read, PIECE_BYTES)
                more = bool(piece)
                await send(_piece(piece, more=more))
        finally:
            gone.cancel()
            await loop.run_in_executor(self._threads, download.close)


class _Stream:
    """An answer of any length that its own thread makes: a database cursor does not change threads."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self._loop, self._receive, self._send = loop, receive, send

    def send(
        self, status: int, headers: list[tuple[bytes, bytes]], first: bytes, pieces: Iterator[bytes]
    ) -> None:
        """Send each piece as soon as the reader has room for it. Ends early where the reader has gone."""
        gone = asyncio.run_coroutine_threadsafe(_gone(self._receive), self._loop)
        try:
            self._wait(_start(status, headers))
            self._wait(_piece(first, more=True))
            for piece in pieces:
                if gone.done():
                    return
                self._wait(_piece(piece, more=True))
            self._wait(_piece(b"", more=False))
        finally:
            gone.cancel()

    def _wait(self, message: Any) -> None:
        asyncio.run_coroutine_threadsafe(_sent(self._send, message), self._loop).result()


async def _sent(send: ASGISendCallable, message: Any) -> None:
    await send(message)


async def _body(receive: ASGIReceiveCallable) -> bytes | None:
    """The body of a request; None where its sender went away before the end."""
    pieces = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message["body"])
        more = message["more_body"]
    return b"".join(pieces)


async def _gone(receive: ASGIReceiveCallable) -> None:
    """Returns when the reader of an answer has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least PIECE_BYTES, but for the last."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Any:
    return {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}


def _piece(body: bytes, *, more: bool) -> Any:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _environ(scope: HTTPScope, body: bytes) -> Environ:
    """The request as PEP 3333 writes it."""
    server_name, server_port = scope["server"] or ("localhost", 80)
    told: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope["root_path"],
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _Download,
    }
    if scope["client"] is not None:
        told["REMOTE_ADDR"] = scope["client"][0]
    for raw_name, raw_value in scope["headers"]:
        # A name with an underscore would pass for the one with a hyphen that a proxy sets.
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        key = name if name in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if key in told:
            value = f"{told[key]}{';' if name == 'COOKIE' else ','}{value}"
        told[key] = value
    return told
