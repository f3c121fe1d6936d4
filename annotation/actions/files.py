"""The file store: bytes in by content, bytes out by hash.

The order is the promise: bytes are hashed, written, synced and renamed by the storage before the row that
names them is committed, so a row never speaks of bytes that a power cut could take away.
"""

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import default_storage

from annotation.actions.errors import StorageFull
from annotation.models import StoredFile

CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read in chunks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def store(*, path: Path, media_type: str) -> StoredFile:
    """Put the bytes of a local file in the store; the same bytes twice are one file.

    Raises StorageFull (and keeps nothing) where the disk is full or broken. The local file is left alone.
    """
    digest = sha256_of(path)
    file = StoredFile(sha256=digest, size=path.stat().st_size, media_type=media_type)
    try:
        if not default_storage.exists(file.storage_name):
            with path.open("rb") as handle:
                default_storage.save(file.storage_name, File(handle, name=file.storage_name))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
            raise StorageFull(
                "The file store is full or not writable; nothing was stored. Free some space and try again."
            ) from error
        raise
    row, _ = StoredFile.objects.get_or_create(
        sha256=digest, defaults={"size": file.size, "media_type": media_type}
    )
    return row


def open_stored(file: StoredFile) -> IO[Any]:
    """The bytes of a stored file, for reading."""
    return default_storage.open(file.storage_name, "rb")


def chunks_of(file: StoredFile) -> Iterator[bytes]:
    """The bytes of a stored file in chunks, closed at the end."""
    with open_stored(file) as handle:
        while chunk := handle.read(CHUNK_BYTES):
            yield chunk


def damage(file: StoredFile) -> str | None:
    """What is wrong with a stored file's bytes ("missing", "changed", "unreadable: ..."), or None."""
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in chunks_of(file):
            digest.update(chunk)
            size += len(chunk)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    return None if digest.hexdigest() == file.sha256 and size == file.size else "changed"
