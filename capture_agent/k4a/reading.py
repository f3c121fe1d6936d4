"""Azure Kinect recordings (Matroska) read without the SDK.

A recording holds a colour track of JPEG images (`MJPG`), a depth track of raw big-endian uint16 mm
(`b16g`), the device's calibration as an attachment and its settings as `K4A_*` tags. Device time is a
block's time plus `K4A_START_OFFSET_NS`. Nothing but an index is kept in memory: frames are read when they
are asked for. Layout: the file format page of the Azure Kinect Sensor SDK,
https://learn.microsoft.com/azure/kinect-dk/record-file-format.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.calibration import COLOUR_MODES, DEPTH_MODES, parse_calibration
from capture_agent.k4a.camera import Calibration
from capture_agent.k4a.ebml import EbmlError, EbmlReader
from capture_agent.k4a.errors import UnusableFile
from capture_agent.k4a.fields import CameraError
from capture_agent.k4a.matroska import MOTION_CODEC, Block, Matroska, Track, read_matroska

MAX_COLOUR_BYTES = 32 << 20
MAX_MOTION_SAMPLES = 1000
MOTION = np.dtype(
    [("at_ns", "<u8"), ("acceleration", "<f4", 3), ("turning_at_ns", "<u8"), ("turning", "<f4", 3)]
)
"""One sample of the track IMU: m/s² and rad/s with their device times."""
Vector = tuple[float, float, float]
PAIRING_NS = 16_000_000
"""Half the time between two frames at 30 Hz: images nearer than this belong to one capture."""


class K4AError(UnusableFile):
    """A file is not a usable Azure Kinect recording."""


@dataclass(frozen=True)
class Frame:
    """One capture: the images the cameras took at the same moment. An image that was lost is None.

    colour_jpeg: the compressed image as recorded. depth_mm: (height, width) uint16, 0 = nothing measured.
    colour_time_us, depth_time_us: device time, microseconds since the camera started (64 bits).
    """

    colour_jpeg: bytes | None
    depth_mm: NDArray[np.uint16] | None
    colour_time_us: int | None
    depth_time_us: int | None


@dataclass(frozen=True)
class Recording:
    """An indexed recording; `frames` reads the file again and again as it is asked."""

    path: Path
    calibration: Calibration
    calibration_json: bytes
    tags: dict[str, str]
    depth_mode: str
    colour_mode: str
    _captures: tuple[tuple[Block | None, Block | None], ...]
    _motion: tuple[Block, ...]
    _infrared: dict[int, Block]
    _offset_ns: int

    def __len__(self) -> int:
        return len(self._captures)

    @property
    def serial(self) -> str:
        """The camera's serial number, or an empty text."""
        return self.tags.get("K4A_DEVICE_SERIAL_NUMBER", "")

    def frames(self) -> Iterator[Frame]:
        """The captures in order of time; K4AError where one cannot be read."""
        with self.path.open("rb") as file:
            reader = EbmlReader(file, os.fstat(file.fileno()).st_size)
            for colour, depth in self._captures:
                try:
                    jpeg = reader.read(colour.content, MAX_COLOUR_BYTES) if colour else None
                    raw = reader.read(depth.content, depth.content.size) if depth else None
                except EbmlError as error:
                    raise K4AError(str(error)) from error
                yield Frame(
                    colour_jpeg=jpeg,
                    depth_mm=None if raw is None else self._depth(raw),
                    colour_time_us=self._time_us(colour),
                    depth_time_us=self._time_us(depth),
                )

    def infrared(self, depth_time_us: int) -> NDArray[np.uint16] | None:
        """The depth camera's infrared picture of this moment, (height, width) uint16; None where there is
        none. K4AError where it cannot be read.
        """
        block = self._infrared.get(depth_time_us)
        if block is None:
            return None
        with self.path.open("rb") as file:
            reader = EbmlReader(file, os.fstat(file.fileno()).st_size)
            try:
                return self._depth(reader.read(block.content, block.content.size))
            except EbmlError as error:
                raise K4AError(str(error)) from error

    def acceleration(self) -> Vector | None:
        """The mean of the accelerometer's samples, x, y, z in its own frame, m/s²: of a camera at rest, the
        way up. None where the recording has none; K4AError where they cannot be read.
        """
        chosen = self._motion[:: max(1, len(self._motion) // MAX_MOTION_SAMPLES)]
        if not chosen:
            return None
        with self.path.open("rb") as file:
            reader = EbmlReader(file, os.fstat(file.fileno()).st_size)
            try:
                raw = b"".join(reader.read(block.content, MOTION.itemsize) for block in chosen)
            except EbmlError as error:
                raise K4AError(str(error)) from error
        mean = np.frombuffer(raw, MOTION)["acceleration"].mean(axis=0, dtype=np.float64)
        return (float(mean[0]), float(mean[1]), float(mean[2])) if np.isfinite(mean).all() else None

    def _depth(self, raw: bytes) -> NDArray[np.uint16]:
        camera = self.calibration.depth
        return np.frombuffer(raw, dtype=">u2").reshape(camera.height, camera.width).astype(np.uint16)

    def _time_us(self, block: Block | None) -> int | None:
        return None if block is None else (block.time_ns + self._offset_ns) // 1000


def read_recording(path: Path | str) -> Recording:
    """Index a recording. Raises K4AError (one sentence) where it is not one, is damaged or lacks a part."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            contents = read_matroska(EbmlReader(file, os.fstat(file.fileno()).st_size))
        return _recording(path, contents)
    except (EbmlError, CameraError) as error:
        raise K4AError(str(error)) from error


def _recording(path: Path, contents: Matroska) -> Recording:
    tags = contents.tags
    depth_track = _track(contents, "DEPTH", "b16g")
    colour_track = _track(contents, "COLOR", "MJPG")
    attachment = contents.attachments.get(tags.get("K4A_CALIBRATION_FILE", "calibration.json"))
    if attachment is None:
        raise K4AError("The recording has no camera calibration in it, so its depth cannot be used.")
    depth_mode = tags.get("K4A_DEPTH_MODE", "")
    colour_mode = tags.get("K4A_COLOR_MODE", "").removeprefix("MJPG_")
    calibration = parse_calibration(attachment, depth_mode, colour_mode)
    _check_size(depth_track, DEPTH_MODES[depth_mode].size, "depth")
    _check_size(colour_track, COLOUR_MODES[colour_mode].size, "colour")
    depth_bytes = 2 * depth_track.width * depth_track.height
    colour = [block for block in contents.blocks if block.track == colour_track.number and block.content.size]
    depth = [block for block in contents.blocks if block.track == depth_track.number and block.content.size]
    if any(block.content.size != depth_bytes for block in depth):
        raise K4AError("A depth image of the recording does not have the size that its track claims.")
    offset_ns = _offset_ns(tags)
    infrared = _infrared_track(contents)
    infrared_blocks = [
        block
        for block in contents.blocks
        if infrared is not None and block.track == infrared.number and block.content.size == depth_bytes
    ]
    motion_tracks = {track.number for track in contents.tracks if track.codec == MOTION_CODEC}
    motion = [block for block in contents.blocks if block.track in motion_tracks]
    if not depth:
        raise K4AError("The recording holds no depth image.")
    return Recording(
        path=path,
        calibration=calibration,
        calibration_json=attachment,
        tags=tags,
        depth_mode=depth_mode,
        colour_mode=colour_mode,
        _captures=_captures(colour, depth),
        _motion=tuple(block for block in motion if block.content.size == MOTION.itemsize),
        _infrared={(block.time_ns + offset_ns) // 1000: block for block in infrared_blocks},
        _offset_ns=offset_ns,
    )


def _infrared_track(contents: Matroska) -> Track | None:
    """The track with the depth camera's infrared pictures, which a recording may have."""
    identifier = contents.tags.get("K4A_IR_TRACK", "")
    named = [track for track in contents.tracks if str(track.identifier) == identifier or track.name == "IR"]
    return next((track for track in named if track.fourcc == "b16g"), None)


def _track(contents: Matroska, name: str, fourcc: str) -> Track:
    """The video track named so by its tag or, without the tag, by its own name."""
    identifier = contents.tags.get(f"K4A_{name}_TRACK", "")
    by_tag = [track for track in contents.tracks if str(track.identifier) == identifier]
    by_name = [track for track in contents.tracks if track.name == name]
    plain = name.lower().replace("color", "colour")
    for track in (*by_tag, *by_name):
        if track.fourcc != fourcc:
            raise K4AError(f"The {plain} track is not stored as {fourcc}; record it in that format.")
        return track
    raise K4AError(f"The file has no {plain} track, so it is not a full Azure Kinect recording.")


def _check_size(track: Track, size: tuple[int, int], what: str) -> None:
    if (track.width, track.height) != size:
        raise K4AError(f"The {what} track does not have the size of the mode it was recorded in.")


def _offset_ns(tags: dict[str, str]) -> int:
    text = tags.get("K4A_START_OFFSET_NS", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise K4AError("The recording's start time (K4A_START_OFFSET_NS) is not a number.")
    return int(text)


def _captures(colour: list[Block], depth: list[Block]) -> tuple[tuple[Block | None, Block | None], ...]:
    """Pair colour and depth blocks that were taken at the same moment; keep those left alone."""
    colour, depth = (sorted(blocks, key=lambda block: block.time_ns) for blocks in (colour, depth))
    pairs: list[tuple[Block | None, Block | None]] = []
    i = j = 0
    while i < len(colour) or j < len(depth):
        ahead_ns = depth[j].time_ns - colour[i].time_ns if i < len(colour) and j < len(depth) else None
        if ahead_ns is not None and abs(ahead_ns) < PAIRING_NS:
            pairs.append((colour[i], depth[j]))
            i, j = i + 1, j + 1
        elif j == len(depth) or (ahead_ns is not None and ahead_ns > 0):
            pairs.append((colour[i], None))
            i += 1
        else:
            pairs.append((None, depth[j]))
            j += 1
    return tuple(pairs)
