"""Which run folders are removed, and which never."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.models import Image, Subject
from annotation.models.cohort import Consent
from inference.actions import jobs, materials, running, runs, snapshots
from inference.models import InferenceJob, JobState, ModelVersion, TrainingJob
from inference.recipes.catalogue import RECIPES
from inference.tasks import prune_runs
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import model_version, training_job

pytestmark = pytest.mark.django_db
LONG_AGO = datetime.timedelta(days=31)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Folders and a store of the test's own: it loses files."""
    settings.RUNS_DIR, settings.RUNS_KEPT_DAYS = tmp_path / "runs", 30
    storage = {
        "BACKEND": "annotation.models.filestore.DurableFileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files"},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    return tmp_path / "runs"


def with_folder(job: Any) -> Any:
    materials.run_of(job).append_progress({"kind": "step"})
    return job


def ended(job: Any, *, ago: datetime.timedelta = LONG_AGO) -> Any:
    """The job, failed some time ago, with its folder."""
    moment = timezone.now() - ago
    done = {"state": JobState.FAILED, "error": "x", "started_at": moment, "finished_at": moment}
    type(job).objects.filter(pk=job.pk).update(**done)
    return with_folder(job)


def inference_job(make: Factory, version: ModelVersion, images: list[Image]) -> InferenceJob:
    return InferenceJob.objects.create(
        project=version.project,
        name="run",
        model_version=version,
        images=[str(image.pk) for image in images],
        created_by=make.user(),
    )


def test_the_folder_goes_when_its_time_is_over_and_the_rows_stay(make: Factory, folder: Path) -> None:
    project = make.project()
    version = model_version(make, project)
    old, young = ended(training_job(make)), ended(training_job(make), ago=datetime.timedelta(days=29))
    placed = ended(inference_job(make, version, []))
    assert prune_runs() == 2
    assert [path.name for path in folder.iterdir()] == [str(young.pk)]
    assert TrainingJob.objects.filter(pk=old.pk).exists()
    assert InferenceJob.objects.filter(pk=placed.pk).exists()
    assert prune_runs() == 0


def test_what_may_still_be_needed_stays(make: Factory, folder: Path) -> None:
    pending = with_folder(training_job(make))
    TrainingJob.objects.filter(pk=pending.pk).update(created_at=timezone.now() - LONG_AGO)
    running_job = with_folder(training_job(make))
    assert running.claim(model=TrainingJob, pk=running_job.pk) is not None
    TrainingJob.objects.filter(pk=running_job.pk).update(started_at=timezone.now() - LONG_AGO)
    # Not of this database, and not a run's at all.
    (folder / "11111111-2222-4333-8444-555555555555").mkdir()
    (folder / "my-own-trial").mkdir()
    assert runs.prune() == 0
    assert len(list(folder.iterdir())) == 4


def test_the_only_copy_of_a_models_weights_is_kept(
    make: Factory, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = model_version(make, make.project())
    with_folder(version.job)
    TrainingJob.objects.filter(pk=version.job.pk).update(finished_at=timezone.now() - LONG_AGO)
    weights = Path(default_storage.path(version.weights.storage_name))
    content = weights.read_bytes()
    weights.unlink()
    assert runs.prune() == 0
    assert "lost or damaged its weights" in caplog.text
    weights.write_bytes(content[:-1])
    assert runs.prune() == 0
    weights.write_bytes(content)
    assert runs.prune() == 1
    assert list(folder.iterdir()) == []


def test_pictures_of_who_withdrew_go_at_once(make: Factory, folder: Path) -> None:
    project, admin = labelled_project(make, images=4)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    training = jobs.start_training(actor=admin, snapshot=snapshot, recipe=RECIPES["back-trial"], name="Backs")
    images = list(Image.objects.filter(project=project, kind="colour"))
    placed = inference_job(make, model_version(make, project), images[:1])
    other = inference_job(make, placed.model_version, images[1:])
    for job in (training, placed, other):
        ended(job, ago=datetime.timedelta(minutes=1))
    at_work = with_folder(inference_job(make, placed.model_version, images[:1]))
    assert runs.prune() == 0
    subject = Subject.objects.get(studies__images=images[0])
    Subject.objects.filter(pk=subject.pk).update(consent=Consent.WITHDRAWN)
    assert runs.prune() == 2
    assert {path.name for path in folder.iterdir()} == {str(other.pk), str(at_work.pk)}


def test_a_folder_that_cannot_be_removed_is_named(
    make: Factory, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ended(training_job(make))
    monkeypatch.setattr(runs.shutil, "rmtree", lambda *_, **__: None)
    assert runs.prune() == 0
    assert f"{job.pk} cannot be removed" in caplog.text


def test_a_job_that_somebody_resumes_meanwhile_keeps_its_folder(
    make: Factory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ended(training_job(make))
    safe = runs._has_safe_weights

    def resumed(found: Any) -> bool:
        jobs.resume_training(actor=job.created_by, job=job)
        return safe(found)

    monkeypatch.setattr(runs, "_has_safe_weights", resumed)
    assert runs.prune() == 0
    assert (folder / str(job.pk)).exists()
