"""`python -m capture_agent check board|checkerboard`: measure the camera, print the figures, send them.

Exit status: 0 measured (and, with --server, stored there), 1 not measured or not sent, 2 wrong arguments.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import httpx
import numpy as np
from numpy.typing import NDArray

from capture_agent.agent import agent_version
from capture_agent.k4a.writing import Capture
from capture_agent.measuring import NotMeasurable, measure_board, measure_checkerboard
from capture_agent.protocol.uploads import BoardCheck, CheckerboardCheck, DeviceCheck, check_path
from capture_agent.protocol.wire import checked
from capture_agent.server import Server
from capture_agent.sources.source import CameraLost, OpenCamera, Source

FRAMES = 30
SETTLING = 15
"""Captures left out at the beginning, while the colour camera finds its exposure."""
TRIES = 4
WARM_S = 2400.0


def corners(text: str) -> tuple[int, int]:
    """ "8x5" as (8, 5)."""
    across, _, down = text.partition("x")
    if not (across.isdecimal() and down.isdecimal()) or not (3 <= int(across) <= 30 and 3 <= int(down) <= 30):
        raise argparse.ArgumentTypeError("must be like 8x5: inner corners across and down, 3 to 30 each")
    return int(across), int(down)


def run(
    source: Source, what: str, *, distance_mm: float | None, pattern: tuple[int, int], server: Server | None
) -> int:
    """Measure, print, send; returns the exit status."""
    try:
        found = measure(source, what, distance_mm=distance_mm, pattern=pattern)
    except (CameraLost, NotMeasurable) as error:
        print(f"capture_agent: {error}", file=sys.stderr)
        return 1
    finally:
        source.close()
    for line in report(found):
        print(line)
    return 0 if server is None else _send(server, found)


def measure(source: Source, what: str, *, distance_mm: float | None, pattern: tuple[int, int]) -> DeviceCheck:
    """Look at the board for two seconds and measure it. Raises CameraLost or NotMeasurable."""
    camera = source.open()
    if source.kind == "kinect":
        for _ in range(SETTLING):
            source.read()
    captures = [source.read() for _ in range(FRAMES)]
    found = DeviceCheck(
        serial=camera.device.serial,
        firmware=camera.firmware,
        source=source.kind,
        agent_version=agent_version(),
        measured_at_s=time.time(),
        warm_s=captures[-1].depth_time_us / 1e6,
        frames=len(captures),
        true_distance_mm=distance_mm if what == "board" else None,
        says=_remarks(captures),
    )
    if what == "board":
        return replace(found, board=measure_board(_depths(captures), camera.calibration.depth, distance_mm))
    return replace(found, checkerboard=_checkerboard(source, camera, captures, pattern))


def report(found: DeviceCheck) -> list[str]:
    """The figures as lines for a person."""
    lines = [f"{found.serial}  firmware {found.firmware or 'unknown'}"]
    measured: BoardCheck | CheckerboardCheck | None = found.board or found.checkerboard
    lines += [f"  {name.replace('_', ' '):20} {value}" for name, value in checked(measured).items()]
    return lines + [f"  note: {remark}" for remark in found.says]


def _checkerboard(
    source: Source, camera: OpenCamera, captures: Sequence[Capture], pattern: tuple[int, int]
) -> CheckerboardCheck:
    infrared = source.infrared()
    jpeg = next((capture.colour_jpeg for capture in reversed(captures) if capture.colour_jpeg), None)
    colour = None if jpeg is None else cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if infrared is None or colour is None:
        raise NotMeasurable("This source gives no infrared pictures: a checkerboard needs the camera itself.")
    return measure_checkerboard(
        np.asarray(colour, np.uint8), infrared, _depths(captures), camera.calibration, pattern
    )


def _depths(captures: Sequence[Capture]) -> list[NDArray[np.uint16]]:
    return [capture.depth_mm for capture in captures if capture.depth_mm is not None]


def _remarks(captures: Sequence[Capture]) -> tuple[str, ...]:
    warm_s = captures[-1].depth_time_us / 1e6
    if warm_s < WARM_S:
        return (f"The camera had been on for {warm_s / 60:.0f} min; its depth drifts for about 40.",)
    return ()


def _send(server: Server, found: DeviceCheck, sleep: Callable[[float], None] = time.sleep) -> int:
    path = check_path(uuid.uuid4())
    says = ""
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=20) as client:
        for attempt in range(TRIES):
            if attempt:
                sleep(2.0**attempt)
            try:
                answer = client.put(path, json=checked(found))
            except httpx.HTTPError as error:
                says = f"it cannot be reached ({type(error).__name__})"
                continue
            if answer.is_success:
                print(f"  sent to {server.url}")
                return 0
            says = f"it answered {answer.status_code}"
            if answer.status_code < 500:
                break
    print(f"capture_agent: the server did not take the figures: {says}.", file=sys.stderr)
    return 1


def parser(add_source: Callable[[argparse.ArgumentParser], None]) -> argparse.ArgumentParser:
    """The command line of `check`."""
    found = argparse.ArgumentParser(
        prog="python -m capture_agent check", description="Measures the camera.", allow_abbrev=False
    )
    found.add_argument("what", choices=["board", "checkerboard"], help="what stands before the camera")
    found.add_argument(
        "--distance-mm", type=float, help="board: the true distance from the depth camera to it, for the bias"
    )
    found.add_argument(
        "--corners", type=corners, default=(8, 5), help="checkerboard: inner corners, like 8x5"
    )
    add_source(found)
    found.add_argument("--server", help="send the figures there; without it they are only printed")
    found.add_argument("--token-file", type=Path, help="a file that holds the agent token and nothing else")
    found.add_argument(
        "--allow-plain-http", action="store_true", help="http in a network that is nobody else's"
    )
    return found
