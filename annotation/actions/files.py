"""The file store: bytes in by content, bytes out by hash.

The order is the promise: bytes are hashed, written, synced and renamed by the storage before the row that
names them is committed, so a row never speaks of bytes that a power cut could take away.
"""

import contextlib
import datetime
import errno
import fcntl
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone

from annotation.actions.errors import ActionError, StorageFull, Unavailable
from annotation.models import StoredFile

CHUNK_BYTES = 1 << 20
FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT}
DISK_ERRORS = FULL_ERRORS | {errno.EIO, errno.EROFS}
logger = logging.getLogger(__name__)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read in chunks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def put(*, path: Path, media_type: str) -> tuple[StoredFile, bool]:
    """Bring the bytes of a local file into the store, on disk when this returns.

    Returns the row that names them, not saved yet, and whether the bytes are new to the store. Raises
    StorageFull where the disk is full, Unavailable where it is broken or a bucket does not answer; nothing
    is kept then. The local file is left alone.
    """
    file = StoredFile(sha256=sha256_of(path), size=path.stat().st_size, media_type=media_type)
    try:
        if default_storage.exists(file.storage_name):
            return file, False
        with path.open("rb") as handle:
            default_storage.save(file.storage_name, File(handle, name=file.storage_name))
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        logger.error("the file store took no file: %s", error)
        raise _refusal(error) from error
    return file, True


def _refusal(error: OSError) -> ActionError:
    if error.errno in FULL_ERRORS:
        return StorageFull("The file store is full; nothing was stored. Free some space and try again.")
    return Unavailable("The file store does not take files at the moment; nothing was stored. Try again.")


def store(*, path: Path, media_type: str) -> StoredFile:
    """Put the bytes of a local file in the store, with their row; the same bytes twice are one file.

    Raises what `put` does, and keeps nothing then. The local file is left alone.
    """
    file, _ = put(path=path, media_type=media_type)
    return name_file(file)


def name_file(file: StoredFile) -> StoredFile:
    """The saved row of bytes that `put` brought in."""
    row, _ = StoredFile.objects.get_or_create(
        sha256=file.sha256, defaults={"size": file.size, "media_type": file.media_type}
    )
    return row


class Intake:
    """Files brought into the store together: see `intake`."""

    def __init__(self) -> None:
        self.new: list[StoredFile] = []

    def put(self, path: Path, media_type: str) -> StoredFile:
        """As `put`; the row is not saved yet: `name_file` does that in the transaction that uses it."""
        file, is_new = put(path=path, media_type=media_type)
        if is_new:
            self.new.append(file)
        return file


@contextlib.contextmanager
def intake() -> Iterator[Intake]:
    """Bring several files in for one transaction: where it fails, none of their bytes stays.

    The bytes come first, outside the transaction, so that no database lock is held while disks sync.
    """
    taken = Intake()
    try:
        with _gate(fcntl.LOCK_SH):
            yield taken
    except BaseException:
        with _gate(fcntl.LOCK_EX):
            for file in taken.new:
                _take_back(file)
        raise


def _take_back(file: StoredFile) -> None:
    try:
        remove_unnamed(file.storage_name)
    except OSError as error:
        # What made the intake fail is what the person has to hear of.
        logger.error("%s stays without a row until verify_files removes it: %s", file.storage_name, error)


def remove_unnamed(name: str) -> bool:
    """Delete bytes that no row names. False where a row does."""
    if StoredFile.objects.filter(pk=name.rpartition("/")[2]).exists():
        return False
    default_storage.delete(name)
    return True


def forget(file: StoredFile) -> bool:
    """Remove a stored file, bytes and row, that no other row names any more. False where one does."""
    with _gate(fcntl.LOCK_EX):
        try:
            with transaction.atomic():
                StoredFile.objects.filter(pk=file.pk).delete()
        except models.ProtectedError:
            return False
        return remove_unnamed(file.storage_name)


@contextlib.contextmanager
def _gate(mode: int) -> Iterator[None]:
    """Held shared while bytes come in and are named, alone while unnamed bytes are deleted."""
    gate = Path(settings.INCOMING_DIR) / ".store.lock"
    gate.parent.mkdir(parents=True, exist_ok=True)
    with gate.open("ab") as handle:
        fcntl.flock(handle, mode)
        yield


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


def orphans(older_than: datetime.timedelta) -> Iterator[str]:
    """Names in the store that no row speaks of: left by a power cut between the bytes and their row.

    Younger ones are passed over: their row may be about to be committed.
    """
    latest = timezone.now() - older_than
    for name in _names_in(""):
        digest = name.rpartition("/")[2]
        if StoredFile(sha256=digest).storage_name == name and StoredFile.objects.filter(pk=digest).exists():
            continue
        with contextlib.suppress(FileNotFoundError):
            if default_storage.get_modified_time(name) <= latest:
                yield name


def _names_in(folder: str) -> Iterator[str]:
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        yield f"{folder}/{name}" if folder else name
    for inner in folders:
        yield from _names_in(f"{folder}/{inner}" if folder else inner)
