"""Which points of a set lie where another set had them: taken over from it, and not moved since."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.models import LandmarkRevision

Points = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A save, by its number, that named a revision of another set as what it was made from."""

    number: int
    source: LandmarkRevision


def beginnings_of(sets: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Beginning]]:
    """Of each set the saves that name what they began from, first to last; nothing of a set without any."""
    rows = (
        LandmarkRevision.objects.filter(landmark_set__in=sets, began_from__isnull=False)
        .select_related("began_from__landmark_set__author")
        .order_by("number")
    )
    found: dict[uuid.UUID, list[Beginning]] = defaultdict(list)
    for row in rows:
        if row.began_from is not None:
            found[row.landmark_set_id].append(Beginning(row.number, row.began_from))
    return dict(found)


def taken_over(points: Points, number: int, beginnings: Sequence[Beginning]) -> dict[str, LandmarkRevision]:
    """By name each point of revision `number` that lies exactly where one of the set's beginnings until then
    has it, with the newest of them. A missing point lies nowhere."""
    places = {point["name"]: (point["x"], point["y"]) for point in points if point["x"] is not None}
    found = {}
    for beginning in beginnings:
        if beginning.number > number:
            break
        for point in beginning.source.points:
            if places.get(point["name"]) == (point["x"], point["y"]):
                found[point["name"]] = beginning.source
    return found


def counted(found: dict[str, LandmarkRevision]) -> list[tuple[LandmarkRevision, int]]:
    """From how many points of which other set, most first; of each set the newest revision among them."""
    newest: dict[uuid.UUID, LandmarkRevision] = {}
    numbers: dict[uuid.UUID, int] = defaultdict(int)
    for source in found.values():
        key = source.landmark_set_id
        numbers[key] += 1
        if key not in newest or newest[key].number < source.number:
            newest[key] = source
    return sorted(((newest[key], number) for key, number in numbers.items()), key=lambda pair: -pair[1])
