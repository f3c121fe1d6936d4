"""Whose points a synthesis of X-rays begins from."""

import uuid

from annotation.models import Image, LandmarkSet
from annotation.models.reviews import Verdict


def points_to_begin_from(images: list[Image], schema: str) -> dict[uuid.UUID, LandmarkSet]:
    """The complete set of each back to begin from: a person's before a model's, the newest of either.

    A set that a doctor returned is no person's word yet. An image without any is not in the answer.
    """
    sets = LandmarkSet.objects.filter(image__in=images, schema=schema, complete=True).exclude(
        verdict=Verdict.RETURNED
    )
    ranked = sorted(sets, key=lambda row: (row.author_id is not None, row.saved_at))
    return {row.image_id: row for row in ranked}
