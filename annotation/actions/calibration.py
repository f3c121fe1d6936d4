"""The scale of a film from something of known length on it: a ruler, a calibration ball, an implant."""

import math

from django.db import transaction

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import Image, User
from annotation.models.images import Calibration, ImageKind

# A line shorter than this says little of a pixel's size: an end is placed to half a pixel at best.
_SHORTEST_PX = 20.0
_LONGEST_MM = 2000.0


@transaction.atomic
def set_known_length(*, actor: User, image: Image, ends: list[list[float]], length_mm: float) -> Image:
    """Give a film its scale: what lies between two spots (stored pixels) is `length_mm` long.

    The scale is that of the object's own depth in the child, which the divergent beam magnifies by its
    distance from the detector. A scale that the file itself states is never replaced.
    """
    _check(image)
    [x1, y1], [x2, y2] = ends
    length_px = math.hypot(x2 - x1, y2 - y1)
    if not _SHORTEST_PX <= length_px <= math.hypot(image.width, image.height):
        raise ActionError(
            f"Draw the line on the film, at least {_SHORTEST_PX:.0f} pixels long.", field="ends"
        )
    if not 0 < length_mm <= _LONGEST_MM:
        raise ActionError(f"A length is more than 0 and at most {_LONGEST_MM:.0f} mm.", field="length_mm")
    return _set(actor, image, length_mm / length_px, f"{length_mm:g} mm are {length_px:.1f} px")


@transaction.atomic
def forget_known_length(*, actor: User, image: Image) -> Image:
    """The film has no scale again."""
    _check(image)
    return _set(actor, image, None, "scale taken away")


def _check(image: Image) -> None:
    if image.kind != ImageKind.RADIOGRAPH:
        raise ActionError("Only an X-ray is given its scale by a known length.")
    if image.calibration not in {Calibration.NONE, Calibration.KNOWN_LENGTH}:
        raise Conflict("This film has the scale that its file states; it is not replaced.")


def _set(actor: User, image: Image, spacing_mm: float | None, summary: str) -> Image:
    image.spacing_row_mm = image.spacing_col_mm = spacing_mm
    image.calibration = Calibration.NONE if spacing_mm is None else Calibration.KNOWN_LENGTH
    image.save(update_fields=["spacing_row_mm", "spacing_col_mm", "calibration"])
    record(actor=actor, action="image.calibrate", target=image, summary=summary, project=image.project)
    return image
