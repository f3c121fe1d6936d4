"""Rows of the inference app for tests."""

from typing import Any

from django.utils import timezone

from annotation.actions.landmarks import save_prediction
from annotation.models import Image, LandmarkSet, Project
from inference.models import (
    DatasetSnapshot,
    InferenceJob,
    JobState,
    ModelVersion,
    Prediction,
    Refusal,
    SurveyJob,
    TrainingJob,
    TrainingSample,
)
from inference.models.versions import digest_of_origin
from inference.recipes.catalogue import RECIPES
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


def frozen_of(version: ModelVersion) -> DatasetSnapshot:
    """What a version was trained on; those that come with the program have none."""
    assert version.snapshot is not None
    return version.snapshot


def survey(make: Factory, frozen: DatasetSnapshot, **fields: Any) -> SurveyJob:
    """A survey that is done, without numbers unless they are given."""
    now = timezone.now()
    done = {"state": JobState.SUCCEEDED, "started_at": now, "finished_at": now, "attempt": 1, "token": 1}
    return SurveyJob.objects.create(
        project=frozen.project, name="Survey", snapshot=frozen, created_by=make.user(), **{**done, **fields}
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


def sample(make: Factory, job: TrainingJob, epoch: int = 1, text: str = "") -> TrainingSample:
    return TrainingSample.objects.create(
        job=job, epoch=epoch, picture=make.picture(), caption={"text": text} if text else {}
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


def prediction(version: ModelVersion, image: Image) -> Prediction:
    """C7 as the version places it on an image, with its doubt."""
    point = {"name": "C7", "x": 3.0, "y": 4.0, "state": "placed"}
    placed = save_prediction(image=image, schema="back6", points=[point], model_label=version.label)
    return said_of(placed, version, {"C7": [9.0, -1.5, 4.0]})


def said_of(
    placed: LandmarkSet, version: ModelVersion, covariance_px2: dict[str, list[float]], **told: Any
) -> Prediction:
    """A version's word on a set that it placed."""
    job = InferenceJob.objects.create(
        project=version.project, name="Predict", model_version=version, images=[]
    )
    return Prediction.objects.create(
        landmark_set=placed,
        model_version=version,
        job=job,
        confidence=dict.fromkeys(covariance_px2, 0.8),
        covariance_px2=covariance_px2,
        **told,
    )


def refusal(version: ModelVersion, image: Image, reason: str = "The picture is blank.") -> Refusal:
    """A run in which the version gave no proposal for an image."""
    now = timezone.now()
    job = InferenceJob.objects.create(
        project=version.project,
        name="Predict",
        model_version=version,
        images=[str(image.pk)],
        state=JobState.SUCCEEDED,
        started_at=now,
        finished_at=now,
        attempt=1,
        token=1,
    )
    return Refusal.objects.create(image=image, model_version=version, job=job, reason=reason)
