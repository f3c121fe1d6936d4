"""Binary frames of the live view, and the code of their depth."""

import random
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from capture_agent.protocol import previews
from capture_agent.protocol.depthcode import decode_depth, encode_depth
from capture_agent.protocol.previews import PreviewFrame, check_preview, pack_preview, unpack_preview
from capture_agent.protocol.wire import ProtocolError

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
FRAME = PreviewFrame(
    seq=4_000_000_000,
    device_time_us=3_000_000_000_000,
    colour=JPEG,
    colour_size=(640, 360),
    depth=JPEG + b"deep",
    depth_size=(320, 288),
    depth_code=previews.SHADE,
    near_mm=600,
    far_mm=3000,
)


def test_a_frame_comes_back_as_it_was_sent() -> None:
    exact = encode_depth(np.full((288, 320), 1500, np.uint16))
    frames = [
        FRAME,
        replace(FRAME, colour=b"", colour_size=(0, 0)),
        replace(FRAME, depth=b"", depth_size=(0, 0), depth_code=previews.NO_DEPTH, near_mm=0, far_mm=0),
        replace(FRAME, depth=exact, depth_code=previews.EXACT, near_mm=0, far_mm=0),
    ]
    for frame in frames:
        packed = pack_preview(frame)
        assert unpack_preview(packed) == frame
        assert check_preview(packed) == frame.seq


def test_the_header_lies_where_the_page_says() -> None:
    packed = pack_preview(FRAME)
    assert packed[:4] == bytes([1, 1, 1, 2])
    assert struct.unpack_from("<I", packed, 4) == (FRAME.seq,)
    assert struct.unpack_from("<Q", packed, 8) == (FRAME.device_time_us,)
    assert struct.unpack_from("<6H", packed, 16) == (640, 360, 320, 288, 600, 3000)
    assert struct.unpack_from("<II", packed, 28) == (len(JPEG), len(JPEG) + 4)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (replace(FRAME, seq=2**32), "out of range"),
        (replace(FRAME, device_time_us=2**63), "device time"),
        (replace(FRAME, depth=b""), "depth picture does not fit"),
        (replace(FRAME, colour_size=(0, 360)), "colour picture does not fit"),
        (replace(FRAME, depth_size=(5000, 288)), "depth picture does not fit"),
        (replace(FRAME, far_mm=600), "how near"),
        (replace(FRAME, colour=b"GIF89a"), "no JPEG"),
        (replace(FRAME, depth=b"GIF89a"), "no JPEG"),
        (replace(FRAME, depth_code=9), "not known"),
        (replace(FRAME, colour=JPEG + bytes(512 << 10)), "smaller than 512 KiB"),
    ],
)
def test_what_would_be_refused_is_not_packed(frame: PreviewFrame, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        pack_preview(frame)


def test_a_frame_is_as_long_as_it_says() -> None:
    whole = pack_preview(FRAME)
    for wrong in (whole + b"x", whole[:-1], whole[:36], whole[:35], b""):
        for reads in (check_preview, unpack_preview):
            with pytest.raises(ProtocolError, match=r"not as long|cut off"):
                reads(wrong)
    for larger in (64 << 20, 512 << 10):
        with pytest.raises(ProtocolError, match="smaller than 512 KiB"):
            check_preview(whole + bytes(larger))


def test_no_mutation_raises_anything_but_a_refusal() -> None:
    rng = random.Random(5)
    whole = pack_preview(FRAME)
    refused = 0
    for _ in range(20_000):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            content[rng.randrange(40)] = rng.randrange(256)
        cut = bytes(content[: rng.randint(0, len(content))] if rng.random() < 0.3 else content)
        try:
            assert unpack_preview(cut).seq == check_preview(cut)
        except ProtocolError:
            refused += 1
    assert 10_000 < refused < 20_000


@given(arrays.arrays(np.uint16, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_depth_comes_back_exactly(depth_mm: np.ndarray[tuple[int, int], np.dtype[np.uint16]]) -> None:
    height, width = depth_mm.shape
    again = decode_depth(encode_depth(depth_mm), width, height)
    assert again.dtype == np.uint16
    assert np.array_equal(again, depth_mm)


def test_a_written_example_of_the_depth_code() -> None:
    depth = np.array([[1500, 1499, 0], [0, 65535, 1]], np.uint16)
    # Differences 1500 -1 -1499 / 0 -1 2, folded 3000 1 2997 / 0 1 4.
    plain = bytes([3000 & 255, 1, 2997 & 255, 0, 1, 4, 3000 >> 8, 0, 2997 >> 8, 0, 0, 0])
    assert zlib.decompress(encode_depth(depth)) == plain


@given(st.binary(max_size=200))
def test_depth_of_a_stranger_is_refused_and_never_unpacked_beyond_its_size(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_depth(content, 64, 64)


def test_a_bomb_stays_packed() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    with pytest.raises(ProtocolError, match="size that its frame claims"):
        decode_depth(bomb, 640, 576)
    whole = encode_depth(np.zeros((4, 4), np.uint16))
    for wrong in (whole + b"x", whole[:-1]):
        with pytest.raises(ProtocolError):
            decode_depth(wrong, 4, 4)


@given(st.integers(0, 30), st.integers(0, 30))
def test_another_size_is_refused(width: int, height: int) -> None:
    content = encode_depth(np.zeros((7, 5), np.uint16))
    if width * height != 35:
        with pytest.raises(ProtocolError):
            decode_depth(content, width, height)
