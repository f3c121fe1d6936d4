"""The bounds of a web process, over a real socket."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from spineweb import serve


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body and the caller's address."""
    size, more = 0, True
    while more:
        event = await receive()
        size, more = size + len(event.get("body", b"")), event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{size} from {scope['client'][0]}".encode()})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    config = serve.config()
    config.app = application
    config.loop = "asyncio"
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()
    server.should_exit = True
    thread.join()


def ask(address: tuple[str, int], request: bytes) -> bytes:
    """What the server says to these bytes until it closes; it may close while we still send."""
    with socket.create_connection(address, timeout=10) as connection:
        said = b""
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                said += part
        except (BrokenPipeError, ConnectionResetError):
            return said or b"closed"
        return said


def test_headers_within_the_bound_pass(address: tuple[str, int]) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Long: " + b"a" * 30_000 + b"\r\n\r\n"
    assert b"200 OK" in ask(address, head)


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(40_000)),
        b"GET /" + b"a" * 400_000,
    ],
    ids=["one long header", "many headers", "a long address"],
)
def test_a_head_that_does_not_end_is_refused(address: tuple[str, int], endless: bytes) -> None:
    said = ask(address, endless)
    assert said == b"closed" or said.startswith(b"HTTP/1.1 400")


def test_a_body_is_not_taken_for_a_head(address: tuple[str, int]) -> None:
    body = b"b" * 1_000_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    said = ask(address, head + body)
    assert b"1000000 from 127.0.0.1" in said


def test_websocket_messages_are_bounded_and_not_deflated() -> None:
    config = serve.config()
    assert config.ws_max_size == 2**20
    assert config.ws_per_message_deflate is False


def test_bytes_that_are_no_text_are_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.serve")
    logger.addFilter(serve.without_traceback)
    try:
        raise ValueError("the first bytes that came")
    except ValueError:
        logger.exception("Invalid UTF-8 sequence received from client.")
        logger.exception("Something of ours failed.")
    strangers, ours = caplog.records
    assert (strangers.levelname, strangers.exc_info) == ("WARNING", None)
    assert (ours.levelname, bool(ours.exc_info)) == ("ERROR", True)
