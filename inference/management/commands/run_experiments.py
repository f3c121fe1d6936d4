"""`manage.py run_experiments TABLE --snapshot NAME --out OUT`: a table of the report, on a snapshot."""

import subprocess
import sys
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.actions.materials import prepare_training
from inference.experiments.tables import TABLES
from inference.models import DatasetSnapshot, TrainingJob
from inference.recipes import synthesis
from inference.rundir import RunDir, RunError


class Command(BaseCommand):
    help = (
        "Train every row of a table of the report of 2020 on a frozen snapshot of pairs, and write the table "
        "with our figures beside the report's. An interrupted call goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", type=int, choices=sorted(TABLES))
        parser.add_argument("--snapshot", required=True, help="name or id of a snapshot of pairs")
        parser.add_argument(
            "--out", type=Path, required=True, help="where rows are trained and the table goes"
        )
        parser.add_argument("--small", action="store_true", help="small networks and few epochs, for a CPU")
        parser.add_argument("--pretrained", type=Path, help="ImageNet weights of HRNetV2-W18, safetensors")
        parser.add_argument("--reader", type=Path, help="weights of a network of vertebral corners")

    def handle(self, *args: Any, **options: Any) -> None:
        snapshot = _snapshot(options["snapshot"])
        if snapshot.target != "pair":
            raise CommandError(f"{snapshot.name} holds no pairs of backs and films; freeze one that does.")
        data = RunDir(options["out"] / "pairs")
        if not (data.path / "spec.json").exists():
            # A job that is never saved: only its folder is wanted.
            job = TrainingJob(project=snapshot.project, snapshot=snapshot, recipe=synthesis.PAPER.to_dict())
            try:
                prepare_training(job, data, tick=lambda: None)
            except RunError as error:
                raise CommandError(str(error)) from error
        elif data.spec()["snapshot_digest"] != snapshot.digest:
            raise CommandError(f"{options['out']} holds rows of another snapshot; give another --out.")
        command = [sys.executable, "-m", "inference.experiments", str(options["table"])]
        command += [str(data.path), str(options["out"]), *(["--small"] if options["small"] else [])]
        for name in ("pretrained", "reader"):
            command += [f"--{name}", str(options[name])] if options[name] else []
        if start(command):
            raise CommandError("Some rows were not trained; what was is in the table.")


def start(command: list[str]) -> int:
    """Run the experiments, as a program of its own: this one must not load torch beside Django."""
    return subprocess.run(command, check=False).returncode  # noqa: S603


def _snapshot(named: str) -> DatasetSnapshot:
    rows = DatasetSnapshot.objects.filter(name=named)
    if not rows:
        try:
            rows = DatasetSnapshot.objects.filter(pk=uuid.UUID(named))
        except ValueError:
            rows = DatasetSnapshot.objects.none()
    found = list(rows[:2])
    if not found:
        raise CommandError(f"There is no snapshot {named!r}.")
    if len(found) > 1:
        raise CommandError(f"Several projects have a snapshot {named!r}; give its id.")
    return found[0]
