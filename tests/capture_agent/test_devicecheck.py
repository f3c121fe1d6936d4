"""The command that measures a camera: what it prints, sends and refuses."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from capture_agent import devicecheck
from capture_agent.__main__ import TOKEN, main
from capture_agent.k4a.writing import Capture
from capture_agent.protocol.uploads import DeviceCheck
from capture_agent.protocol.wire import read
from capture_agent.sources.replay import Replay
from tests.capture_agent.boards import Board, depth_frames, pictures
from tests.capture_agent.recordings import CAMERA, STEP_US, picture, recording


def board_recording(path: Path, board: Board) -> Path:
    frames = depth_frames(board, CAMERA.calibration.depth, count=3, noise_mm=1.0)
    times = [number * STEP_US for number in range(len(frames))]
    shots = [Capture(picture(), frame, at_us, at_us) for frame, at_us in zip(frames, times, strict=True)]
    return recording(path, shots)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devicecheck, "FRAMES", 5)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes what it is sent: its address, and the requests; the first gets a 503."""
    requests: list[dict[str, Any]] = []
    monkeypatch.setattr(time, "sleep", lambda _: None)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append({"path": self.path, "token": self.headers["Authorization"], "body": body})
            self.send_response(503 if len(requests) == 1 else 201)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_board_is_measured_printed_and_sent(
    tmp_path: Path,
    told: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, requests = told
    monkeypatch.setenv(TOKEN, "spw_x")
    path = board_recording(tmp_path / "board.mkv", Board(distance_mm=1507))
    status = main(["check", "board", "--distance-mm", "1500", "--source", f"mkv:{path}", "--server", url])
    assert status == 0
    shown = capsys.readouterr().out
    assert "TEST0001  firmware 1.6.1 / 2.7" in shown
    assert "bias mm" in shown
    # The same check twice, under one name: the second is no second measurement.
    assert len(requests) == 2
    assert requests[0]["path"] == requests[1]["path"]
    assert requests[1]["token"] == "Bearer spw_x"
    check = read(DeviceCheck, requests[1]["body"])
    assert check.board is not None
    assert check.board.bias_mm == pytest.approx(7, abs=0.1)
    assert check.true_distance_mm == 1500
    assert "had been on for 0 min" in check.says[0]


class Lit(Replay):
    """A replay with infrared pictures."""

    def __init__(self, path: Path, lit: NDArray[np.uint16]) -> None:
        super().__init__("mkv", path, sleep=lambda _: None)
        self._lit = lit

    def infrared(self) -> NDArray[np.uint16]:
        return self._lit


def test_a_checkerboard_is_measured_where_there_is_infrared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    colour, infrared = pictures(board, CAMERA.calibration)
    frame = depth_frames(board, CAMERA.calibration.depth, count=1)[0]
    jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    path = recording(tmp_path / "a.mkv", [Capture(jpeg, frame, 5_000_000_000, 5_000_000_000)])
    found = devicecheck.measure(Lit(path, infrared), "checkerboard", distance_mm=None, pattern=board.corners)
    assert found.checkerboard is not None
    assert found.checkerboard.misalignment_px < 0.3
    assert found.says == ()
    assert main(["check", "checkerboard", "--source", f"mkv:{path}"]) == 1
    assert "no infrared" in capsys.readouterr().err


def test_what_cannot_be_measured_or_sent_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setenv(TOKEN, "spw_x")
    path = board_recording(tmp_path / "board.mkv", Board(distance_mm=1500))
    assert main(["check", "board", "--source", f"mkv:{path}", "--server", "http://127.0.0.1:9"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    (tmp_path / "none.mkv").write_bytes(b"")
    assert main(["check", "board", "--source", f"mkv:{tmp_path / 'none.mkv'}"]) == 1
    assert "cannot be played" in capsys.readouterr().err
    assert main(["check", "board", "--source", "webcam"]) == 2
    for wrong in ("8", "8x", "2x5", "40x5", "axb"):
        with pytest.raises(SystemExit):
            main(["check", "checkerboard", "--corners", wrong, "--source", f"mkv:{path}"])


def test_a_torn_board_is_told_apart_from_a_measured_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = depth_frames(Board(distance_mm=1500), CAMERA.calibration.depth, count=1)
    frames[0][:, 300:] = 0
    shot = Capture(picture(), frames[0], 0, 0)
    path = recording(tmp_path / "a.mkv", [shot, replace(shot, colour_time_us=STEP_US, depth_time_us=STEP_US)])
    assert main(["check", "board", "--source", f"mkv:{path}"]) == 1
    assert "Half of the board" in capsys.readouterr().err
