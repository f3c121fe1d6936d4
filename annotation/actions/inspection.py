"""Looking at what an import brought, before anyone confirms it: what each file is, and what is wrong with it.

Every file is opened in a child process with limits (`imaging.sandbox`); this side only reads names, hashes
and what the child reports. What was found is kept on the items, in the form the page shows it (`wire`) and
with the derived files that `actions.shots` will store.
"""

import fcntl
import os
import time
from pathlib import Path

from django.db.models import Q
from django.utils import timezone

from annotation.actions import labelfiles
from annotation.actions.errors import Unreadable
from annotation.actions.files import sha256_of
from annotation.actions.found import describe
from annotation.actions.grouping import Grouping, Unit, group
from annotation.actions.inspector import Inspector, uid_key
from annotation.models import Import, ImportItem, Study, User
from annotation.models.imports import ItemRole, ItemState

BUDGET_S = 4.0


def look(*, batch: Import, user: User, budget_s: float = BUDGET_S) -> None:
    """Look at files that are here and not looked at yet, until the time is up. Each file stands for itself.

    A second call while one is at work returns at once.
    """
    batch.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (batch.folder / ".look.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _look(batch, user, time.monotonic() + budget_s)
    Import.objects.filter(pk=batch.pk).update(touched_at=timezone.now())


def thumbnail_of(item: ImportItem) -> Path | None:
    """The small picture of an inspected item, where there is one."""
    name = item.found.get("thumbnail")
    path = item.batch.folder / name if name else None
    return path if path is not None and path.is_file() else None


def _look(batch: Import, user: User, until: float) -> None:
    items = {item.name: item for item in batch.items.select_related("batch__project")}
    grouping = group(items)
    _sort(items, grouping)
    ready = [unit for unit in grouping.units if _is_due(unit, items)]
    if not ready:
        return
    with Inspector() as inspector:
        for unit in ready:
            _look_at(unit, items, user, inspector)
            if time.monotonic() >= until:
                return


def _sort(items: dict[str, ImportItem], grouping: Grouping) -> None:
    """Give each item its role and group; label files and tables are checked at once."""
    for name, kind in grouping.others.items():
        item = items[name]
        before = (item.role, item.kind, item.state)
        item.role, item.kind = ItemRole.PART, kind
        if item.state == ItemState.CHECKING:
            item.problem = _check_text(item)
            item.state = ItemState.REFUSED if item.problem else ItemState.READY
        if (item.role, item.kind, item.state) != before:
            item.save(update_fields=["role", "kind", "state", "problem"])
    for unit in grouping.units:
        for name in (unit.lead, *unit.parts):
            item = items[name]
            role = ItemRole.LEAD if name == unit.lead else ItemRole.PART
            if (item.role, item.group) != (role, unit.key):
                item.role, item.group = role, unit.key
                item.save(update_fields=["role", "group"])


def _check_text(item: ImportItem) -> str:
    """What is wrong with a labels file or camera file, or nothing."""
    try:
        if item.kind == "labels":
            labelfiles.read_labels(item.path)
        elif item.kind == "camera":
            labelfiles.read_json(item.path, "camera file")
    except Unreadable as error:
        return error.detail
    return ""


def _is_due(unit: Unit, items: dict[str, ImportItem]) -> bool:
    """Whether a unit has all its bytes and was not looked at yet; says which file it waits for."""
    lead = items[unit.lead]
    if lead.state != ItemState.CHECKING:
        return False
    if unit.missing:
        if lead.problem != unit.missing:
            lead.problem = unit.missing
            lead.save(update_fields=["problem"])
        return False
    companions = [unit.depth, unit.camera, unit.labels, *(unit.tables or ())]
    return all(items[name].state != ItemState.UPLOADING for name in companions if name)


def _look_at(unit: Unit, items: dict[str, ImportItem], user: User, inspector: Inspector) -> None:
    lead = items[unit.lead]
    try:
        _identify(lead)
        if lead.state == ItemState.CHECKING:
            found = describe(unit, items, inspector, uid_key(lead.project))
            lead.kind, lead.found, lead.problem = found.kind, found.to_json(), ""
            lead.state = ItemState.READY if found.complete else ItemState.NEEDS_ANSWER
    except Unreadable as error:
        lead.state, lead.problem = ItemState.REFUSED, error.detail
    if lead.state == ItemState.CHECKING:
        return
    if lead.state == ItemState.DUPLICATE and lead.study_id is not None:
        lead.study = Study.objects.visible_to(user).filter(pk=lead.study_id).first()
    lead.save(update_fields=["kind", "found", "problem", "state", "sha256", "study"])
    parts = ItemState.REFUSED if lead.state == ItemState.REFUSED else ItemState.READY
    for name in unit.parts:
        part = items[name]
        part.kind, part.state, part.problem = "depth", parts, ""
        part.save(update_fields=["kind", "state", "problem"])


def _identify(item: ImportItem) -> None:
    """Hash an item; mark it as a duplicate of what is in its project or comes in the same import."""
    digest = sha256_of(item.path)
    if item.sha256 and item.sha256 != digest:
        raise Unreadable("The file changed on its way here; remove it and send it again.")
    item.sha256 = digest
    earlier = (
        ImportItem.objects.filter(sha256=digest)
        .filter(
            Q(
                state=ItemState.IMPORTED,
                batch__project=item.project,
                study__deleted_at=None,
                study__isnull=False,
            )
            | Q(state__in=[ItemState.READY, ItemState.NEEDS_ANSWER], batch=item.batch)
        )
        .exclude(pk=item.pk)
        .select_related("study__subject")
        .first()
    )
    if earlier is None:
        return
    item.state, item.study = ItemState.DUPLICATE, earlier.study
    if earlier.study is None:
        item.problem = f"The same file as {os.path.basename(earlier.name)} in this import."
    else:
        item.problem = "This file is in the project already; it is not imported a second time."
