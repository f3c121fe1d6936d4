"""Pictures of a training: which are brought into the store, which are kept, which are passed over."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from annotation.actions import files
from annotation.actions.errors import StorageFull
from annotation.models import StoredFile
from inference.actions import running
from inference.actions.running import Hold
from inference.actions.samples import MOST_KEPT, collect, kept_epochs
from inference.models import TrainingJob, TrainingSample
from inference.rundir import RunDir
from tests.factories import Factory
from tests.inference.rows import training_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    """A store of the test's own: it forgets files."""
    storage = {
        "BACKEND": "annotation.models.filestore.DurableFileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files"},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.INCOMING_DIR = tmp_path / "incoming"
    return tmp_path / "files"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path / "run")


@pytest.fixture
def hold(make: Factory) -> Hold:
    held = running.claim(model=TrainingJob, pk=training_job(make).pk)
    assert held is not None
    return held


def draw(run: RunDir, epoch: int, text: str = "") -> None:
    picture = np.random.default_rng(epoch).integers(0, 256, (8, 8), dtype=np.uint8)
    run.file("samples", f"epoch-{epoch:05d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    if text:
        run.file("samples", f"epoch-{epoch:05d}.json").write_text(json.dumps({"text": text}))


def known() -> list[int]:
    return list(TrainingSample.objects.order_by("epoch").values_list("epoch", flat=True))


def test_new_pictures_are_stored_once_with_what_is_said_of_them(hold: Hold, run: RunDir) -> None:
    assert collect(hold=hold, run=run) == 0
    draw(run, 1, "back, truth, guess")
    draw(run, 2)
    assert collect(hold=hold, run=run) == 2
    assert collect(hold=hold, run=run) == 0
    first = TrainingSample.objects.get(epoch=1)
    assert (first.job_id, first.caption) == (hold.job.pk, {"text": "back, truth, guess"})
    assert files.damage(first.picture) is None
    draw(run, 3)
    assert collect(hold=hold, run=run) == 1
    assert known() == [1, 2, 3]


def test_a_long_training_keeps_a_few_from_first_to_last(hold: Hold, run: RunDir, store: Path) -> None:
    for epoch in range(1, 201):
        draw(run, epoch)
        if epoch % 3 == 0:
            collect(hold=hold, run=run)
    collect(hold=hold, run=run)
    found = known()
    assert len(found) <= MOST_KEPT
    assert (found[0], found[-1]) == (1, 200)
    assert max(b - a for a, b in pairwise(found)) <= 16
    # What was taken out of the rows is not left in the store either.
    assert StoredFile.objects.count() == len([path for path in store.rglob("*") if path.is_file()])
    assert StoredFile.objects.count() == len(found)


def test_the_kept_epochs_are_bounded_and_only_ever_get_fewer() -> None:
    assert kept_epochs([], 8) == set()
    assert kept_epochs([3], 8) == {3}
    for last in range(1, 100):
        kept = kept_epochs(list(range(1, last + 1)), 8)
        assert len(kept) <= 8
        assert {1, last} <= kept
        later = kept_epochs(list(range(1, last + 2)), 8)
        assert later - {last + 1} <= kept


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("epoch-00001.png", b"GIF89a no png"),
        ("epoch-00001.png", b"\x89PNG\r\n\x1a\n" + bytes(9 * 2**20)),
        ("epoch-x.png", b"\x89PNG\r\n\x1a\n"),
        (".epoch-00001.png.77.partial", b"\x89PNG\r\n\x1a\n"),
    ],
    ids=["no picture", "too large", "no epoch", "half written"],
)
def test_what_is_no_sample_is_passed_over(hold: Hold, run: RunDir, name: str, content: bytes) -> None:
    run.file("samples", name).write_bytes(content)
    assert collect(hold=hold, run=run) == 0
    assert not StoredFile.objects.exists()


def test_a_link_out_of_the_folder_is_not_followed(hold: Hold, run: RunDir, tmp_path: Path) -> None:
    draw(run, 2)
    (tmp_path / "secret.png").write_bytes(run.file("samples", "epoch-00002.png").read_bytes())
    run.file("samples", "epoch-00001.png").symlink_to(tmp_path / "secret.png")
    collect(hold=hold, run=run)
    assert known() == [2]


@pytest.mark.parametrize("caption", ["not json", "[]", '{"text": 3}', '{"other": "x"}'])
def test_a_caption_that_is_none_does_no_harm(hold: Hold, run: RunDir, caption: str) -> None:
    draw(run, 1)
    run.file("samples", "epoch-00001.json").write_text(caption)
    assert collect(hold=hold, run=run) == 1
    assert TrainingSample.objects.get().caption == {}


def test_a_fenced_worker_stores_nothing(hold: Hold, run: RunDir) -> None:
    draw(run, 1)
    TrainingJob.objects.filter(pk=hold.job.pk).update(token=9)
    assert collect(hold=hold, run=run) == 0
    assert not TrainingSample.objects.exists()


def test_a_full_store_costs_a_picture_and_not_the_training(
    hold: Hold, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> None:
        raise StorageFull("The file store is full.")

    draw(run, 1)
    with monkeypatch.context() as patch:
        patch.setattr(files, "put", full)
        assert collect(hold=hold, run=run) == 0
    assert collect(hold=hold, run=run) == 1


def test_a_picture_that_another_row_names_is_not_forgotten(make: Factory, hold: Hold, run: RunDir) -> None:
    draw(run, 1)
    collect(hold=hold, run=run)
    picture = TrainingSample.objects.get().picture
    other = training_job(make)
    TrainingSample.objects.create(job=other, epoch=1, picture=picture)
    TrainingSample.objects.filter(job_id=hold.job.pk).delete()
    assert not files.forget(picture)
    assert files.damage(picture) is None
    TrainingSample.objects.all().delete()
    assert files.forget(picture)
    assert not StoredFile.objects.exists()
