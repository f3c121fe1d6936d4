"""The marker segments of JPEG streams: what they claim, and the stream without anything but its picture.

ITU-T T.81 Annex B (JPEG) and T.87 (JPEG-LS share the markers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from annotation.imaging.errors import ImagingError

EOI, SOS, COM, TEM = 0xD9, 0xDA, 0xFE, 0x01
FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
RESTARTS = range(0xD0, 0xD8)
APPLICATION = range(0xE0, 0xF0)
ADOBE = 0xEE
EXIF = b"Exif\0\0"


class JpegError(ImagingError):
    """The bytes are no complete JPEG stream."""


@dataclass(frozen=True)
class JpegHead:
    """What the frame header claims: px, bits per sample, number of components; whether EXIF data was
    there.
    """

    width: int
    height: int
    precision: int
    components: int
    has_exif: bool


def read_head(stream: bytes) -> JpegHead:
    """The claims of a stream; JpegError where it is none or has no frame header."""
    has_exif = False
    for marker, start, end in _segments(stream):
        if marker in APPLICATION and stream.startswith(EXIF, start + 4):
            has_exif = True
        if marker in FRAME_HEADERS:
            if end - start < 10:
                break
            size = [int.from_bytes(stream[start + at : start + at + 2], "big") for at in (5, 7)]
            return JpegHead(size[1], size[0], stream[start + 4], stream[start + 9], has_exif)
    raise JpegError("The JPEG image has no frame header.")


def strip_metadata(stream: bytes) -> bytes:
    """The same compressed picture without EXIF, thumbnails, comments and what follows its end.

    The coefficients are untouched, so it decodes to the same pixels. Adobe's segment stays where there are
    several components, for it names their colour transform. JpegError where the stream is cut off.
    """
    colour = read_head(stream).components > 1
    kept = [b"\xff\xd8"]
    ended = False
    for marker, start, end in _segments(stream):
        ended = marker == EOI
        if marker == COM or (marker in APPLICATION and not (colour and _is_adobe(stream, start, end))):
            continue
        kept.append(stream[start:end])
    if not ended:
        raise JpegError("The JPEG image is cut off.")
    return b"".join(kept)


def _is_adobe(stream: bytes, start: int, end: int) -> bool:
    return stream[start + 1] == ADOBE and stream.startswith(b"Adobe", start + 4) and end - start == 16


def _segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment up to the end of the image; a scan includes its coded data."""
    if stream[:2] != b"\xff\xd8":
        raise JpegError("The file is not a JPEG image.")
    at = 2
    while at + 1 < len(stream):
        if stream[at] != 0xFF:
            raise JpegError("The JPEG image is damaged.")
        marker = stream[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        end = at + 2 if marker == EOI else _segment_end(stream, at, marker)
        yield marker, at, end
        if marker == EOI:
            return
        at = end


def _segment_end(stream: bytes, at: int, marker: int) -> int:
    if marker in RESTARTS or marker == TEM:
        return at + 2
    length = int.from_bytes(stream[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(stream):
        raise JpegError("The JPEG image is cut off or damaged.")
    return _scan_end(stream, end) if marker == SOS else end


def _scan_end(stream: bytes, at: int) -> int:
    """Where the coded data ends: at the next marker that is neither stuffing nor a restart."""
    while True:
        at = stream.find(b"\xff", at)
        if at < 0 or at + 1 >= len(stream):
            return len(stream)
        if stream[at + 1] not in (0x00, 0xFF) and stream[at + 1] not in RESTARTS:
            return at
        at += 1 if stream[at + 1] == 0xFF else 2
