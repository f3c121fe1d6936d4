"""Filling run folders from a store that lost or damaged what it should hold."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from annotation.models import Image, StoredFile
from annotation.models.images import Calibration
from inference.actions import jobs, materials, snapshots
from inference.models import TrainingJob
from inference.recipes.catalogue import RECIPES
from inference.rundir import RunDir, RunError
from tests.factories import Factory
from tests.inference.labelled import labelled_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(make: Factory, settings: Any, tmp_path: Path) -> TrainingJob:
    """Its files lie in a store of its own, to be damaged."""
    storage = {
        "BACKEND": "annotation.models.filestore.DurableFileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files"},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    project, admin = labelled_project(make, images=3)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    return jobs.start_training(actor=admin, snapshot=snapshot, recipe=RECIPES["back-trial"], name="Backs")


def stored(job: TrainingJob, name: str) -> Path:
    """Where the store keeps the colour or depth of the snapshot's first image."""
    file = StoredFile.objects.get(pk=job.snapshot.entries[0][name])
    return Path(default_storage.path(file.storage_name))


def test_every_file_is_followed_by_a_sign_of_life(job: TrainingJob, tmp_path: Path) -> None:
    ticks: list[int] = []
    materials.prepare_training(job, RunDir(tmp_path / "run"), lambda: ticks.append(1))
    assert len(ticks) == len(RunDir(tmp_path / "run").cases()) == 3


@pytest.mark.parametrize("name", ["colour", "depth"])
def test_what_the_store_has_lost_is_named(job: TrainingJob, tmp_path: Path, name: str) -> None:
    path = stored(job, name)
    path.unlink()
    with pytest.raises(RunError, match=f"has lost {path.name[:12]}"):
        materials.prepare_training(job, RunDir(tmp_path / "run"), lambda: None)


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8bnot gzip", gzip.compress(bytes(1000))[:-6], b"\x1f\x8b\x08" + bytes(60)],
    # Not by content: gzip writes the time into it, and parallel runs name their tests alike.
    ids=["no gzip", "cut off", "zeros"],
)
def test_a_depth_map_that_does_not_unpack_is_named(job: TrainingJob, tmp_path: Path, content: bytes) -> None:
    path = stored(job, "depth")
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"{path.name[:12]} of the store is damaged"):
        materials.prepare_training(job, RunDir(tmp_path / "run"), lambda: None)


def test_pixels_are_sized_by_depth_and_camera_or_by_calibration(job: TrainingJob, tmp_path: Path) -> None:
    first, second, third = (Image.objects.get(pk=entry["image"]) for entry in job.snapshot.entries)
    first.camera = {"fx": 600.0}
    first.save()
    second.spacing_row_mm = second.spacing_col_mm = 0.5
    second.calibration = Calibration.KNOWN_LENGTH
    second.save()
    run = RunDir(tmp_path / "run")
    materials.prepare_training(job, run, lambda: None)
    sizes = run.spec()["mm_per_px"]
    # The made-up backs stand at 1500 mm and slant by half a mm for each pixel.
    assert sizes == {str(first.pk): pytest.approx(2.54, abs=0.03), str(second.pk): 0.5}
    assert str(third.pk) not in sizes  # its camera is not known
