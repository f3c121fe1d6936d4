"""Rows of the inference app for tests."""

from typing import Any

from django.utils import timezone

from annotation.models import Project
from inference.models import DatasetSnapshot, JobState, ModelVersion, TrainingJob
from inference.models.versions import digest_of_origin
from inference.recipes import RECIPES
from tests.factories import Factory

SCORES = {
    "images": 2,
    "points": 12,
    "loss": 0.01,
    "error_px_mean": 3.0,
    "error_px_median": 2.5,
    "error_px_p90": 5.0,
    "error_px_p95": 6.0,
    "heatmap_mse": 0.001,
    "heatmap_mse_of_empty_map": 0.012,
    "error_px_by_point": {"C7": 2.0},
}


def snapshot(make: Factory, project: Project) -> DatasetSnapshot:
    """An empty snapshot: enough for rows that only name one."""
    number = DatasetSnapshot.objects.count()
    manifest: dict[str, Any] = {"schema": {}, "target": "back", "seed": 1, "entries": []}
    counts = dict.fromkeys(("subjects", "images", "with_depth", "train", "validation", "test"), 0)
    return DatasetSnapshot.objects.create(
        project=project,
        name=f"snapshot {number}",
        schema="back6",
        target="back",
        seed=1,
        manifest=manifest,
        digest=DatasetSnapshot.digest_of(manifest),
        counts=counts,
        created_by=make.user(),
    )


def training_job(make: Factory, project: Project | None = None, **fields: Any) -> TrainingJob:
    project = project or make.project()
    return TrainingJob.objects.create(
        project=project,
        name="Backs",
        snapshot=snapshot(make, project),
        recipe=RECIPES["back-trial"].to_dict(),
        created_by=make.user(),
        **fields,
    )


def model_version(make: Factory, project: Project) -> ModelVersion:
    """A candidate with its whole origin."""
    now = timezone.now()
    done = {"started_at": now, "finished_at": now, "attempt": 1, "token": 1}
    job = training_job(make, project, state=JobState.SUCCEEDED, **done)
    version = ModelVersion(
        project=project,
        name="Backs",
        number=ModelVersion.objects.filter(project=project).count() + 1,
        schema="back6",
        target="back",
        architecture="unet",
        recipe=job.recipe,
        snapshot=job.snapshot,
        job=job,
        commit="0" * 40,
        seed=1,
        metrics={
            "metrics": {"validation": SCORES},
            "parameters": 1000,
            "best_epoch": 2,
            "epochs": 2,
            "seconds": 1.0,
            "device": "cpu",
        },
        weights=make.stored(f"weights {job.pk}".encode(), "application/vnd.safetensors"),
    )
    version.digest = digest_of_origin(version)
    version.save()
    return version
