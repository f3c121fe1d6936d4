"""Writes tiny Azure Kinect recordings in pure Python, so that tests need no camera and no SDK."""

import struct

import numpy as np
from numpy.typing import NDArray

from tests.annotation.imaging.fixtures import KINECT

CALIBRATION_JSON = (KINECT / "synth_calibration.json").read_bytes()
TAGS = {
    "K4A_COLOR_TRACK": "11",
    "K4A_DEPTH_TRACK": "12",
    "K4A_COLOR_MODE": "MJPG_720P",
    "K4A_DEPTH_MODE": "NFOV_UNBINNED",
    "K4A_CALIBRATION_FILE": "calibration.json",
    "K4A_START_OFFSET_NS": "5000000000000000",
    "K4A_DEVICE_SERIAL_NUMBER": "SYNTHETIC0001",
}


def element(identifier: int, content: bytes, *, unsized: bool = False) -> bytes:
    """One EBML element with an 8-byte length."""
    head = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
    return (
        head + (b"\x01" + b"\xff" * 7 if unsized else (1 << 56 | len(content)).to_bytes(8, "big")) + content
    )


def number(identifier: int, value: int) -> bytes:
    return element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def text(identifier: int, value: str) -> bytes:
    return element(identifier, value.encode())


def track(index: int, uid: int, name: str, fourcc: bytes, size: tuple[int, int]) -> bytes:
    private = struct.pack("<IiiHH4sIiiII", 40, *size, 1, 16, fourcc, 0, 0, 0, 0, 0)
    video = element(0xE0, number(0xB0, size[0]) + number(0xBA, size[1]))
    parts = number(0xD7, index) + number(0x73C5, uid) + text(0x536E, name) + text(0x86, "V_MS/VFW/FOURCC")
    return element(0xAE, parts + element(0x63A2, private) + video)


def block(index: int, offset: int, content: bytes, flags: int = 0x80) -> bytes:
    return element(0xA3, bytes([0x80 | index]) + struct.pack(">hB", offset, flags) + content)


def recording(
    captures: list[tuple[bytes | None, NDArray[np.uint16] | None]],
    *,
    tags: dict[str, str] | None = None,
    calibration: bytes | None = CALIBRATION_JSON,
    unsized_clusters: bool = False,
    depth_fourcc: bytes = b"b16g",
    block_flags: int = 0x80,
) -> bytes:
    """A recording of (colour JPEG, depth) captures 66,667 us apart, its time counted in microseconds."""
    info = element(0x1549A966, number(0x2AD7B1, 1000))
    colour = track(1, 11, "COLOR", b"MJPG", (1280, 720))
    tracks = element(0x1654AE6B, colour + track(2, 12, "DEPTH", depth_fourcc, (640, 576)))
    named = {**TAGS, **(tags or {})}
    entries = [element(0x7373, element(0x67C8, text(0x45A3, k) + text(0x4487, v))) for k, v in named.items()]
    attached = b""
    if calibration is not None:
        file = text(0x466E, "calibration.json") + element(0x465C, calibration + b"\0")
        attached = element(0x1941A469, element(0x61A7, file))
    clusters = b""
    for index, (jpeg, depth) in enumerate(captures):
        parts = number(0xE7, index * 66_667)
        if jpeg is not None:
            parts += block(1, 0, jpeg, block_flags)
        if depth is not None:
            group = block(2, 300, depth.astype(">u2").tobytes(), block_flags)[9:]
            parts += element(0xA0, element(0xA1, group))
        clusters += element(0x1F43B675, parts, unsized=unsized_clusters)
    body = info + tracks + attached + element(0x1254C367, b"".join(entries)) + clusters
    return element(0x1A45DFA3, text(0x4282, "matroska")) + element(0x18538067, body)
