"""The binary frames of the live view: opcode, packed header, colour, depth.

Little-endian, 36 bytes of header:

    at  size
     0   u8   opcode, 1
     1   u8   version, 1
     2   u8   colour code: 0 none, 1 JPEG
     3   u8   depth code: 0 none, 1 exact (`depthcode`), 2 shade: gray JPEG
     4   u32  number of the frame, counting up by one; what is left out was dropped
     8   u64  device time, microseconds
    16   u16  colour width, px      18  u16  colour height, px
    20   u16  depth width, px       22  u16  depth height, px
    24   u16  near, mm              26  u16  far, mm      (of a shade: gray 255 and gray 1; gray 0 is nothing)
    28   u32  bytes of colour       32  u32  bytes of depth

then the bytes of colour and of depth, and nothing after them. A frame is smaller than MOST_BYTES.
"""

import struct
from dataclasses import dataclass

from capture_agent.protocol.wire import ProtocolError

MOST_BYTES = (512 << 10) - 1
OPCODE, VERSION = 1, 1
NO_COLOUR, JPEG = 0, 1
NO_DEPTH, EXACT, SHADE = 0, 1, 2
MOST_SIDE_PX = 4096
_HEADER = struct.Struct("<BBBBIQHHHHHHII")


@dataclass(frozen=True, kw_only=True)
class PreviewFrame:
    """One frame. Sizes are (width, height) px, (0, 0) where there is no such picture; `near_mm`, `far_mm`
    belong to a shade and are 0 otherwise."""

    seq: int
    device_time_us: int
    colour: bytes = b""
    colour_size: tuple[int, int] = (0, 0)
    depth: bytes = b""
    depth_size: tuple[int, int] = (0, 0)
    depth_code: int = NO_DEPTH
    near_mm: int = 0
    far_mm: int = 0


def pack_preview(frame: PreviewFrame) -> bytes:
    """The bytes to send; ProtocolError where the receiver would refuse them."""
    try:
        header = _HEADER.pack(
            OPCODE,
            VERSION,
            JPEG if frame.colour else NO_COLOUR,
            frame.depth_code,
            frame.seq,
            frame.device_time_us,
            *frame.colour_size,
            *frame.depth_size,
            frame.near_mm,
            frame.far_mm,
            len(frame.colour),
            len(frame.depth),
        )
    except struct.error as error:
        raise ProtocolError("A number of the preview frame is out of range.") from error
    packed = b"".join((header, frame.colour, frame.depth))
    check_preview(packed)
    return packed


def check_preview(packed: bytes) -> int:
    """The number of the frame, without copying its pictures: all that who passes it on needs.

    Raises ProtocolError where a length, a code or a size is not as agreed.
    """
    return _read(packed)[4]


def unpack_preview(packed: bytes) -> PreviewFrame:
    """The frame in these bytes. Raises ProtocolError as `check_preview`; the pictures are not decoded."""
    _, _, _, depth_code, seq, time_us, cw, ch, dw, dh, near_mm, far_mm, colour_bytes, _ = _read(packed)
    middle = _HEADER.size + colour_bytes
    return PreviewFrame(
        seq=seq,
        device_time_us=time_us,
        colour=packed[_HEADER.size : middle],
        colour_size=(cw, ch),
        depth=packed[middle:],
        depth_size=(dw, dh),
        depth_code=depth_code,
        near_mm=near_mm,
        far_mm=far_mm,
    )


def _read(packed: bytes) -> tuple[int, ...]:
    if len(packed) > MOST_BYTES:
        raise ProtocolError("A binary frame must be smaller than 512 KiB.")
    if len(packed) < _HEADER.size:
        raise ProtocolError("The binary frame is cut off.")
    header: tuple[int, ...] = _HEADER.unpack_from(packed)
    opcode, version, colour_code, depth_code, _, time_us, cw, ch, dw, dh, near, far, colour, depth = header
    if (opcode, version) != (OPCODE, VERSION):
        raise ProtocolError(f"A binary frame of kind {opcode}, version {version} is not known.")
    if _HEADER.size + colour + depth != len(packed):
        raise ProtocolError("The binary frame is not as long as its header says.")
    if colour_code not in (NO_COLOUR, JPEG) or depth_code not in (NO_DEPTH, EXACT, SHADE):
        raise ProtocolError("The pictures of the binary frame are in a code that is not known.")
    if time_us >= 1 << 63:
        raise ProtocolError("The device time of the binary frame is impossible.")
    _check_picture("colour", colour_code, colour, (cw, ch))
    _check_picture("depth", depth_code, depth, (dw, dh))
    if depth_code == SHADE and not 0 < near < far:
        raise ProtocolError("A shaded depth picture must say how near and how far it reaches.")
    for start, coded in ((_HEADER.size, colour_code == JPEG), (_HEADER.size + colour, depth_code == SHADE)):
        if coded and packed[start : start + 3] != b"\xff\xd8\xff":
            raise ProtocolError("A picture of the binary frame is no JPEG.")
    return header


def _check_picture(what: str, code: int, length: int, size: tuple[int, int]) -> None:
    if code:
        good = length > 0 and all(0 < side <= MOST_SIDE_PX for side in size)
    else:
        good = length == 0 and size == (0, 0)
    if not good:
        raise ProtocolError(f"The size of the {what} picture does not fit its code.")
