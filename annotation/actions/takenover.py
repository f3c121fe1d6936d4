"""Which points of a set lie where another set had them: taken over from it, and not moved since."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.models import LandmarkRevision, LandmarkSet

Points = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A save that named another set's revision as what it was made from."""

    number: int
    source: LandmarkSet
    points: Points


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
            beginning = Beginning(row.number, row.began_from.landmark_set, row.began_from.points)
            found[row.landmark_set_id].append(beginning)
    return dict(found)


def taken_over(points: Points, number: int, beginnings: Sequence[Beginning]) -> dict[str, LandmarkSet]:
    """By name each point of revision `number` that lies exactly where the newest of the set's beginnings
    until then that has it there had it. A missing point lies nowhere."""
    places = {point["name"]: (point["x"], point["y"]) for point in points if point["x"] is not None}
    found = {}
    for beginning in beginnings:
        if beginning.number > number:
            break
        for point in beginning.points:
            if places.get(point["name"]) == (point["x"], point["y"]):
                found[point["name"]] = beginning.source
    return found


def counted(found: dict[str, LandmarkSet]) -> list[tuple[LandmarkSet, int]]:
    """How many points were taken over from each set, most first."""
    sources = {source.pk: source for source in found.values()}
    numbers = Counter(source.pk for source in found.values())
    return [(sources[pk], number) for pk, number in numbers.most_common()]
