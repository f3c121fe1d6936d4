"""`manage.py install_models`: make the models that come with the program versions of a project."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.models import Project
from inference.actions import shipping
from inference.shipped import all_shipped


class Command(BaseCommand):
    help = (
        "Take the models that come with the program into a project. One is put to use at once where the "
        "project has no other for its purpose; a model that is there already is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's name")
        parser.add_argument("names", nargs="*", help="which models (default: all)")

    def handle(self, *args: Any, project: str, names: list[str], **options: Any) -> None:
        row = Project.objects.filter(name=project, deleted_at=None).first()
        if row is None:
            raise CommandError(f"There is no project {project!r}.")
        known = {each.name: each for each in all_shipped()}
        for name in names:
            if name not in known:
                raise CommandError(f"No model comes as {name!r}; there are: {', '.join(known) or 'none'}.")
        for name in names or known:
            version = shipping.install(actor=None, project=row, shipped=known[name])
            self.stdout.write(f"{name}: {version.label}, {version.state}")
