"""`manage.py import_studies`: study folders as the phantom writes them, into a project."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.actions.confirmation import Answer
from annotation.management.bulkimport import (
    add_common_arguments,
    files_under,
    import_folder,
    project_named,
    user_named,
)
from annotation.models import ImportItem


class Command(BaseCommand):
    help = (
        "Import study folders: colour and depth with camera.json, an X-ray, or both, and labels.json, which "
        "names subject and day. Run it again after an interruption: what is there already is recognised."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_common_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_named(options["project"])
        user = user_named(options["user"], project)
        outcome = import_folder(
            user=user,
            project=project,
            named=list(files_under(options["folder"])),
            answer_for=_answer,
            out=self.stdout,
        )
        for name, problem in outcome.refused:
            self.stderr.write(f"{name}: {problem}")
        if outcome.refused:
            raise CommandError(outcome.summary)
        self.stdout.write(outcome.summary)


def _answer(item: ImportItem) -> Answer:
    found = item.found["wire"]
    date = found["visit_date"]
    return Answer(
        item=item.pk,
        subject=found["subject"],
        visit_date=datetime.date.fromisoformat(date) if date else None,
    )
