"""Shots that wait on the disk until the server has them.

One file per shot, `<id>.shot`: sealed (`seal`), the recording first, then what is said of it as JSON (a
`Waiting`), then the length of that JSON. A file is written under another name, synced, renamed, and its
folder synced before anybody hears of the shot; so at any moment a shot is there as a whole or not at all, and
nothing else needs to be remembered: how much the server has is asked of the server.

The key lies in a file of its own, outside the spool, made at the first start. Whoever gets the spool alone
(a lost disk, a backup, a cloud folder) sees nothing. Whoever has both can read it: keep the key on a stick of
its own (`--key-file`) if the machine may be stolen. If the key is lost, the shots that wait are lost with it,
and the agent says so instead of making a new one.
"""

import errno
import json
import logging
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from capture_agent import seal
from capture_agent.durable import PARTIAL, FolderLock, make_folder, new_file, remove
from capture_agent.protocol.uploads import MOST_JSON_BYTES, ShotOffer
from capture_agent.protocol.wire import ProtocolError, checked, load_json, read

logger = logging.getLogger(__name__)

ENDING = ".shot"
KEY_MARK = "key-mark"
INSTANCE = "instance"
LENGTH_BYTES = 4
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
RESERVE_BYTES = 512 << 20
"""What a shot leaves free on the disk."""


class SpoolError(Exception):
    """The spool cannot be used; the text is one sentence that says what to do."""


class DiskFull(SpoolError):
    """There is no room for a shot."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A shot of the spool: its name and what the server will be told of it."""

    shot: uuid.UUID
    offer: ShotOffer


class Spool:
    """The folder of waiting shots. One program uses it at a time."""

    def __init__(self, folder: Path, key_file: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Open the spool, or make it with its key. Raises SpoolError."""
        self._folder, self._reserve = folder, reserve_bytes
        self._unreadable: set[str] = set()
        try:
            make_folder(folder)
            self._lock = FolderLock(folder / "lock")
            if not self._lock.take():
                raise SpoolError(f"Another agent uses {folder}. End it, or choose another --spool.")
            self._key = _key(folder, key_file)
            self.instance = _instance(folder)
            for leftover in folder.glob(f"*{PARTIAL}"):
                leftover.unlink()
        except OSError as error:
            raise SpoolError(f"The spool {folder} cannot be used: {error.strerror or error}.") from error

    def close(self) -> None:
        self._lock.release()

    @property
    def free_bytes(self) -> int:
        """Room for shots, beyond the reserve; 0 where the disk is gone."""
        try:
            return max(shutil.disk_usage(self._folder).free - self._reserve, 0)
        except OSError:
            return 0

    def check_room(self, expected_bytes: int) -> None:
        """DiskFull where a shot of about this size would eat into the reserve; SpoolError where the spool is
        gone."""
        if not self._folder.is_dir():
            raise SpoolError(
                f"The spool {self._folder} is gone; bring its disk back and start the agent again."
            )
        if self.free_bytes < expected_bytes:
            raise DiskFull(
                f"The disk of the spool is nearly full ({self.free_bytes >> 20} MB left for shots). Free "
                f"some space on {self._folder}, or wait until the shots on it are sent."
            )

    def add(self, waiting: Waiting, content: bytes) -> None:
        """Write a shot and its recording; when this returns it is on the disk for good.

        Raises DiskFull or SpoolError; then nothing of the shot stays.
        """
        about = json.dumps(checked(waiting)).encode()
        try:
            with new_file(self._path(waiting.shot)) as file:
                sealed = seal.SealedWriter(file, self._key)
                sealed.write(content)
                sealed.write(about + len(about).to_bytes(LENGTH_BYTES, "big"))
                sealed.finish()
        except OSError as error:
            if error.errno in FULL:
                raise DiskFull(
                    f"The disk of the spool {self._folder} is full: the shot was not kept."
                ) from error
            reason = error.strerror or str(error)
            raise SpoolError(
                f"The disk of {self._folder} failed ({reason}): the shot was not kept."
            ) from error

    def waiting(self) -> list[Waiting]:
        """The shots, oldest first. What cannot be read stays where it is and is named in the log."""
        found = []
        for path in self._folder.glob(f"*{ENDING}"):
            try:
                with path.open("rb") as file:
                    found.append(_waiting(seal.SealedReader(file, self._key)))
            except (OSError, seal.SealError, ProtocolError) as error:
                if path.name not in self._unreadable:
                    logger.error("spool: %s cannot be read and is left alone: %s", path.name, error)
                self._unreadable.add(path.name)
        return sorted(found, key=lambda one: (one.offer.taken_at_s, one.shot.bytes))

    @contextmanager
    def content(self, waiting: Waiting) -> Iterator[Callable[[int, int], bytes]]:
        """Reads parts of a shot's recording by offset and count. OSError or SealError where the disk lies."""
        with self._path(waiting.shot).open("rb") as file:
            reader = seal.SealedReader(file, self._key)
            size = waiting.offer.size
            yield lambda offset, count: reader.read(offset, max(min(count, size - offset), 0))

    def forget(self, shot: uuid.UUID) -> None:
        """The server has it."""
        remove(self._path(shot))

    def _path(self, shot: uuid.UUID) -> Path:
        return self._folder / f"{shot}{ENDING}"


def _waiting(reader: seal.SealedReader) -> Waiting:
    """What is said of a shot, at the end of its file."""
    length = int.from_bytes(reader.read(reader.size - LENGTH_BYTES, LENGTH_BYTES), "big")
    if not 0 < length <= min(MOST_JSON_BYTES, reader.size - LENGTH_BYTES):
        raise ProtocolError("the file does not say what it holds")
    about = reader.read(reader.size - LENGTH_BYTES - length, length)
    waiting = read(Waiting, load_json(about, MOST_JSON_BYTES))
    if waiting.offer.size != reader.size - LENGTH_BYTES - length:
        raise ProtocolError("the file does not hold the recording it speaks of")
    return waiting


def _key(folder: Path, key_file: Path) -> bytes:
    """The key, made at the first start. A spool that was used with another key is not touched."""
    mark = folder / KEY_MARK
    if not key_file.exists():
        if mark.exists():
            raise SpoolError(
                f"The key of the spool is gone ({key_file}). Put it back, or name it with --key-file. "
                f"Without it nobody can read the shots that wait in {folder}; to begin anew, move that "
                "folder away."
            )
        make_folder(key_file.parent)
        with new_file(key_file) as file:
            file.write(seal.new_key().hex().encode() + b"\n")
    key = _key_in(key_file)
    if not mark.exists():
        with new_file(mark) as file:
            file.write(seal.mark_of(key).encode())
    if mark.read_text("ascii", "replace") != seal.mark_of(key):
        raise SpoolError(f"{key_file} is not the key of {folder}. Name the right one with --key-file.")
    return key


def _key_in(key_file: Path) -> bytes:
    try:
        key = bytes.fromhex(key_file.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != seal.KEY_BYTES:
        raise SpoolError(f"{key_file} holds no key. Put the right file back, or name it with --key-file.")
    return key


def _instance(folder: Path) -> uuid.UUID:
    """The name of this spool, by which the server tells agents of one token apart."""
    path = folder / INSTANCE
    if not path.exists():
        with new_file(path) as file:
            file.write(str(uuid.uuid4()).encode())
    try:
        return uuid.UUID(path.read_text("ascii", "replace").strip())
    except ValueError as error:
        raise SpoolError(f"{path} is damaged; delete it, and a new one is made.") from error
