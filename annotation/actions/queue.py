"""The queue of images that wait for a person's landmarks, in order of arrival."""

import uuid
from dataclasses import dataclass

from django.db import connection, models

from annotation.models import Image


@dataclass(frozen=True, slots=True)
class Waiting:
    """An image that waits."""

    image: uuid.UUID
    kind: str


@dataclass(frozen=True, slots=True)
class Around:
    """An image's place in its project's queue. `first` is the queue's first other than the image itself."""

    total: int
    first: Waiting | None
    previous: Waiting | None
    next: Waiting | None


# By hand: every case that is opened asks this, and through the ORM it is four statements that take longer to
# compose than to run. Each part walks the partial index `image_queue`; the id breaks ties.
_PART = """
SELECT * FROM (
    SELECT {name} AS part, id, kind FROM annotation_image
    WHERE project_id = %(project)s AND waiting AND (created_at, id) {side} (%(created_at)s, %(id)s)
    ORDER BY created_at {order}, id {order} LIMIT 1
) AS part_{name}
"""
_AROUND = " UNION ALL ".join(
    [
        _PART.format(name=0, side="<", order="ASC"),
        _PART.format(name=1, side="<", order="DESC"),
        _PART.format(name=2, side=">", order="ASC"),
    ]
)
_TOTAL = "SELECT COUNT(*) FROM annotation_image WHERE project_id = %(project)s AND waiting"


def waiting_around(image: Image) -> Around:
    """Where an image stands in the queue of its project, whether it waits itself or not."""
    id_field, time_field = Image._meta.pk, models.DateTimeField()
    values = {
        "project": id_field.get_db_prep_value(image.project_id, connection),
        "created_at": time_field.get_db_prep_value(image.created_at, connection),
        "id": id_field.get_db_prep_value(image.pk, connection),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, values)
        [total] = cursor.fetchone()
        cursor.execute(_AROUND, values)
        parts = {part: Waiting(id_field.to_python(pk), kind) for part, pk, kind in cursor.fetchall()}
    return Around(total, parts.get(0), parts.get(1), parts.get(2))
