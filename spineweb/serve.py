"""One web process: uvicorn on a socket that the launcher holds, with bounds that uvicorn does not have.

Run as `python -m spineweb.serve FD`. Several of these share one listening socket, so a process that is
replaced refuses no connection.
"""

import logging
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
MAX_WEBSOCKET_MESSAGE_BYTES = 2**20


class BoundedHead(HttpToolsProtocol):
    """Refuses a request whose line and headers pass 64 KiB before they end; uvicorn would collect them."""

    _head_bytes = 0
    _head_is_open = True

    def on_message_begin(self) -> None:
        self._head_bytes, self._head_is_open = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_open = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_is_open:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's headers are too long.")


def config() -> uvicorn.Config:
    """How the platform is served, wherever it runs."""
    return uvicorn.Config(
        "spineweb.asgi:application",
        http=BoundedHead,
        ws_max_size=MAX_WEBSOCKET_MESSAGE_BYTES,
        # Browsers offer deflate: with it, 41 preview frames a second instead of 865.
        ws_per_message_deflate=False,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )


def without_traceback(record: logging.LogRecord) -> bool:
    """A stranger's bytes that are no text are one line of the log: uvicorn would add a traceback to each."""
    if "Invalid UTF-8" in record.msg:
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True


def main(descriptor: int) -> None:
    server = uvicorn.Server(config())
    logging.getLogger("uvicorn.error").addFilter(without_traceback)
    server.run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
