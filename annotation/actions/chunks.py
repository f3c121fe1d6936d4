"""Files that arrive in pieces: appended from where they end, on disk before the sender hears of it.

The file's length is the truth about how far it has come; whatever row follows it can be brought up to date.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.conf import settings

from annotation.actions.errors import ActionError, Conflict, StorageFull, TooLarge
from annotation.actions.files import DISK_ERRORS
from annotation.models.filestore import fsync_folder

CHUNK_BYTES = 8 * 2**20
_PIECE_BYTES = 1 << 18


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class WrongOffset(Conflict):
    """The chunk does not continue where the file ends. `offset` is where it does."""

    code = "wrong_offset"

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"The file has {offset} bytes so far; send the next chunk from there.",
            fields={"upload_offset": [str(offset)]},
        )
        self.offset = offset


def refuse_without_room(size: int) -> None:
    """A claim the disk cannot hold is refused before a byte of it comes."""
    incoming = Path(settings.INCOMING_DIR)
    incoming.mkdir(parents=True, exist_ok=True)
    if size > shutil.disk_usage(incoming).free:
        raise StorageFull("There is not enough free space on the server for this file; nothing was stored.")


@contextlib.contextmanager
def locked_file(path: Path) -> Iterator[int]:
    """The file at `path`, made if need be, held by one writer at a time. Conflict where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("Another upload of this file is under way; wait for it or close it.") from error
        yield handle
    finally:
        os.close(handle)


def append(*, handle: int, path: Path, size: int, offset: int, stream: Readable) -> int:
    """Write one chunk at the end of a locked file of `size` bytes in all, durably or not at all; its new end.

    Raises WrongOffset where `offset` is not the end, TooLarge for more bytes than announced or than one
    chunk may have, StorageFull where the disk takes no more. In each case what was there before stays.
    """
    end = os.fstat(handle).st_size
    if offset != end:
        raise WrongOffset(end)
    try:
        copied = _copy(stream, handle, at_most=min(CHUNK_BYTES, size - end))
        os.fsync(handle)
        if end == 0:
            for folder in (path.parent, path.parent.parent):
                fsync_folder(folder)
    except BaseException as error:
        os.ftruncate(handle, end)
        _raise_if_full(error)
        raise
    return end + copied


def _copy(stream: Readable, handle: int, *, at_most: int) -> int:
    """Copy a stream to the end of a file. Raises TooLarge as soon as it holds more than `at_most` bytes."""
    copied = 0
    while piece := stream.read(_PIECE_BYTES):
        copied += len(piece)
        if copied > at_most:
            raise TooLarge("More bytes came than were announced, or the chunk is larger than 8 MiB.")
        view = memoryview(piece)
        while view:
            view = view[os.write(handle, view) :]
    if not copied:
        raise ActionError("The chunk is empty; send the next bytes of the file as the request's body.")
    return copied


def _raise_if_full(error: BaseException) -> None:
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        raise StorageFull(
            "The server's disk is full or not writable; this chunk was not stored. Try again later."
        ) from error
