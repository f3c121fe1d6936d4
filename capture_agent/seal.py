"""Files that can be read with their key only: AES-256-GCM in chunks, after the STREAM construction.

A sealed file is 8 bytes of magic and 32 bytes of salt, then chunks of at most CHUNK_BYTES of content, each
with 16 bytes of tag. The key of the file comes from the master key and its salt by HKDF-SHA-256, so that no
nonce can ever come twice under one key; the nonce of a chunk is its number and whether it is the last, so
that chunks cannot be changed, exchanged, or cut off without being noticed (Hoang, Reyhanitabar, Rogaway,
Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015).
"""

import os
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
CHUNK_BYTES = 256 << 10
TAG_BYTES = 16
MAGIC = b"SPWSEAL1"
SALT_BYTES = 32
HEAD_BYTES = len(MAGIC) + SALT_BYTES


class SealError(Exception):
    """The file was sealed with another key, was changed, or is cut off."""


class SealedWriter:
    """Writes content of any length into an empty file; it cannot be read back before `finish`."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        head = MAGIC + os.urandom(SALT_BYTES)
        self._file, self._head = file, head
        self._cipher = _cipher(key, head)
        self._waiting = bytearray()
        self._chunks = 0
        file.write(head)

    def write(self, content: bytes) -> None:
        self._waiting += content
        # The last chunk is marked, so one is kept back.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Seal the last chunk. The file is neither flushed nor synced."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, content: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._chunks, last), content, self._head))
        self._chunks += 1


class SealedReader:
    """Reads any part of a whole sealed file; every byte that comes out was authenticated. Else SealError."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        file.seek(0, os.SEEK_END)
        sealed = file.tell() - HEAD_BYTES
        file.seek(0)
        self._head = file.read(HEAD_BYTES)
        if len(self._head) != HEAD_BYTES or not self._head.startswith(MAGIC) or sealed < TAG_BYTES:
            raise SealError("This is no sealed file, or it is cut off.")
        self._cipher = _cipher(key, self._head)
        self._chunks = -(-sealed // (CHUNK_BYTES + TAG_BYTES))
        self.size = sealed - self._chunks * TAG_BYTES
        # Only the true last chunk opens as the last: the file is not cut off.
        self._chunk(self._chunks - 1)

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`, fewer only at the end."""
        end = min(offset + count, self.size)
        if offset >= end:
            return b""
        first, last = offset // CHUNK_BYTES, (end - 1) // CHUNK_BYTES
        content = b"".join(self._chunk(number) for number in range(first, last + 1))
        return content[offset - first * CHUNK_BYTES : end - first * CHUNK_BYTES]

    def _chunk(self, number: int) -> bytes:
        self._file.seek(HEAD_BYTES + number * (CHUNK_BYTES + TAG_BYTES))
        sealed = self._file.read(CHUNK_BYTES + TAG_BYTES)
        try:
            return self._cipher.decrypt(_nonce(number, number == self._chunks - 1), sealed, self._head)
        except (InvalidTag, ValueError) as error:
            raise SealError("The file was sealed with another key, or it is damaged.") from error


def new_key() -> bytes:
    """A fresh master key."""
    return os.urandom(KEY_BYTES)


def mark_of(key: bytes) -> str:
    """A short text by which a key is recognised, and from which nothing about it can be learnt."""
    return _derived(key, b"", b"spineweb spool mark", 8).hex()


def _cipher(key: bytes, head: bytes) -> AESGCM:
    return AESGCM(_derived(key, head, b"spineweb sealed file", KEY_BYTES))


def _derived(key: bytes, salt: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=purpose).derive(key)


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">7xI?", number, last)
