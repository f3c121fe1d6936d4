"""The command line: what it takes, what it refuses, and that the program needs neither Django nor torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capture_agent.__main__ import TOKEN, Wrong, main, parser, read_token, source_of
from capture_agent.server import Server, ServerError
from tests.capture_agent.recordings import captures, recording

WHAT_IS_LOADED = """
import sys
import capture_agent.__main__, capture_agent.agent, capture_agent.sources.kinect
heavy = {"django", "channels", "torch", "scipy", "annotation", "inference", "spineweb", "PIL", "pyk4a"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
ARGUMENTS = ["--server", "http://127.0.0.1:9", "--source", "kinect"]


@pytest.fixture
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://spineweb.example.org/", "https://spineweb.example.org"),
        ("https://example.org:8443/spine/", "https://example.org:8443/spine"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses_that_are_taken(url: str, kept: str) -> None:
    server = Server.at(url, "spw_x")
    assert server.url == kept
    assert server.socket_url == kept.replace("http", "ws", 1) + "/ws/v1/capture/agent/"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://spineweb.example.org", "Use https"),
        ("http://10.0.0.7:8000", "Use https"),
        ("ftp://example.org", "must be like"),
        ("example.org", "must be like"),
        ("https://me:secret@example.org", "must be like"),
        ("https://example.org/?a=1", "must be like"),
    ],
)
def test_addresses_that_are_refused(url: str, says: str) -> None:
    with pytest.raises(ServerError, match=says):
        Server.at(url, "spw_x")


def test_plain_http_can_be_allowed() -> None:
    assert Server.at("http://10.0.0.7:8000", "spw_x", allow_plain=True).url == "http://10.0.0.7:8000"


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, " spw_environment\n")
    assert read_token(None) == "spw_environment"
    (tmp_path / "token").write_text("spw_file\n")
    assert read_token(tmp_path / "token") == "spw_file"


@pytest.mark.parametrize(
    "content", [b"", b"two words", b"\xff\xfe", b"x" * 300, "spw_é".encode()], ids=range(5)
)
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(Wrong):
        read_token(tmp_path / "token")
    with pytest.raises(Wrong, match="cannot be read"):
        read_token(tmp_path / "none")


def test_there_is_no_argument_for_the_token() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([*ARGUMENTS, "--token", "spw_x"])


def test_sources_by_name(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.mkv", captures(1))
    assert source_of("kinect", "1080p").kind == "kinect"
    assert source_of(f"mkv:{path}", "720p").kind == "mkv"
    assert source_of(f"phantom:{tmp_path}", "720p").kind == "phantom"
    for wrong in ("webcam", "mkv", "mkv:", "phantom:/nowhere"):
        with pytest.raises(Wrong, match="--source"):
            source_of(wrong, "720p")


def test_a_start_that_cannot_work_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_token: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ["--spool", str(tmp_path / "spool"), "--key-file", str(tmp_path / "key")]
    assert main([*ARGUMENTS, *paths]) == 2
    assert TOKEN in capsys.readouterr().err
    monkeypatch.setenv(TOKEN, "spw_x")
    (tmp_path / "spool").write_text("a file")
    assert main([*ARGUMENTS, *paths]) == 2
    assert "cannot be used" in capsys.readouterr().err
    assert main(["--server", "http://far.example", "--source", "kinect", *paths]) == 2
    assert "https" in capsys.readouterr().err


def test_the_program_is_light(tmp_path: Path) -> None:
    """Nothing of the platform is imported, and no camera library before a camera is asked for."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", WHAT_IS_LOADED]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
