"""What a model version says of the landmark sets it placed."""

from typing import TypedDict, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint
from annotation.api.landmarks import visible_set
from annotation.api.wiretypes import wire
from annotation.permissions import Capability, InProject
from inference.models import Prediction


class PredictingVersionWire(TypedDict):
    id: str
    label: str
    state: str


class DoubtWire(TypedDict):
    levels: list[str]
    text: str


class CurveDoubtWire(TypedDict):
    upper_level: str
    lower_level: str
    doubt_deg: float


class PredictionWire(TypedDict):
    set: str
    revision: int
    model_version: PredictingVersionWire
    confidence: dict[str, float]
    covariance_px2: dict[str, list[float]]
    doubts: list[DoubtWire]
    abstains: str
    major_doubt_deg: float | None
    curve_doubts: list[CurveDoubtWire]


class SetPrediction(Endpoint):
    """How sure the network was of the newest points of its set; 404 for a set that no model placed.

    By name of the point: `confidence` is the height of the heatmap's peak (targets are 1 high),
    `covariance_px2` is [xx, xy, yy] in stored pixels, by the version's own word: scaled to its errors on
    validation cases where its training measured them, else the spread of its heatmap and not calibrated.
    `doubts` are sentences for whoever looks at the points, with the vertebrae they are about;
    `major_doubt_deg` is half of the 90 % interval of the largest of the challenge's angles, `curve_doubts`
    the same of each clinical curve, by its end vertebrae, and `abstains` says, where it is not empty, why no
    angle is to be read off the points.
    """

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(PredictionWire))
    def get(self, request: Request, set_id: str) -> Response:
        landmark_set = visible_set(self, request, set_id)
        row = Prediction.objects.select_related("model_version").filter(landmark_set=landmark_set).first()
        if row is None:
            self.missing()
        answer: PredictionWire = {
            "set": str(landmark_set.pk),
            "revision": landmark_set.revision,
            "model_version": {
                "id": str(row.model_version_id),
                "label": row.model_version.label,
                "state": row.model_version.state,
            },
            "confidence": row.confidence,
            "covariance_px2": row.covariance_px2,
            "doubts": cast("list[DoubtWire]", row.doubts),
            "abstains": landmark_set.revisions.get(number=landmark_set.revision).abstains,
            "major_doubt_deg": row.major_doubt_deg,
            "curve_doubts": cast("list[CurveDoubtWire]", row.curve_doubts),
        }
        return Response(answer)
