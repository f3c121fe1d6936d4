"""Sealed files: what comes out is what went in, or nothing."""

import io
import itertools

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from capture_agent.seal import (
    CHUNK_BYTES,
    HEAD_BYTES,
    TAG_BYTES,
    SealedReader,
    SealedWriter,
    SealError,
    mark_of,
    new_key,
)

KEY = bytes(range(32))
STEP = CHUNK_BYTES + TAG_BYTES
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17]


def content(size: int) -> bytes:
    return bytes(itertools.islice(itertools.cycle(range(251)), size))


def sealed(plain: bytes, key: bytes = KEY, piece: int = 100_000) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, key)
    for at in range(0, len(plain), piece):
        writer.write(plain[at : at + piece])
    writer.finish()
    return file.getvalue()


def opened(file: bytes, key: bytes = KEY) -> bytes:
    reader = SealedReader(io.BytesIO(file), key)
    return reader.read(0, reader.size)


@pytest.mark.parametrize("size", SIZES)
def test_what_comes_out_is_what_went_in(size: int) -> None:
    file = sealed(content(size))
    assert SealedReader(io.BytesIO(file), KEY).size == size
    assert opened(file) == content(size)


def test_any_part_can_be_read_by_itself() -> None:
    plain = content(3 * CHUNK_BYTES + 17)
    reader = SealedReader(io.BytesIO(sealed(plain)), KEY)
    for offset in (0, 5, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 16, len(plain), len(plain) + 9):
        for count in (0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 3):
            assert reader.read(offset, count) == plain[offset : offset + count]


def test_nothing_of_the_content_shows() -> None:
    plain = b"a child's back " * 1000
    assert b"child" not in sealed(plain)
    assert sealed(plain) != sealed(plain)


def test_it_is_what_the_page_says() -> None:
    plain = content(CHUNK_BYTES + 10)
    file = sealed(plain)
    head = file[:HEAD_BYTES]
    key = HKDF(algorithm=SHA256(), length=32, salt=head, info=b"spineweb sealed file").derive(KEY)
    first = AESGCM(key).decrypt(bytes(12), file[HEAD_BYTES : HEAD_BYTES + STEP], head)
    last = AESGCM(key).decrypt(bytes(10) + b"\x01\x01", file[HEAD_BYTES + STEP :], head)
    assert first + last == plain


@pytest.mark.parametrize("at", [0, 9, HEAD_BYTES, HEAD_BYTES + STEP - 1, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    file = bytearray(sealed(content(2 * CHUNK_BYTES)))
    file[at] ^= 1
    with pytest.raises(SealError):
        opened(bytes(file))


def test_a_file_cut_short_lengthened_or_shuffled_is_noticed() -> None:
    file = sealed(content(3 * CHUNK_BYTES))
    head, body = file[:HEAD_BYTES], file[HEAD_BYTES:]
    chunks = [body[i * STEP : (i + 1) * STEP] for i in range(3)]
    other = sealed(content(3 * CHUNK_BYTES))
    wrong = [
        b"",
        head,
        head + chunks[0] + chunks[1],
        file[:-1],
        file + b"x",
        file + chunks[2],
        head + chunks[1] + chunks[0] + chunks[2],
        head + chunks[0] + other[HEAD_BYTES + STEP :],
        head + chunks[0] + b"short",
    ]
    for broken in wrong:
        with pytest.raises(SealError):
            opened(broken)


def test_another_key_opens_nothing_and_its_mark_tells() -> None:
    other = new_key()
    with pytest.raises(SealError, match="another key"):
        opened(sealed(b"x"), other)
    assert mark_of(KEY) == mark_of(bytes(range(32))) != mark_of(other)
    assert other.hex()[:16] != mark_of(other)
