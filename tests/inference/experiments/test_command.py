"""`manage.py run_experiments`: a snapshot becomes the folder that the experiments run on."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.actions.pairs import freeze_pairs
from inference.management.commands import run_experiments
from inference.models import DatasetSnapshot
from inference.rundir import RunDir
from tests.factories import Factory
from tests.inference.labelled import labelled_back
from tests.inference.rows import snapshot as snapshot_of_backs

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(make: Factory) -> DatasetSnapshot:
    project = make.project()
    admin = make.member(project, "admin")
    for seed in range(3):
        back = labelled_back(make, project, admin, seed=seed)
        make.landmarks(admin, make.radiograph(back.study), "xray2")
    return freeze_pairs(actor=admin, project=project, name="pairs", schema="back6", seed=1)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that would have been started."""
    commands: list[list[str]] = []

    def start(command: list[str]) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(run_experiments, "start", start)
    return commands


@pytest.mark.parametrize("by", ["name", "id"])
def test_the_snapshot_is_laid_out_and_the_program_started(
    frozen: DatasetSnapshot, started: list[list[str]], tmp_path: Path, by: str
) -> None:
    named = frozen.name if by == "name" else str(frozen.pk)
    call_command("run_experiments", "9", snapshot=named, out=tmp_path / "out", small=True)
    data = RunDir(tmp_path / "out" / "pairs")
    assert len(data.cases()) == 3
    assert all(case.film is not None and case.depth is not None for case in data.cases())
    [command] = started
    assert command[2:] == ["inference.experiments", "9", str(data.path), str(tmp_path / "out"), "--small"]
    call_command("run_experiments", "4", snapshot=named, out=tmp_path / "out")
    assert started[1][-1] == str(tmp_path / "out")


def test_what_cannot_be_run_is_said(
    make: Factory, frozen: DatasetSnapshot, started: list[list[str]], tmp_path: Path
) -> None:
    def said(named: str) -> str:
        with pytest.raises(CommandError) as caught:
            call_command("run_experiments", "9", snapshot=named, out=tmp_path / "out")
        return str(caught.value)

    backs = snapshot_of_backs(make, make.project())
    assert "holds no pairs of backs and films" in said(str(backs.pk))
    assert "There is no snapshot 'nothing'" in said("nothing")
    call_command("run_experiments", "9", snapshot="pairs", out=tmp_path / "out")
    DatasetSnapshot.objects.filter(pk=frozen.pk).update(digest="0" * 64)
    assert "rows of another snapshot" in said("pairs")
    assert len(started) == 1
