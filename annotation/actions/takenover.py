"""Which points of a set lie where another set had them: taken over from it, and not moved since."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from annotation.models import LandmarkRevision

Points = list[dict[str, Any]]


class Sources:
    """What some sets began from, and what that began from in turn, down to who placed the points."""

    def __init__(self, sets: Iterable[uuid.UUID]) -> None:
        # Of each set the number of the save and the revision that it named, first to last.
        self._beginnings: dict[uuid.UUID, list[tuple[int, int]]] = {}
        self._revisions: dict[int, LandmarkRevision] = {}
        self._placed: dict[int, dict[str, LandmarkRevision]] = {}
        wanted = set(sets)
        while wanted:
            wanted = self._load(wanted) - self._beginnings.keys()

    def _load(self, sets: set[uuid.UUID]) -> set[uuid.UUID]:
        """Read what these sets began from; the sets of people among it."""
        self._beginnings.update((pk, []) for pk in sets)
        saves = LandmarkRevision.objects.filter(landmark_set__in=sets, began_from__isnull=False)
        for pk, number, source in saves.order_by("number").values_list(
            "landmark_set_id", "number", "began_from_id"
        ):
            found = self._beginnings[pk]
            # While somebody corrects, every save names the same beginning again.
            if source is not None and (not found or found[-1][1] != source):
                found.append((number, source))
        named = {source for pk in sets for _, source in self._beginnings[pk]} - self._revisions.keys()
        rows = LandmarkRevision.objects.select_related("landmark_set__author").in_bulk(list(named))
        self._revisions |= rows
        return {row.landmark_set_id for row in rows.values() if row.landmark_set.author_id is not None}

    def of(self, landmark_set: uuid.UUID, number: int, points: Points) -> dict[str, LandmarkRevision]:
        """By name, each point of a set's revision that lies exactly where another author had placed it, with
        that author's revision. A missing point lies nowhere."""
        places = {point["name"]: (point["x"], point["y"]) for point in points if point["x"] is not None}
        found = {}
        for first, pk in self._beginnings.get(landmark_set, []):
            if first > number:
                break
            source = self._revisions[pk]
            # Every source is older than what began from it, so this comes to an end.
            if pk not in self._placed:
                self._placed[pk] = self.of(source.landmark_set_id, source.number, source.points)
            placed = self._placed[pk]
            for point in source.points:
                if places.get(point["name"]) == (point["x"], point["y"]):
                    found[point["name"]] = placed.get(point["name"], source)
        return {name: source for name, source in found.items() if source.landmark_set_id != landmark_set}

    def counted(
        self, landmark_set: uuid.UUID, number: int, points: Points
    ) -> list[tuple[LandmarkRevision, int]]:
        """How many of these points are of which other set, most first; with one of its revisions."""
        numbers: dict[uuid.UUID, int] = defaultdict(int)
        some = {}
        for source in self.of(landmark_set, number, points).values():
            numbers[source.landmark_set_id] += 1
            some[source.landmark_set_id] = source
        return sorted(((some[pk], count) for pk, count in numbers.items()), key=lambda pair: -pair[1])
