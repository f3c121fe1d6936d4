"""Every route of the inference app."""

from django.urls import path

from inference import pages
from inference.api import (
    entries,
    jobs,
    predictions,
    recipes,
    refusals,
    samples,
    shipped,
    snapshots,
    surveys,
    uses,
    versions,
)
from inference.consumers import Jobs

_pages = [
    path("training/", pages.training),
    path("training/compare/", pages.compare),
    path("training/<uuid:job_id>/", pages.training_job),
    path("snapshots/<uuid:snapshot_id>/", pages.snapshot),
    path("snapshots/<uuid:snapshot_id>/difference/", pages.snapshot_difference),
    path("models/", pages.models),
    path("models/<uuid:version_id>/", pages.model),
]

_api = [
    path("recipes", recipes.Recipes.as_view()),
    path("snapshots", snapshots.Snapshots.as_view()),
    path("snapshots/preview", snapshots.SnapshotPreview.as_view()),
    path("snapshots/<uuid:snapshot_id>", snapshots.OneSnapshot.as_view()),
    path("snapshots/<uuid:snapshot_id>/survey", surveys.SnapshotSurvey.as_view()),
    path("snapshots/<uuid:snapshot_id>/entries", entries.SnapshotEntries.as_view()),
    path("snapshots/<uuid:snapshot_id>/difference", entries.SnapshotDifference.as_view()),
    path("subjects/<uuid:subject_id>/uses", uses.SubjectUses.as_view()),
    path("projects/<uuid:project_id>/withdrawn-uses", uses.WithdrawnUses.as_view()),
    path("training-jobs", jobs.TrainingJobs.as_view()),
    path("training-jobs/<uuid:job_id>", jobs.OneTrainingJob.as_view()),
    path("training-jobs/<uuid:job_id>/cancel", jobs.CancelTrainingJob.as_view()),
    path("training-jobs/<uuid:job_id>/resume", jobs.ResumeTrainingJob.as_view()),
    path("training-jobs/<uuid:job_id>/log", jobs.TrainingJobLog.as_view()),
    path("training-jobs/<uuid:job_id>/curve", jobs.TrainingJobCurve.as_view()),
    path("training-jobs/<uuid:job_id>/samples", samples.TrainingSamples.as_view()),
    path("training-jobs/<uuid:job_id>/samples/<int:epoch>", samples.TrainingSamplePicture.as_view()),
    path("inference-jobs", jobs.InferenceJobs.as_view()),
    path("inference-jobs/<uuid:job_id>", jobs.OneInferenceJob.as_view()),
    path("inference-jobs/<uuid:job_id>/cancel", jobs.CancelInferenceJob.as_view()),
    path("landmark-sets/<uuid:set_id>/prediction", predictions.SetPrediction.as_view()),
    path("refusals", refusals.Refusals.as_view()),
    path("shipped-models", shipped.ShippedModels.as_view()),
    path("model-versions", versions.ModelVersions.as_view()),
    path("model-versions/<uuid:version_id>", versions.OneModelVersion.as_view()),
    path("model-versions/<uuid:version_id>/card", versions.ModelCard.as_view()),
    path("model-versions/<uuid:version_id>/promote", versions.PromoteModelVersion.as_view()),
    path("model-versions/<uuid:version_id>/retire", versions.RetireModelVersion.as_view()),
]

urlpatterns = [
    *_pages,
    *(path("api/v1/" + str(route.pattern), route.callback, name=route.name) for route in _api),
]
websocket_urlpatterns = [path("ws/v1/jobs/", Jobs.as_asgi())]
