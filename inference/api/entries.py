"""What is inside a snapshot, a page at a time, with points; and what differs from another snapshot."""

import uuid
from typing import Any, TypedDict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Endpoint, user_of
from annotation.api.listing import whole
from annotation.api.wires import image_url
from annotation.api.wiretypes import page_of, wire
from annotation.models import Image, LandmarkRevision, Subject
from annotation.permissions import Capability, InProject
from inference.actions.differences import ImageDifference, difference
from inference.actions.snapshots import usable_images
from inference.api.snapshots import SnapshotWire, snapshot_wire, visible_snapshots
from inference.models import DatasetSnapshot

SPLITS = ("train", "validation", "test")
MOST_DIFFERENCES = 500


class EntryWire(TypedDict):
    # Of an image that is withdrawn or deleted since, nothing but its place in the snapshot is told.
    image: str
    split: str
    gone: bool
    pseudonym: str
    visit_date: str
    width: int
    height: int
    thumbnail: str | None
    display_flip: bool
    # In the order of the schema, in shares of width and height; None where a point is missing.
    points: list[list[float] | None]
    film: str | None


class SettingDifferenceWire(TypedDict):
    name: str
    before: str | None
    after: str | None


class ImageDifferenceWire(TypedDict):
    id: str
    kind: str
    parts: list[str]
    pseudonym: str
    thumbnail: str | None
    split_before: str | None
    split_after: str | None


class SnapshotDifferenceWire(TypedDict):
    before: SnapshotWire
    after: SnapshotWire
    settings: list[SettingDifferenceWire]
    added: int
    removed: int
    changed: int
    moved: int
    same: int
    # At most 500 of them, in the order of the image ids.
    images: list[ImageDifferenceWire]


def entry_wires(snapshot: DatasetSnapshot, entries: list[dict[str, Any]]) -> list[EntryWire]:
    """Some entries as the contact sheet shows them."""
    images = usable_images(snapshot.project).filter(pk__in=[entry["image"] for entry in entries])
    live = {str(row.pk): row for row in images.select_related("study__subject", "acquisition")}
    points = _points(snapshot, entries)
    return [_entry_wire(entry, live.get(entry["image"]), points) for entry in entries]


def _entry_wire(entry: dict[str, Any], image: Image | None, points: dict[Any, Any]) -> EntryWire:
    width, height = entry["width"], entry["height"]
    film = entry.get("film")
    return {
        "image": entry["image"],
        "split": entry["split"],
        "gone": image is None,
        "pseudonym": image.study.subject.pseudonym if image else "",
        "visit_date": image.study.visit_date.isoformat() if image else "",
        "width": width,
        "height": height,
        "thumbnail": image_url(image.pk, "thumbnail") if image else None,
        "display_flip": image.acquisition.display_flip if image else False,
        "points": [
            [round(spot[0] / width, 5), round(spot[1] / height, 5)] if spot else None
            for spot in (points.get((entry["set"], entry["revision"]), []) if image else [])
        ],
        "film": image_url(uuid.UUID(film["image"]), "thumbnail") if film and image else None,
    }


def _points(snapshot: DatasetSnapshot, entries: list[dict[str, Any]]) -> dict[Any, Any]:
    """The frozen points in schema order, by set and revision."""
    names = [point["name"] for point in snapshot.manifest["schema"].get("points", [])]
    rows = LandmarkRevision.objects.filter(landmark_set__in={entry["set"] for entry in entries})
    found = {}
    for row in rows:
        placed = {point["name"]: (point["x"], point["y"]) for point in row.points if point["x"] is not None}
        found[str(row.landmark_set_id), row.number] = [placed.get(name) for name in names]
    return found


def difference_wire(before: DatasetSnapshot, after: DatasetSnapshot) -> SnapshotDifferenceWire:
    found = difference(before, after)
    shown = found.images[:MOST_DIFFERENCES]
    usable = usable_images(after.project).filter(pk__in=[each.image for each in shown])
    live = {str(pk) for pk in usable.values_list("pk", flat=True)}
    subjects = Subject.objects.live().filter(pk__in={each.subject for each in shown})
    names = {str(pk): name for pk, name in subjects.values_list("pk", "pseudonym")}
    kinds = [each.kind for each in found.images]
    return {
        "before": snapshot_wire(before),
        "after": snapshot_wire(after),
        "settings": [
            {"name": name, "before": _text(old), "after": _text(new)}
            for name, (old, new) in found.settings.items()
        ],
        "added": kinds.count("added"),
        "removed": kinds.count("removed"),
        "changed": sum(any(part != "split" for part in each.parts) for each in found.images),
        "moved": sum("split" in each.parts for each in found.images),
        "same": found.same,
        "images": [_difference_wire(each, each.image in live, names) for each in shown],
    }


def _difference_wire(each: ImageDifference, is_live: bool, names: dict[str, str]) -> ImageDifferenceWire:
    return {
        "id": each.image,
        "kind": each.kind,
        "parts": list(each.parts),
        "pseudonym": names.get(each.subject, "") if is_live else "",
        "thumbnail": image_url(uuid.UUID(each.image), "thumbnail") if is_live else None,
        "split_before": each.split_before,
        "split_after": each.split_after,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _refuse_unknown(request: Request, allowed: set[str]) -> None:
    """A 400 that names every query parameter that is not allowed."""
    said = f"Unknown parameter; allowed are: {', '.join(sorted(allowed))}."
    if unknown := request.query_params.keys() - allowed:
        raise ValidationError({name: [said] for name in unknown})


class SnapshotEntries(Endpoint):
    """The contact sheet: images of a snapshot with their frozen points, in the order of the manifest."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(
        operation_id="snapshots_entries_list",
        parameters=[
            OpenApiParameter("split", OpenApiTypes.STR, enum=SPLITS),
            OpenApiParameter("page", OpenApiTypes.INT),
            OpenApiParameter("page_size", OpenApiTypes.INT),
        ],
        responses=page_of(EntryWire),
    )
    def get(self, request: Request, snapshot_id: str) -> Response:
        _refuse_unknown(request, {"split", "page", "page_size"})
        snapshot = self.row(visible_snapshots(user_of(request)), pk=snapshot_id)
        return Response(entries_page(snapshot, request.query_params.dict()))


def entries_page(snapshot: DatasetSnapshot, query: dict[str, str]) -> dict[str, Any]:
    """One page of `SnapshotEntries`."""
    split = query.get("split")
    if split and split not in SPLITS:
        raise ValidationError({"split": [f"must be one of: {', '.join(SPLITS)}"]})
    number, size = whole(query, "page", 1, 1_000_000), whole(query, "page_size", 48, 200)
    entries = [entry for entry in snapshot.entries if not split or entry["split"] == split]
    cut = entries[(number - 1) * size : number * size]
    results = entry_wires(snapshot, cut)
    return {"count": len(entries), "page": number, "page_size": size, "results": results}


class SnapshotDifference(Endpoint):
    """What is added, removed and changed, and who changed sides, from the snapshot `against` to this one."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(
        parameters=[OpenApiParameter("against", OpenApiTypes.UUID, required=True)],
        responses=wire(SnapshotDifferenceWire),
    )
    def get(self, request: Request, snapshot_id: str) -> Response:
        _refuse_unknown(request, {"against"})
        rows = visible_snapshots(user_of(request))
        after = self.row(rows, pk=snapshot_id)
        try:
            against = serializers.UUIDField().to_internal_value(request.query_params.get("against") or "")
        except ValidationError as error:
            raise ValidationError({"against": ["must be the id of a snapshot (a UUID)"]}) from error
        return Response(difference_wire(self.row(rows, pk=against), after))
