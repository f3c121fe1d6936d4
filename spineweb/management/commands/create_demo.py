"""`manage.py create_demo`: the demo accounts, their project, and studies of simulated children.

May be run again: what is there already is left as it is.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from spineweb import demo


class Command(BaseCommand):
    help = "Make the demo accounts, project and studies of this installation; what exists is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=12, help="how many simulated children (default 12)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same children")

    def handle(self, *args: Any, count: int, seed: int, **options: Any) -> None:
        data = Path(settings.DATA_DIR)
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if made := demo.make_accounts(data):
            self.stdout.write(
                f"Demo accounts made: {', '.join(made)} (passwords: {demo.accounts_file(data)})"
            )
        demo.make_project()
        if models := demo.take_in_models():
            self.stdout.write(f"Demo models: {', '.join(models)}")
        self.stdout.write(f"Demo studies: simulating {count} children ...")
        folder = data / "demo-studies"
        self._simulate(folder, count, seed)
        demo.leave_work(folder)
        self.stdout.write("Demo studies: importing them ...")
        call_command("import_studies", str(folder), project=demo.PROJECT, user="admin", stdout=self.stdout)
        demo.read_films(count // 4)
        # Not before: an interrupted run goes on with what it has simulated.
        shutil.rmtree(folder)
        demo.pending_file(data).unlink(missing_ok=True)
        self.stdout.write(f"Demo studies: {count} studies are in the project {demo.PROJECT!r}.")

    def _simulate(self, folder: Path, count: int, seed: int) -> None:
        argv = [sys.executable, "-m", "inference.phantom", str(folder), "--count", str(count)]
        done = subprocess.run(  # noqa: S603
            [*argv, "--seed", str(seed)], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CommandError(f"The children could not be simulated:\n{done.stderr[-2000:]}")
