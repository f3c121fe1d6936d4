"""Writes Azure Kinect recordings (Matroska) without the SDK.

The layout is the one the Azure Kinect Sensor SDK writes and its playback checks (record-file-format page of
the SDK, https://learn.microsoft.com/azure/kinect-dk/record-file-format): a colour track of JPEG images, a
depth track of big-endian uint16 mm, the calibration of the device as an attachment, its settings as `K4A_*`
tags. The playback wants a Void element before Info and a DocTypeReadVersion of at most 2.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

TICK_NS = 1000
"""Times are counted in microseconds, as the SDK does."""
COLOUR_TRACK, DEPTH_TRACK = 1, 2
COLOUR_UID, DEPTH_UID, CALIBRATION_UID = 0x1C0108, 0x2DE974, 0x3CA11B
VOID = 0xEC
UNKNOWN_LENGTH = b"\x01" + b"\xff" * 7


@dataclass(frozen=True)
class Device:
    """The camera and how it was set.

    calibration_json: the device's own calibration, byte for byte. colour_mode: "720P", "1080P", ...;
    depth_mode: "NFOV_UNBINNED", ...; the sizes are those of the modes, (width, height) px. fps: 5, 15 or 30.
    The versions of the firmware are empty where they are not known.
    """

    calibration_json: bytes
    colour_mode: str
    colour_size: tuple[int, int]
    depth_mode: str
    depth_size: tuple[int, int]
    fps: int
    serial: str
    colour_firmware: str = ""
    depth_firmware: str = ""


@dataclass(frozen=True)
class Capture:
    """What the cameras took at one moment; a lost image is None.

    colour_jpeg: as the camera compressed it. depth_mm: (height, width) uint16, 0 = nothing measured. The
    times are the device's own, microseconds since it started, 64 bits.
    """

    colour_jpeg: bytes | None
    depth_mm: NDArray[np.uint16] | None
    colour_time_us: int
    depth_time_us: int


def write_recording(file: BinaryIO, device: Device, captures: Iterable[Capture]) -> int:
    """Write a recording to an empty, seekable file and return how many captures it holds.

    Only one capture is in memory at a time. Raises ValueError where there is no capture, where a depth image
    has another size or type than the mode's, or where time runs backwards; OSError where the disk refuses.
    """
    rest = iter(captures)
    first = next(rest, None)
    if first is None:
        raise ValueError("a recording needs at least one capture")
    start_us = min(first.colour_time_us, first.depth_time_us)
    file.write(_ebml_head() + _identifier(0x18538067) + UNKNOWN_LENGTH)
    segment = file.tell()
    file.write(_element(VOID, bytes(64)))
    info = file.tell()
    file.write(_info(0) + _tracks(device) + _attachments(device) + _tags(device, start_us))
    count, last_us = 0, 0
    for capture in chain([first], rest):
        begin_us = min(capture.colour_time_us, capture.depth_time_us) - start_us
        if begin_us < last_us:
            raise ValueError("the captures must come in the order of their times")
        file.write(_cluster(device, capture, start_us, begin_us))
        count, last_us = count + 1, begin_us
    end = file.tell()
    file.seek(segment - 8)
    file.write((1 << 56 | end - segment).to_bytes(8, "big"))
    file.seek(info)
    file.write(_info(last_us + round(1e6 / device.fps)))
    file.seek(end)
    return count


def _cluster(device: Device, capture: Capture, start_us: int, begin_us: int) -> bytes:
    parts = _number(0xE7, begin_us)
    if capture.colour_jpeg is not None:
        offset = capture.colour_time_us - start_us - begin_us
        parts += _block(COLOUR_TRACK, offset, capture.colour_jpeg)
    if capture.depth_mm is not None:
        if capture.depth_mm.shape[::-1] != device.depth_size or capture.depth_mm.dtype != np.uint16:
            raise ValueError(f"a depth image must be uint16 of {device.depth_size} px (width, height)")
        offset = capture.depth_time_us - start_us - begin_us
        parts += _block(DEPTH_TRACK, offset, capture.depth_mm.astype(">u2").tobytes())
    return _element(0x1F43B675, parts)


def _block(track: int, offset_us: int, content: bytes) -> bytes:
    if offset_us > 32_767:
        raise ValueError("the images of one capture must be taken within 32 ms of each other")
    return _element(0xA3, bytes([0x80 | track]) + struct.pack(">hB", offset_us, 0) + content)


def _ebml_head() -> bytes:
    fields = {0x4286: 1, 0x42F7: 1, 0x42F2: 4, 0x42F3: 8}
    head = b"".join(_number(name, value) for name, value in fields.items())
    return _element(0x1A45DFA3, head + _text(0x4282, "matroska") + _number(0x4287, 2) + _number(0x4285, 2))


def _info(duration_us: int) -> bytes:
    """Always of one length, so that it can be written again once the duration is known."""
    program = _text(0x4D80, "spineweb") + _text(0x5741, "spineweb") + _text(0x7BA9, "Azure Kinect")
    duration = _element(0x4489, struct.pack(">d", duration_us))
    return _element(0x1549A966, _number(0x2AD7B1, TICK_NS) + program + duration)


def _tracks(device: Device) -> bytes:
    colour = _track(COLOUR_TRACK, COLOUR_UID, "COLOR", b"MJPG", 24, device.colour_size, device.fps)
    depth = _track(DEPTH_TRACK, DEPTH_UID, "DEPTH", b"b16g", 16, device.depth_size, device.fps)
    return _element(0x1654AE6B, colour + depth)


def _track(
    number: int, uid: int, name: str, fourcc: bytes, bits: int, size: tuple[int, int], fps: int
) -> bytes:
    """A video track whose private data is a Windows BITMAPINFOHEADER."""
    stored = 2 * size[0] * size[1] if fourcc == b"b16g" else 0
    private = struct.pack("<IiiHH4sIiiII", 40, *size, 1, bits, fourcc, stored, 0, 0, 0, 0)
    head = _number(0xD7, number) + _number(0x73C5, uid) + _number(0x83, 1) + _text(0x86, "V_MS/VFW/FOURCC")
    video = _element(0xE0, _number(0xB0, size[0]) + _number(0xBA, size[1]))
    # The playback knows no other rounding of a frame's duration.
    timing = _number(0x23E383, 1_000_000_000 // fps)
    return _element(0xAE, head + _text(0x536E, name) + _element(0x63A2, private) + timing + video)


def _attachments(device: Device) -> bytes:
    name = _text(0x466E, "calibration.json") + _text(0x4660, "application/octet-stream")
    # The SDK keeps the text with its closing zero.
    content = _element(0x465C, device.calibration_json.rstrip(b"\0") + b"\0")
    return _element(0x1941A469, _element(0x61A7, name + content + _number(0x46AE, CALIBRATION_UID)))


def _tags(device: Device, start_us: int) -> bytes:
    of_track, of_file = (0x63C5, "TRACK"), (0x63C6, "ATTACHMENT")
    tags = [
        _tag("K4A_COLOR_TRACK", str(COLOUR_UID), of_track, COLOUR_UID),
        _tag("K4A_COLOR_MODE", f"MJPG_{device.colour_mode}", of_track, COLOUR_UID),
        _tag("K4A_DEPTH_TRACK", str(DEPTH_UID), of_track, DEPTH_UID),
        _tag("K4A_DEPTH_MODE", device.depth_mode, of_track, DEPTH_UID),
        _tag("K4A_DEPTH_DELAY_NS", "0"),
        _tag("K4A_WIRED_SYNC_MODE", "STANDALONE"),
        _tag("K4A_DEVICE_SERIAL_NUMBER", device.serial),
        _tag("K4A_CALIBRATION_FILE", "calibration.json", of_file, CALIBRATION_UID),
        _tag("K4A_START_OFFSET_NS", str(start_us * TICK_NS)),
    ]
    versions = {"COLOR": device.colour_firmware, "DEPTH": device.depth_firmware}
    tags += [_tag(f"K4A_{name}_FIRMWARE_VERSION", value) for name, value in versions.items() if value]
    return _element(0x1254C367, b"".join(tags))


def _tag(name: str, value: str, target: tuple[int, str] | None = None, uid: int = 0) -> bytes:
    about = b"" if target is None else _text(0x63CA, target[1]) + _number(target[0], uid)
    return _element(
        0x7373, _element(0x63C0, about) + _element(0x67C8, _text(0x45A3, name) + _text(0x4487, value))
    )


def _identifier(identifier: int) -> bytes:
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")


def _element(identifier: int, content: bytes) -> bytes:
    """One EBML element (RFC 8794) with an 8-byte length."""
    return _identifier(identifier) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(identifier: int, value: str) -> bytes:
    return _element(identifier, value.encode())
