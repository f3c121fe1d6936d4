"""A capture made small enough to be looked at live: less colour, and depth as gray values or exactly."""

import cv2
import numpy as np
from numpy.typing import NDArray

from capture_agent.camera import Seen
from capture_agent.k4a.writing import Capture
from capture_agent.protocol.depthcode import encode_depth
from capture_agent.protocol.messages import Preview
from capture_agent.protocol.previews import EXACT, MOST_BYTES, NO_DEPTH, SHADE, PreviewFrame, pack_preview

QUALITIES = (80, 60, 40)
SHADE_QUALITY = 85
NEAR_MM, FAR_MM = 500, 3000
"""What a shade shows; what is nearer or farther has its end's gray value."""
_HEADER_BYTES = 64

_GRAY = np.zeros(1 << 16, dtype=np.uint8)
_GRAY[1:] = np.rint(255 - 254 * np.clip((np.arange(1, 1 << 16) - NEAR_MM) / (FAR_MM - NEAR_MM), 0, 1))


def picture(seen: Seen, wish: Preview, seq: int) -> bytes:
    """The preview frame of a capture, as `wish` says; smaller than a frame may be, whatever the camera shows.

    Where exact depth leaves no room, it is shaded. A colour image that cannot be decoded is left out.
    """
    capture = seen.capture
    depth = capture.depth_mm
    code, packed = NO_DEPTH, b""
    if depth is not None and wish.depth == "exact":
        code, packed = EXACT, encode_depth(depth)
    colour = small_jpeg(capture.colour_jpeg, wish.colour_width, MOST_BYTES // 2)
    too_much = len(packed) + len(colour[0]) + _HEADER_BYTES > MOST_BYTES
    if depth is not None and (wish.depth == "shade" or too_much):
        code, packed = SHADE, shaded_jpeg(depth)
    return pack_preview(
        PreviewFrame(
            seq=seq % (1 << 32),
            device_time_us=_time_us(capture),
            colour=colour[0],
            colour_size=colour[1],
            depth=packed,
            depth_size=(0, 0) if depth is None or code == NO_DEPTH else (depth.shape[1], depth.shape[0]),
            depth_code=code,
            near_mm=NEAR_MM if code == SHADE else 0,
            far_mm=FAR_MM if code == SHADE else 0,
        )
    )


def small_jpeg(jpeg: bytes | None, width: int, most_bytes: int) -> tuple[bytes, tuple[int, int]]:
    """The picture, at most `width` px wide, and its size; (b"", (0, 0)) for none."""
    image = None if jpeg is None else _decoded(jpeg, width)
    if image is None:
        return b"", (0, 0)
    if image.shape[1] > width:
        height = max(round(image.shape[0] * width / image.shape[1]), 1)
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    for quality in QUALITIES:
        good, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if good and coded.size <= most_bytes:
            return coded.tobytes(), (image.shape[1], image.shape[0])
    return b"", (0, 0)


def shaded_jpeg(depth_mm: NDArray[np.uint16]) -> bytes:
    """Gray 255 at NEAR_MM, 1 at FAR_MM, 0 where nothing was measured."""
    coded = cv2.imencode(".jpg", np.take(_GRAY, depth_mm), [cv2.IMWRITE_JPEG_QUALITY, SHADE_QUALITY])[1]
    return coded.tobytes()


def _decoded(jpeg: bytes, width: int) -> NDArray[np.uint8] | None:
    """The picture, at half or a quarter of its size where that is wide enough: JPEG does that at once."""
    full = _jpeg_width(jpeg)
    scales = ((4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
    flag = next((flag for scale, flag in scales if full >= scale * width), cv2.IMREAD_COLOR)
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _jpeg_width(jpeg: bytes) -> int:
    """The width in the first frame header (ITU-T T.81, B.2.2), 0 where there is none."""
    at = 2
    while at + 9 < len(jpeg) and jpeg[at] == 0xFF:
        if 0xC0 <= jpeg[at + 1] <= 0xCF and jpeg[at + 1] not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(jpeg[at + 7 : at + 9], "big")
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return 0


def _time_us(capture: Capture) -> int:
    return capture.depth_time_us if capture.depth_mm is not None else capture.colour_time_us
