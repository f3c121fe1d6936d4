"""The life of an import before it is confirmed: opened, fed in chunks, discarded or swept away.

Nothing here reads what is inside a file; that is `actions.inspection`. The bytes of an item lie in one
file whose length is the truth about how far it has come; the row's `received` follows it.
"""

import os
import shutil
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotation.actions import audit, chunks
from annotation.actions.errors import ActionError, Conflict, TooLarge
from annotation.models import Import, ImportItem, Project, User
from annotation.models.imports import ABANDONED_AFTER, ImportState, ItemState

MAX_ITEMS = 5_000


def open_import(*, user: User, project: Project) -> Import:
    """Begin an import; sweeps abandoned ones away on the way."""
    sweep()
    with transaction.atomic():
        opened = Import.objects.create(project=project, created_by=user)
        audit.record(actor=user, action="import.open", target=opened, summary="", project=project)
    return opened


def plain_name(name: str) -> str:
    """A file's name as its folder gives it, with forward slashes; ActionError for what cannot be one."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    if not parts or ".." in parts or not all(part.isprintable() and part.strip() for part in parts):
        raise ActionError("This is not a usable file name; rename the file and try again.")
    plain = "/".join(parts)
    if len(plain) > 400:
        raise ActionError("This file's name, with its folders, is longer than 400 characters; shorten it.")
    return plain


def add_item(*, batch: Import, name: str, size: int, sha256: str = "") -> ImportItem:
    """Announce one file. The same name and size again is the same item, to go on where it stopped."""
    plain = plain_name(name)
    if size <= 0:
        raise ActionError("The file is empty (zero bytes); there is nothing to import.")
    if size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 2**20
        raise TooLarge(
            f"The file is larger than the {limit} MB this installation accepts; nothing was stored."
        )
    with transaction.atomic():
        locked = _lock_open(batch)
        known = locked.items.filter(name=plain).first()
        if known is not None:
            if known.size == size and (not sha256 or not known.sha256 or known.sha256 == sha256):
                return known
            raise Conflict("Another file with this name is already in this import; remove it first.")
        if locked.items.count() >= MAX_ITEMS:
            raise TooLarge(f"One import takes at most {MAX_ITEMS} files; import the rest separately.")
        chunks.refuse_without_room(size)
        _touch(locked)
        return ImportItem.objects.create(batch=locked, name=plain, size=size, sha256=sha256)


def append(*, item: ImportItem, offset: int, stream: chunks.Readable) -> ImportItem:
    """Write one chunk at the end of an item's bytes; they are on disk when this returns.

    Raises WrongOffset where `offset` is not the end, TooLarge for more bytes than announced or than one
    chunk may have, StorageFull where the disk takes no more. In each case what was there before stays.
    """
    if item.batch.state != ImportState.OPEN:
        raise Conflict("This import is closed; start a new one.")
    if item.state != ItemState.UPLOADING:
        raise chunks.WrongOffset(item.size)
    with chunks.locked_file(item.path) as handle:
        end = os.fstat(handle).st_size
        # All bytes here and the row not told, because the database or the process failed just then: tell it.
        if end != item.size:
            end = chunks.append(handle=handle, path=item.path, size=item.size, offset=offset, stream=stream)
        state = ItemState.CHECKING if end == item.size else ItemState.UPLOADING
        ImportItem.objects.filter(pk=item.pk).update(received=end, state=state)
    _touch(item.batch)
    item.received, item.state = end, state
    return item


def remove_item(*, item: ImportItem) -> None:
    """Take one file out of an open import."""
    with transaction.atomic():
        _lock_open(item.batch)
        if item.state == ItemState.IMPORTED:
            raise Conflict("This file is imported; delete its study instead.")
        transaction.on_commit(partial(_delete, [item.path, item.inspection_folder]))
        item.delete()


def discard(*, user: User, batch: Import) -> Import:
    """Close an import and delete every byte of it that was not confirmed."""
    with transaction.atomic():
        locked = _lock_open(batch)
        _close(locked, user)
    return locked


def sweep() -> int:
    """Discard every abandoned import, and folders that no import owns. Returns how many were discarded.

    A day after an import was closed the names of the files it did not take are gone, too: they often hold a
    patient's.
    """
    abandoned = list(Import.objects.abandoned().select_related("project")[:100])
    for batch in abandoned:
        with transaction.atomic():
            _close(batch, None)
    _sweep_folders()
    closed = ImportItem.objects.exclude(batch__state=ImportState.OPEN).exclude(state=ItemState.IMPORTED)
    closed.filter(batch__touched_at__lt=timezone.now() - ABANDONED_AFTER).delete()
    return len(abandoned)


def _sweep_folders() -> None:
    """Delete folders that a power cut left without an open import."""
    oldest = (timezone.now() - ABANDONED_AFTER).timestamp()
    incoming = Path(settings.INCOMING_DIR)
    left = [path for path in incoming.glob("*-*") if path.is_dir() and path.stat().st_mtime < oldest]
    open_ones = {str(pk) for pk in Import.objects.filter(state=ImportState.OPEN).values_list("pk", flat=True)}
    _delete([path for path in left if path.name not in open_ones])


def forget_bytes(item: ImportItem) -> None:
    """Delete an item's bytes and what the inspection made of them."""
    _delete([item.path, item.inspection_folder])


def _delete(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _close(batch: Import, user: User | None) -> None:
    imported = batch.items.filter(state=ItemState.IMPORTED)
    batch.state = ImportState.CONFIRMED if imported.exists() else ImportState.DISCARDED
    batch.save(update_fields=["state"])
    batch.items.exclude(pk__in=imported.values("pk")).delete()
    summary = "" if user else "nobody touched it for a day"
    audit.record(actor=user, action="import.discard", target=batch, summary=summary, project=batch.project)
    # Not before the rows are gone for good.
    transaction.on_commit(partial(_delete, [batch.folder]))


def _lock_open(batch: Import) -> Import:
    locked = Import.objects.select_for_update().select_related("project").get(pk=batch.pk)
    if locked.state != ImportState.OPEN:
        raise Conflict("This import is closed; start a new one.")
    return locked


def _touch(batch: Import) -> None:
    Import.objects.filter(pk=batch.pk).update(touched_at=timezone.now())
