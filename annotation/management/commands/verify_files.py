"""`manage.py verify_files`: read every stored file again and compare it with its hash."""

import datetime
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.actions import files
from annotation.models import StoredFile

# Bytes without a row for this long belong to nobody; younger ones may be coming in right now.
ORPHAN_AFTER = datetime.timedelta(days=1)


class Command(BaseCommand):
    help = "Find every changed, missing or unreadable byte of the file store. Exit code 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        parser.add_argument(
            "--remove-orphans", action="store_true", help="delete bytes that no row has named for a day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checked, damaged = 0, []
        for file in StoredFile.objects.order_by("pk").iterator(chunk_size=1000):
            checked += 1
            wrong = files.damage(file)
            if wrong is not None:
                damaged.append({"sha256": file.sha256, "problem": wrong})
                self._say(options, f"{file.sha256}: {wrong}")
        orphans = list(files.orphans(ORPHAN_AFTER))
        for name in orphans:
            removed = options["remove_orphans"] and files.remove_unnamed(name)
            self._say(options, f"{name}: belongs to no row{', removed' if removed else ''}")
        if options["json"]:
            found = {"checked": checked, "damaged": damaged, "orphans": orphans}
            self.stdout.write(json.dumps(found, indent=2))
        summary = f"{checked} files checked, {len(damaged)} damaged, {len(orphans)} without a row."
        if damaged or (orphans and not options["remove_orphans"]):
            raise CommandError(summary, returncode=1)
        self._say(options, summary)

    def _say(self, options: dict[str, Any], line: str) -> None:
        if not options["json"]:
            self.stdout.write(line)
