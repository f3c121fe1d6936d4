"""Copies of checkpoints for machines that share no disk."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from inference.actions import checkpoints
from inference.rundir import RunDir

JOB = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "checkpoints": {
            "BACKEND": "annotation.models.filestore.DurableFileSystemStorage",
            "OPTIONS": {"location": tmp_path / "copies"},
        },
    }
    return tmp_path / "copies" / str(JOB)


def trained(run: RunDir, epoch: int) -> None:
    """What a loop leaves after an epoch."""
    run.replace("best.safetensors", lambda path: _write(path, f"best of {epoch}"))
    run.save_checkpoint(epoch, lambda path: _write(path, f"epoch {epoch}"))


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def test_another_machine_takes_up_the_newest(tmp_path: Path, store: Path) -> None:
    here, there = RunDir(tmp_path / "here"), RunDir(tmp_path / "there")
    assert checkpoints.fetch(JOB, there) is None
    for epoch in (1, 2, 3):
        trained(here, epoch)
        checkpoints.keep(JOB, here)
    assert sorted(path.name[:11] for path in store.iterdir()) == [
        "best-00002-", "best-00003-", "epoch-00002", "epoch-00003",
    ]  # fmt: skip
    assert checkpoints.fetch(JOB, there) == 3
    assert (there.path / "best.safetensors").read_text() == "best of 3"
    found = there.last_checkpoint()
    assert found is not None
    assert (found[0], found[1].read_text()) == (3, "epoch 3")
    # It has all of it now; and what it makes itself is newer than the copy.
    assert checkpoints.fetch(JOB, there) is None
    trained(there, 4)
    assert checkpoints.fetch(JOB, there) is None
    assert checkpoints.held() == [JOB]
    checkpoints.forget(JOB)
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("harm", ["changed", "best is missing"])
def test_a_copy_that_is_not_whole_is_passed_over(tmp_path: Path, store: Path, harm: str) -> None:
    here, there = RunDir(tmp_path / "here"), RunDir(tmp_path / "there")
    for epoch in (1, 2):
        trained(here, epoch)
        checkpoints.keep(JOB, here)
    if harm == "changed":
        next(store.glob("epoch-00002-*")).write_text("half")
    else:
        next(store.glob("best-00002-*")).unlink()
    assert checkpoints.fetch(JOB, there) == 1
    assert (there.path / "best.safetensors").read_text() == "best of 1"


def test_without_a_store_nothing_is_copied(tmp_path: Path, settings: Any) -> None:
    settings.STORAGES = {name: value for name, value in settings.STORAGES.items() if name != "checkpoints"}
    run = RunDir(tmp_path / "run")
    trained(run, 1)
    checkpoints.keep(JOB, run)
    assert checkpoints.fetch(JOB, RunDir(tmp_path / "other")) is None
    assert checkpoints.held() == []


def test_a_store_that_fails_costs_the_copy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(job: uuid.UUID, run: RunDir) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "keep", full)
    keeper = checkpoints.Keeper(JOB, RunDir(tmp_path / "run"))
    keeper.epoch_ended()
    keeper.close()
    assert "its checkpoint was not copied: [Errno 28]" in caplog.text
