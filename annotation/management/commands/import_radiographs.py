"""`manage.py import_radiographs`: a folder of X-rays into a project."""

import datetime
from pathlib import PurePosixPath
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

SIDES = {"image-left": "image_left", "image-right": "image_right"}


class Command(BaseCommand):
    help = (
        "Import a folder of X-rays. aasce: the layout of the AASCE challenge, with its landmarks; subjects, "
        "days and visits come from the file names. folder: PNG, JPEG or TIFF, one folder per subject. dicom: "
        "the same for DICOM files, de-identified on the way in; their days come from the files, moved per "
        "subject. Run it again after an interruption: what is there already is recognised."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_common_arguments(parser)
        parser.add_argument("--layout", required=True, choices=["aasce", "folder", "dicom"])
        parser.add_argument(
            "--patient-right",
            choices=[*SIDES, "unknown"],
            default="unknown",
            help="where the patient's right lies in these pictures: you confirm it for all of them. Without "
            "it the sides wait to be confirmed; AASCE films are then taken to have the patient's right at "
            "image left, as their hearts at image right say",
        )
        parser.add_argument("--date", type=datetime.date.fromisoformat, help="the day of visit for all (ISO)")
        parser.add_argument("--limit", type=int, default=0, help="import only the first so many pictures")

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_named(options["project"])
        user = user_named(options["user"], project)
        self.layout, self.date = options["layout"], options["date"]
        self.side = SIDES.get(options["patient_right"], "")
        if self.layout == "folder" and self.date is None:
            raise CommandError("PNG, JPEG and TIFF files have no date: give the day of visit with --date.")
        named = list(files_under(options["folder"]))
        if options["limit"]:
            tables = [entry for entry in named if entry[0].lower().endswith(".csv")]
            named = tables + [entry for entry in named if entry not in tables][: options["limit"]]
        if self.layout == "aasce" and not {"filenames.csv", "landmarks.csv"} <= {name for name, _ in named}:
            raise CommandError("The AASCE layout needs filenames.csv and landmarks.csv in the folder.")
        outcome = import_folder(
            user=user, project=project, named=named, answer_for=self._answer, out=self.stdout
        )
        for name, problem in outcome.refused:
            self.stderr.write(f"{name}: {problem}")
        if outcome.refused:
            raise CommandError(outcome.summary)
        self.stdout.write(outcome.summary)

    def _answer(self, item: ImportItem) -> Answer:
        found = item.found["wire"]
        path = PurePosixPath(item.name)
        in_folder = path.parent.name if str(path.parent) != "." else path.stem
        date = found["visit_date"]
        return Answer(
            item=item.pk,
            subject=found["subject"] or in_folder,
            visit_date=self.date or (datetime.date.fromisoformat(date) if date else None),
            side=self.side,
        )
