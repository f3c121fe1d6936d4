"""From labelled images to landmarks placed by a model: freeze, train, promote, predict; real programs."""

import pytest

from annotation.models import LandmarkSet
from inference import tasks
from inference.actions import jobs, snapshots, versions
from inference.models import InferenceJob, JobState, ModelVersion, Prediction, TrainingJob
from inference.recipes.catalogue import RECIPES
from tests.factories import Factory
from tests.inference.labelled import labelled_project

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_project_learns_to_place_landmarks(make: Factory) -> None:
    project, admin = labelled_project(make)
    snapshot = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    job = jobs.start_training(actor=admin, snapshot=snapshot, recipe=RECIPES["back-trial"], name="Backs")

    tasks.train(str(job.pk))

    job = TrainingJob.objects.get(pk=job.pk)
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    assert [entry["epoch"] for entry in job.history] == [1, 2]
    assert job.progress is not None
    assert job.progress["epoch"] == 2
    assert "images to train on" in job.log
    version = ModelVersion.objects.get(job=job)
    assert version.label == "Backs #1"
    assert version.metrics["metrics"]["validation"]["points"] == 6
    assert version.snapshot == snapshot

    # The message comes a second time: nothing happens.
    tasks.train(str(job.pk))
    assert ModelVersion.objects.count() == 1
    assert TrainingJob.objects.get(pk=job.pk).token == 1

    versions.promote(actor=admin, version=version)
    run = jobs.start_inference(actor=admin, version=version)
    assert len(run.images) == 8
    tasks.predict(str(run.pk))

    assert InferenceJob.objects.get(pk=run.pk).state == JobState.SUCCEEDED
    placed = LandmarkSet.objects.filter(author=None, model_label="Backs #1")
    assert placed.count() == 8
    assert Prediction.objects.filter(landmark_set__in=placed, model_version=version, job=run).count() == 8
    assert all(row.complete and row.revision == 1 for row in placed)
    for prediction in Prediction.objects.filter(job=run):
        assert all(len(covariance) == 3 for covariance in prediction.covariance_px2.values())
        assert {*prediction.covariance_px2} <= {*prediction.confidence}
    assert jobs.unseen_images(version) == []
