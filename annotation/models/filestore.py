"""The folder behind the content-addressed store: bytes are on disk before anyone hears of them."""

import contextlib
import os
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


def fsync_folder(folder: Path) -> None:
    """Make a rename or a new entry in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class DurableFileSystemStorage(FileSystemStorage):
    """FileSystemStorage that syncs a file, renames it into place and syncs the folders above it.

    Names are content hashes, so a name that exists already holds these bytes and is left alone.
    """

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        if target.exists():
            return name
        new_folders = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
        try:
            with partial.open("xb") as out:
                for chunk in content.chunks():
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            partial.chmod(self.file_permissions_mode or 0o640)
            partial.rename(target)
            for folder in [target.parent, *(made.parent for made in new_folders)]:
                fsync_folder(folder)
        except OSError:
            # Nothing half done stays: not the name whose folder could not be synced, not a new folder.
            for leftover in (target, partial):
                leftover.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                for folder in new_folders:
                    folder.rmdir()
            raise
        finally:
            partial.unlink(missing_ok=True)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name
