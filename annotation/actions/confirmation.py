"""The person's word on an import: what is confirmed is stored, each shot in a transaction of its own."""

import datetime
import shutil
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from annotation.actions import audit, files, ingest
from annotation.actions.cohort import new_date_shift
from annotation.actions.errors import ActionError, Conflict, Unreadable
from annotation.actions.found import derived, labels_for, tables_of
from annotation.actions.grouping import Unit, group
from annotation.actions.imports import forget_bytes
from annotation.actions.inspector import Inspector, uid_key
from annotation.actions.labelfiles import Labels
from annotation.actions.shots import Shot, shot_of
from annotation.models import Import, ImportItem, Study, User
from annotation.models.imports import ImportState, ItemRole, ItemState

CONFIRMABLE = (ItemState.READY, ItemState.NEEDS_ANSWER)
PENDING = (ItemState.UPLOADING, ItemState.CHECKING, *CONFIRMABLE)


@dataclass(frozen=True)
class Answer:
    """What the person says of one shot. No visit_date: the file's own day, moved as all of the subject's."""

    item: uuid.UUID
    subject: str
    visit_date: datetime.date | None = None
    direction: str = ""
    side: str = ""


def confirm(*, user: User, batch: Import, answers: list[Answer]) -> None:
    """Store the answered shots. One that cannot be stored says why and stops no other.

    Raises the refusal where there was only one answer, and where the whole request makes no sense.
    """
    if batch.state != ImportState.OPEN:
        raise Conflict("This import is closed; start a new one.")
    with Inspector() as inspector:
        work = _Work(user, batch, inspector)
        for answer in answers:
            try:
                work.store(answer)
            except ActionError as refusal:
                if len(answers) == 1:
                    raise
                # What is stored already has no problem, only been asked for twice.
                rows = batch.items.exclude(state=ItemState.IMPORTED)
                rows.filter(pk=answer.item).update(problem=refusal.detail)
    close_when_done(user=user, batch=batch)


def close_when_done(*, user: User, batch: Import) -> None:
    """Close an import in which nothing waits any more, and delete what is left of its bytes."""
    waiting = batch.items.filter(role=ItemRole.LEAD, state__in=PENDING)
    if waiting.exists():
        return
    with transaction.atomic():
        count = batch.items.filter(role=ItemRole.LEAD, state=ItemState.IMPORTED).count()
        batch.state = ImportState.CONFIRMED if count else ImportState.DISCARDED
        batch.save(update_fields=["state"])
        audit.record(
            actor=user,
            action="import.confirm",
            target=batch,
            summary=f"{count} acquisitions stored",
            project=batch.project,
        )
    shutil.rmtree(batch.folder, ignore_errors=True)


class _Work:
    """One request's confirmations: the child and the tables are shared by all its shots."""

    def __init__(self, user: User, batch: Import, inspector: Inspector) -> None:
        self.user, self.batch, self.inspector = user, batch, inspector
        self.items = {item.name: item for item in batch.items.select_related("batch__project")}
        self.by_id = {item.pk: item for item in self.items.values()}
        self.units = {unit.lead: unit for unit in group(self.items).units}
        self._tables: dict[tuple[str, str], dict[str, list[float]]] = {}

    def store(self, answer: Answer) -> Study:
        item = self._confirmable(answer.item)
        unit = self.units[item.name]
        labels = labels_for(unit, self.items, [])
        person = self._person(answer, labels)
        visit_date = answer.visit_date
        if item.kind == "dicom":
            captured = self._take_person_out(item, person)
            visit_date = visit_date or captured
        if visit_date is None:
            raise ActionError("Give the day of the visit.", field="visit_date")
        visit = ingest.Visit(person, visit_date, f"visit {labels.visit}" if labels.visit else "")
        shares = self._shares(unit)
        shot = shot_of(item, direction=answer.direction, side=answer.side, labels=labels, shares=shares)
        study = self._record(unit, item, visit, shot)
        for name in (unit.lead, *unit.parts):
            forget_bytes(self.items[name])
        return study

    def _record(self, unit: Unit, item: ImportItem, visit: ingest.Visit, shot: Shot) -> Study:
        with files.intake() as taken:
            stored = ingest.bring_in(taken, shot)
            with transaction.atomic():
                study = ingest.record_shot(
                    user=self.user, project=self.batch.project, visit=visit, shot=shot, stored=stored
                )
                self._mark(unit, item, study, shot.source_name)
        return study

    def _confirmable(self, pk: uuid.UUID) -> ImportItem:
        item = self.by_id.get(pk)
        if item is None or item.role != ItemRole.LEAD:
            raise ActionError("This is not a file of this import that can be confirmed.")
        if item.state == ItemState.REFUSED:
            raise Unreadable(item.problem)
        if item.state not in CONFIRMABLE:
            raise Conflict(
                item.problem or f"This file cannot be confirmed: it is {item.get_state_display()}."
            )
        return item

    def _person(self, answer: Answer, labels: Labels) -> ingest.Person:
        """Who it is; sex and year of birth only where the labels speak of the same subject."""
        pseudonym = answer.subject.strip()
        known = ingest.known_subject(project=self.batch.project, pseudonym=pseudonym)
        shift = known.date_shift_days if known is not None else new_date_shift()
        if labels.pseudonym != pseudonym:
            return ingest.Person(pseudonym, date_shift_days=shift)
        birth_year = None
        if labels.age_years is not None and labels.visit_date is not None:
            birth_year = int(labels.visit_date.year - labels.age_years)
        return ingest.Person(pseudonym, labels.sex, birth_year, shift)

    def _take_person_out(self, item: ImportItem, person: ingest.Person) -> datetime.date | None:
        """Make the stored copy of a DICOM film, its dates moved as all of the subject's; the moved day."""
        options: dict[str, Any] = {
            "date_shift_days": person.date_shift_days,
            "uid_key": uid_key(self.batch.project),
            "pseudonym": person.pseudonym,
        }
        result = self.inspector.inspect(item.path, item.inspection_folder / "clean", options)
        made = derived(result, item, {})
        item.found["files"] |= {role: asdict(file) for role, file in made.items()}
        captured = result.found.get("captured_on")
        return datetime.date.fromisoformat(captured) if captured else None

    def _shares(self, unit: Unit) -> list[float] | None:
        if unit.tables is None:
            return None
        if unit.tables not in self._tables:
            self._tables[unit.tables] = tables_of(unit, self.items)
        return self._tables[unit.tables].get(unit.lead.rpartition("/")[2])

    def _mark(self, unit: Unit, item: ImportItem, study: Study, stored_name: str) -> None:
        """Say on the items where they went; raises Conflict where another request was faster."""
        rows = ImportItem.objects.filter(pk=item.pk, state__in=CONFIRMABLE)
        # The name of a DICOM file often holds the patient's, and what was found is in the study now.
        names = {"name": stored_name, "group": stored_name} if item.kind == "dicom" else {}
        changed = rows.update(state=ItemState.IMPORTED, study=study, problem="", found={}, **names)
        if not changed:
            raise Conflict("This file was confirmed already.")
        parts = [self.items[part].pk for part in unit.parts]
        ImportItem.objects.filter(pk__in=parts).update(state=ItemState.IMPORTED, study=study, found={})
