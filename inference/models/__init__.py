"""The rows of the inference app: dataset snapshots, jobs, model versions and their predictions.

A job's row is the truth of it; a message only rings a bell. Django finds models through this package, so it
is the one `__init__` with imports.
"""

from inference.models.jobs import InferenceJob, JobState, TrainingJob
from inference.models.samples import TrainingSample
from inference.models.snapshots import DatasetSnapshot
from inference.models.surveys import SurveyJob
from inference.models.versions import ModelVersion, Prediction, Refusal, SyntheticFilm, VersionState

__all__ = [
    "DatasetSnapshot",
    "InferenceJob",
    "JobState",
    "ModelVersion",
    "Prediction",
    "Refusal",
    "SurveyJob",
    "SyntheticFilm",
    "TrainingJob",
    "TrainingSample",
    "VersionState",
]
