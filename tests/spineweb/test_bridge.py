"""The bridge from the event loop to Django's threads, told by a small WSGI application."""

import asyncio
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from spineweb import bridge
from spineweb.bridge import PIECE_BYTES, ThreadedWSGI

Messages = list[dict[str, Any]]
BODY = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


def scope(method: str = "GET", *headers: tuple[bytes, bytes], path: str = "/") -> dict[str, Any]:
    return {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "root_path": "", "query_string": b"a=1", "headers": list(headers), "server": ("localhost", 80),
        "client": ("10.0.0.9", 5),
    }  # fmt: skip


def ask(application: Any, asked: dict[str, Any], *received: dict[str, Any], most: int = 100) -> Messages:
    """What is sent for a request whose connection says `received`, and then nothing more."""
    sent: Messages = []

    async def run() -> None:
        waiting = list(received)

        async def receive() -> Any:
            if waiting:
                return waiting.pop(0)
            return await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await ThreadedWSGI(application, threads=2, most_body_bytes=most)(asked, receive, send)  # type: ignore[arg-type]

    asyncio.run(run())
    return sent


def answering(
    make: Callable[[dict[str, Any]], Any], *headers: tuple[str, str], seen: dict[str, Any] | None = None
) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        if seen is not None:
            seen.update(environ, body=environ["wsgi.input"].read())
        start_response("200 OK", list(headers))
        return make(environ)

    return application


def content(sent: Messages) -> bytes:
    return b"".join(message["body"] for message in sent[1:])


def test_a_small_answer_goes_out_whole() -> None:
    sent = ask(answering(lambda _: [b"a", b"b"], ("X-Name", "v")), scope(), BODY)
    assert sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x-name", b"v")], "trailers": False},
        {"type": "http.response.body", "body": b"ab", "more_body": False},
    ]


def test_the_request_is_told_as_wsgi_writes_it() -> None:
    seen: dict[str, Any] = {}
    headers = [
        (b"content-length", b"5"), (b"content-type", b"text/plain"), (b"cookie", b"a=1"), (b"cookie", b"b=2"),
        (b"accept", b"x"), (b"accept", b"y"), (b"x_forwarded_proto", b"https"),
    ]  # fmt: skip
    parts = [{**BODY, "body": b"he", "more_body": True}, {**BODY, "body": b"llo"}]
    ask(answering(lambda _: [b""], seen=seen), scope("POST", *headers, path="/ü"), *parts)
    assert seen["body"] == b"hello"
    assert seen["PATH_INFO"] == "/ü".encode().decode("latin-1")
    assert (seen["QUERY_STRING"], seen["REMOTE_ADDR"]) == ("a=1", "10.0.0.9")
    assert (seen["CONTENT_LENGTH"], seen["CONTENT_TYPE"]) == ("5", "text/plain")
    assert (seen["HTTP_COOKIE"], seen["HTTP_ACCEPT"]) == ("a=1;b=2", "x,y")
    assert "HTTP_X_FORWARDED_PROTO" not in seen


@pytest.mark.parametrize("length", [b"101", b"-1", b"9" * 20, b"x"])
def test_a_body_that_will_be_refused_is_not_waited_for(length: bytes) -> None:
    seen: dict[str, Any] = {}
    sent = ask(answering(lambda _: [b"no"], seen=seen), scope("POST", (b"content-length", length)))
    assert content(sent) == b"no"
    assert seen["body"] == b""


def test_a_sender_who_goes_away_in_mid_body_is_forgotten() -> None:
    part = {**BODY, "body": b"he", "more_body": True}
    called = answering(lambda _: pytest.fail("called"))
    assert ask(called, scope("POST", (b"content-length", b"5")), part, GONE) == []


def test_a_body_that_does_not_arrive_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "_BODY_S", 0.01)
    sent = ask(answering(lambda _: [b""]), scope("POST", (b"content-length", b"5")))
    assert sent[0]["status"] == 408
    assert b"too long" in content(sent)


class File(io.BytesIO):
    """Counts how often it is closed, and by which threads it is read."""

    def __init__(self, size: int) -> None:
        super().__init__(b"x" * size)
        self.closed_times = 0

    def close(self) -> None:
        self.closed_times += 1
        super().close()


@pytest.mark.parametrize("size", [0, 10, PIECE_BYTES, 2 * PIECE_BYTES + 10])
def test_a_file_goes_out_in_pieces_and_is_closed_once(size: int) -> None:
    file = File(size)
    sent = ask(answering(lambda environ: environ["wsgi.file_wrapper"](file, 8)), scope(), BODY)
    assert len(content(sent)) == size
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    assert file.closed_times == 1


def test_a_file_is_closed_when_its_reader_goes_away() -> None:
    file = File(20 * PIECE_BYTES)
    sent = ask(answering(lambda environ: environ["wsgi.file_wrapper"](file, 8)), scope(), BODY, GONE)
    assert len(sent) < 10
    assert file.closed_times == 1


class Rows:
    """A long answer that its thread makes, such as an export."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces
        self.made = 0
        self.threads: set[int] = set()
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.pieces):
            self.made += 1
            self.threads.add(threading.get_ident())
            yield b"r" * (PIECE_BYTES // 2)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


def test_a_stream_is_made_and_closed_in_one_thread() -> None:
    rows = Rows(7)
    sent = ask(answering(lambda _: rows), scope(), BODY)
    assert content(sent) == b"r" * (7 * (PIECE_BYTES // 2))
    assert sent[-1]["more_body"] is False
    assert len(rows.threads) == 1
    assert rows.closed


def test_a_stream_ends_when_its_reader_goes_away() -> None:
    rows = Rows(400)
    ask(answering(lambda _: rows), scope(), BODY, GONE)
    assert rows.made < 20
    assert rows.closed


def test_what_an_application_raises_reaches_the_server() -> None:
    def failing(_: dict[str, Any]) -> Any:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        ask(answering(failing), scope(), BODY)
