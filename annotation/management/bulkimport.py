"""What the import commands share: the same import as the page's, fed from a folder of this machine."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from django.core.management.base import CommandError

from annotation.actions import imports, inspection
from annotation.actions.confirmation import Answer, close_when_done, confirm
from annotation.actions.errors import ActionError
from annotation.actions.grouping import NOT_NEEDED
from annotation.models import Import, ImportItem, Project, User
from annotation.models.imports import ItemRole, ItemState
from annotation.permissions import Capability, allows, role_in

AT_ONCE = 25


class Terminal(Protocol):
    """Where progress goes: a command's `stdout`."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


@dataclass
class Outcome:
    """How many acquisitions went how, and each that went wrong with its sentence."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return (
            f"{self.counts[ItemState.IMPORTED]} imported, {self.counts[ItemState.DUPLICATE]} already there, "
            f"{len(self.refused)} refused."
        )


class Bar:
    """A progress bar on a terminal; a line now and then elsewhere."""

    def __init__(self, title: str, total: int, out: Terminal) -> None:
        self.title, self.total, self.out = title, max(1, total), out
        self._shown = -1

    def show(self, done: int) -> None:
        percent = 100 * done // self.total
        if self.out.isatty():
            filled = "#" * (percent // 4)
            self.out.write(f"\r{self.title:9} [{filled:25}] {done}/{self.total}")
            self.out.write("\n" if done >= self.total else "")
        elif percent // 25 > self._shown:
            self._shown = percent // 25
            self.out.write(f"{self.title} {done}/{self.total}\n")
        self.out.flush()


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder to import")
    parser.add_argument("--project", required=True, help="the project's name")
    parser.add_argument("--user", default="", help="who imports (default: the only site admin)")


def project_named(name: str) -> Project:
    project = Project.objects.filter(name=name, deleted_at=None).first()
    if project is None:
        known = ", ".join(Project.objects.filter(deleted_at=None).values_list("name", flat=True)[:20])
        raise CommandError(f"There is no project named {name!r}. There are: {known or 'none yet'}.")
    return project


def user_named(name: str, project: Project) -> User:
    """The importing person; must be allowed to import into the project."""
    if name:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user named {name!r}.")
    else:
        admins = list(User.objects.filter(is_superuser=True, is_active=True)[:2])
        if len(admins) != 1:
            raise CommandError("Say who imports: --user NAME.")
        user = admins[0]
    if not allows(role_in(user, project.pk), Capability.IMPORT):
        raise CommandError(f"{user.username} may not import into {project.name}.")
    return user


def files_under(folder: Path) -> Iterator[tuple[str, Path]]:
    """All wanted files below a folder: their names relative to it, and where they are. Links are left out."""
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder.")
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not hidden and path.name.lower() not in NOT_NEEDED:
            yield path.relative_to(folder).as_posix(), path


def import_folder(
    *,
    user: User,
    project: Project,
    named: list[tuple[str, Path]],
    answer_for: Callable[[ImportItem], Answer],
    out: Terminal,
) -> Outcome:
    """Import files in place (they are read, never moved); one that is refused stops no other.

    Begun anew after an interruption, what is in the project already is recognised and passed over.
    """
    batch = imports.open_import(user=user, project=project)
    outcome = Outcome()
    try:
        _announce(batch, named, outcome)
        _look(batch, user, out)
        _confirm(batch, user, answer_for, out)
        _count(batch, outcome)
        close_when_done(user=user, batch=batch)
    finally:
        batch.refresh_from_db()
        if batch.state == "open":
            imports.discard(user=user, batch=batch)
    return outcome


def _announce(batch: Import, named: list[tuple[str, Path]], outcome: Outcome) -> None:
    batch.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, path in named:
        try:
            item = imports.add_item(batch=batch, name=name, size=path.stat().st_size)
        except ActionError as refusal:
            outcome.refused.append((name, refusal.detail))
            continue
        item.path.symlink_to(path.resolve())
        item.received, item.state = item.size, ItemState.CHECKING
        item.save(update_fields=["received", "state"])


def _look(batch: Import, user: User, out: Terminal) -> None:
    leads = batch.items.filter(role=ItemRole.LEAD)
    bar = Bar("checking", leads.count(), out)
    before = -1
    while (waiting := leads.filter(state=ItemState.CHECKING, problem="").count()) and waiting != before:
        before = waiting
        inspection.look(batch=batch, user=user, budget_s=20)
        total = leads.count()
        bar.total = max(1, total)
        bar.show(total - leads.filter(state=ItemState.CHECKING, problem="").count())


def _confirm(batch: Import, user: User, answer_for: Callable[[ImportItem], Answer], out: Terminal) -> None:
    waiting = list(
        batch.items.filter(role=ItemRole.LEAD, state__in=[ItemState.READY, ItemState.NEEDS_ANSWER]).order_by(
            "name"
        )
    )
    bar = Bar("storing", len(waiting), out)
    for start in range(0, len(waiting), AT_ONCE):
        answers = [answer_for(item) for item in waiting[start : start + AT_ONCE]]
        try:
            confirm(user=user, batch=batch, answers=answers)
        except ActionError as refusal:
            # The only answer of its request: as the others, it says why on its item.
            batch.items.filter(pk=answers[0].item).update(problem=refusal.detail)
        bar.show(min(start + AT_ONCE, len(waiting)))


def _count(batch: Import, outcome: Outcome) -> None:
    for item in batch.items.filter(role=ItemRole.LEAD).order_by("name"):
        outcome.counts[item.state] += 1
        if item.state not in {ItemState.IMPORTED, ItemState.DUPLICATE}:
            outcome.refused.append((item.name, item.problem or "It was not looked at."))
    parts = batch.items.filter(role=ItemRole.PART, state=ItemState.REFUSED).order_by("name")
    outcome.refused += [(item.name, item.problem) for item in parts if item.kind in {"labels", "camera"}]
