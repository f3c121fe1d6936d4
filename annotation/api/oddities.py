"""Vertebrae of a labelled column that a person should look at again."""

from typing import TypedDict

import numpy as np
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint
from annotation.api.landmarks import visible_set
from annotation.api.wiretypes import wire
from annotation.models import LandmarkSet
from annotation.permissions import Capability, InProject
from annotation.spine.levels import spine_levels
from annotation.spine.shape import oddities, told

_LEVELS = [str(level) for level in spine_levels()]
_CORNERS = ("TL", "TR", "BL", "BR")


class OddityWire(TypedDict):
    levels: list[str]
    text: str


class OdditiesWire(TypedDict):
    set: str
    revision: int
    # Only columns with all four corners of T1 to L5, and neither T13 nor L6, can be judged.
    judged: bool
    oddities: list[OddityWire]


class SetOddities(Endpoint):
    """Vertebrae of the newest points of a set that do not look as in other columns: passed over,
    named twice, of an unusual shape (see `annotation.spine.shape`). Never a reason to refuse them."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(OdditiesWire))
    def get(self, request: Request, set_id: str) -> Response:
        row = visible_set(self, request, set_id)
        found = odd_vertebrae(row)
        answer: OdditiesWire = {
            "set": str(row.pk),
            "revision": row.revision,
            "judged": found is not None,
            "oddities": found or [],
        }
        return Response(answer)


def odd_vertebrae(row: LandmarkSet) -> list[OddityWire] | None:
    """None where the column cannot be judged."""
    spots = {point["name"]: (point["x"], point["y"]) for point in row.points if point["x"] is not None}
    names = [f"{level}_{corner}" for level in _LEVELS for corner in _CORNERS]
    if not {*names} <= {*spots} or any(name.startswith(("T13_", "L6_")) for name in spots):
        return None
    try:
        found = oddities(np.array([spots[name] for name in names]).reshape(-1, 4, 2))
    except ValueError:
        return None
    return [{"levels": [*levels], "text": text} for levels, text in told(found, _LEVELS)]
