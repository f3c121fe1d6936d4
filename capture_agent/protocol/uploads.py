"""How a shot goes to the server over HTTP, and the result of a device check.

Every request carries `Authorization: Bearer <agent token>`. A shot is named by the agent, once and for all,
with a random UUID, so that whatever is repeated changes nothing; see `PROTOCOL.md` for the answers.
"""

import uuid
from dataclasses import dataclass
from typing import Annotated, Literal

from capture_agent.protocol.messages import Check, SourceKind
from capture_agent.protocol.wire import Bounds, Bytes, Count, DeviceTime, Name, Seconds, Sentence, Sha256

CHUNK_BYTES = 4 << 20
MOST_CHUNK_BYTES = 8 << 20
MOST_SHOT_BYTES = 256 << 20
"""Sixty full captures at 1080p; a burst of 15 at 720p has 14 MB."""
MOST_JSON_BYTES = 64 << 10
OFFSET, LENGTH = "Upload-Offset", "Upload-Length"
CHUNK_TYPE = "application/offset+octet-stream"

Millimetres = Annotated[float, Bounds(-1e5, 1e5)]
Degrees = Annotated[float, Bounds(-180, 180)]


def shot_path(shot: uuid.UUID) -> str:
    """PUT: the offer. GET: its state."""
    return f"/api/v1/capture/shots/{shot}"


def content_path(shot: uuid.UUID) -> str:
    """HEAD: how much is there. PATCH: the next chunk."""
    return f"{shot_path(shot)}/content"


def finish_path(shot: uuid.UUID) -> str:
    """POST: check the hash and store it."""
    return f"{shot_path(shot)}/finish"


def check_path(check: uuid.UUID) -> str:
    """PUT: the result of a device check."""
    return f"/api/v1/capture/checks/{check}"


@dataclass(frozen=True, kw_only=True)
class ShotOffer:
    """What the agent says of a shot before it sends the bytes: a K4A MKV of `size` bytes with this SHA-256.

    `clock_offset_s`: the server's clock minus the agent's at the shot, as the server last told its own; null
    if it never had: the shot was taken at `taken_at_s + clock_offset_s`. `checks`: the guidance when the
    shutter went. `lost_images`: images the camera did not deliver within the burst.
    """

    sha256: Sha256
    size: Annotated[int, Bounds(1, MOST_SHOT_BYTES)]
    project: uuid.UUID
    subject: uuid.UUID
    study: uuid.UUID | None
    request: uuid.UUID
    trigger: Literal["browser", "key"]
    frames: Annotated[int, Bounds(1, 255)]
    lost_images: Annotated[int, Bounds(0, 510)]
    taken_at_s: Seconds
    clock_offset_s: Annotated[float, Bounds(-1e10, 1e10)] | None
    device_time_us: DeviceTime
    warm_s: Seconds | None
    source: SourceKind
    serial: Name
    firmware: Name
    agent_version: Name
    checks: Annotated[tuple[Check, ...], Bounds(0, 16)]


@dataclass(frozen=True, kw_only=True)
class ShotState:
    """The server's answer about a shot. `received`: bytes that are safely there. `stored`: the hash was right
    and the shot is in `study` for good: the agent may forget it."""

    shot: uuid.UUID
    state: Literal["receiving", "stored"]
    received: Bytes
    size: Bytes
    study: uuid.UUID | None = None
    acquisition: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class BoardCheck:
    """A flat board that fills the middle of the depth picture, averaged over a burst.

    `flatness_rms_mm`: root mean square distance from the best plane. `bias_mm`: measured minus true distance
    along the camera's axis, null where the true one was not given. `tilt_deg`: between the board's normal and
    the axis. `noise_mm`: median standard deviation of one frame. `holes`: share of the region without depth.
    """

    distance_mm: Millimetres
    flatness_rms_mm: Millimetres
    bias_mm: Millimetres | None
    tilt_deg: Degrees
    noise_mm: Millimetres
    holes: Annotated[float, Bounds(0, 1)]
    pixels: Count


@dataclass(frozen=True, kw_only=True)
class CheckerboardCheck:
    """A checkerboard seen by both cameras: by the depth camera in its infrared picture, whose corners are
    brought into the colour picture through the depth and the calibration.

    `misalignment_px`: the median distance from there to the corners the colour camera sees, colour px;
    `shift_px`: the mean difference (x, y), depth minus colour. `reprojection_px`: root mean square distance
    of the colour corners from a flat even grid seen through the colour camera's model: how well they were
    found.
    """

    corners: Count
    misalignment_px: Annotated[float, Bounds(0, 1e4)]
    shift_px: Annotated[tuple[Annotated[float, Bounds(-1e4, 1e4)], ...], Bounds(2, 2)]
    reprojection_px: Annotated[float, Bounds(0, 1e4)] | None
    distance_mm: Millimetres


@dataclass(frozen=True, kw_only=True)
class DeviceCheck:
    """A measurement of one camera on one day; one of `board` and `checkerboard` is there.

    `says`: what whoever measured should know (a board too small, a camera not yet warm).
    """

    serial: Name
    firmware: Name
    source: SourceKind
    agent_version: Name
    measured_at_s: Seconds
    warm_s: Seconds | None
    frames: Annotated[int, Bounds(1, 255)]
    true_distance_mm: Millimetres | None
    board: BoardCheck | None = None
    checkerboard: CheckerboardCheck | None = None
    says: Annotated[tuple[Sentence, ...], Bounds(0, 10)] = ()
