"""Exports of a project, streamed: memory stays flat however many rows there are.

Only live studies of subjects who consent are in them. Coordinates are in stored pixels of the image, with
(0, 0) at the outer corner of the first pixel.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from annotation.actions.reports import STATEMENT
from annotation.actions.schemas import schemas_of
from annotation.actions.takenover import Sources
from annotation.models import FilmNote, Image, LandmarkRevision, LandmarkSet, Measurement, Project
from annotation.spine.schemas import LandmarkSchema

_BATCH = 500
_SETS_AT_ONCE = 50
_VISIBILITY = {"placed": 2, "uncertain": 2, "occluded": 1, "missing": 0}
_SET_COLUMNS = {
    "subject": "image__study__subject__pseudonym",
    "visit_date": "image__study__visit_date",
    "study": "image__study_id",
    "image": "image_id",
    "image_kind": "image__kind",
    "width_px": "image__width",
    "height_px": "image__height",
    "spacing_row_mm": "image__spacing_row_mm",
    "spacing_col_mm": "image__spacing_col_mm",
    "calibration": "image__calibration",
    "schema": "schema",
    "landmark_set": "id",
    "author": "author__username",
    "model": "model_label",
    "revision": "revision",
    "saved_at": "saved_at",
}
_MEASUREMENT_COLUMNS = {
    "subject": "study__subject__pseudonym",
    "visit_date": "study__visit_date",
    "study": "study_id",
    "image": "image_id",
    "image_kind": "image__kind",
    "measurement": "id",
    "method": "method",
    "signed_angle_deg": "signed_angle_deg",
    "upper_level": "upper_level",
    "lower_level": "lower_level",
    "apex_level": "apex_level",
    "side": "side",
    "region": "region",
    "reader": "reader__username",
    "tool": "tool",
    "calibration": "calibration",
    "reading_error_deg": "reading_error_deg",
    "reading_error_source": "reading_error_source",
    "created_at": "created_at",
    "retracted_at": "retracted_at",
}

_NOTE_COLUMNS = {
    "subject": "study__subject__pseudonym",
    "visit_date": "study__visit_date",
    "study": "study_id",
    "image": "image_id",
    "image_kind": "image__kind",
    "note": "id",
    "text": "text",
    "x": "x",
    "y": "y",
    "reader": "reader__username",
    "created_at": "created_at",
    "retracted_at": "retracted_at",
}


def _live_sets(project: Project) -> QuerySet[LandmarkSet]:
    images = Image.objects.live().filter(project=project)
    return LandmarkSet.objects.filter(image__in=images, revision__gt=0).order_by("image_id", "schema", "id")


def _live_measurements(project: Project) -> QuerySet[Measurement]:
    images = Image.objects.live().filter(project=project)
    return Measurement.objects.filter(image__in=images).order_by("study_id", "created_at", "id")


def _csv(header: list[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*header, "use"])
    for batch in _batches(rows):
        writer.writerows([*row, "research only"] for row in batch)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _batches(rows: Iterable[Any], size: int = _BATCH) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _safe(text: str) -> str:
    """Text that a spreadsheet takes as text: a leading = + - @ would be run as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def cells(values: Iterable[object]) -> list[object]:
    """A row for a CSV file, its texts safe in a spreadsheet."""
    return [_safe(value) if isinstance(value, str) else value for value in values]


def _sets_with_points(project: Project) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The columns of every set and its newest points, each with whose place it has: `taken_over_from` is the
    model or the other person who had placed it there, or empty."""
    found = _live_sets(project).values_list(*_SET_COLUMNS.values(), "points").iterator(chunk_size=_BATCH)
    for batch in _batches(found, _SETS_AT_ONCE):
        rows = [(dict(zip(_SET_COLUMNS, columns, strict=True)), points) for *columns, points in batch]
        sources = Sources([row["landmark_set"] for row, _ in rows])
        for row, points in rows:
            of = sources.of(row["landmark_set"], row["revision"], points)
            yield row, [{**point, "taken_over_from": _name_of(of.get(point["name"]))} for point in points]


def _name_of(source: LandmarkRevision | None) -> str:
    if source is None:
        return ""
    author = source.landmark_set.author
    return author.username if author else source.landmark_set.model_label


def landmarks_csv(project: Project) -> Iterator[bytes]:
    """One row per point of the newest revision of every set."""

    def rows() -> Iterator[list[object]]:
        for columns, points in _sets_with_points(project):
            row = cells(columns.values())
            for point in points:
                place = point["name"], point["x"], point["y"], point["state"]
                yield [*row, *place, *cells([point["taken_over_from"]])]

    return _csv([*_SET_COLUMNS, "point", "x_px", "y_px", "state", "taken_over_from"], rows())


def measurements_csv(project: Project) -> Iterator[bytes]:
    """One row per measurement, the retracted ones too, with the moment they were."""
    found = _live_measurements(project).values_list(*_MEASUREMENT_COLUMNS.values())
    return _csv([*_MEASUREMENT_COLUMNS], (cells(row) for row in found.iterator(chunk_size=_BATCH)))


def _json_list(opening: str, rows: Iterable[dict[str, Any]], closing: str) -> Iterator[bytes]:
    yield opening.encode()
    separator = ""
    for batch in _batches(rows):
        text = ",\n".join(json.dumps(row, default=str) for row in batch)
        yield f"{separator}{text}".encode()
        separator = ",\n"
    yield closing.encode()


def film_notes_csv(project: Project) -> Iterator[bytes]:
    """One row per note on a film, the retracted ones too."""
    images = Image.objects.live().filter(project=project)
    found = FilmNote.objects.filter(image__in=images).order_by("study_id", "created_at", "id")
    rows = found.values_list(*_NOTE_COLUMNS.values()).iterator(chunk_size=_BATCH)
    return _csv([*_NOTE_COLUMNS], (cells(row) for row in rows))


def landmarks_json(project: Project) -> Iterator[bytes]:
    """Every set with the points of its newest revision."""
    rows = ({**row, "points": points} for row, points in _sets_with_points(project))
    head = json.dumps({"statement": STATEMENT, "project": project.name})[:-1]
    return _json_list(f'{head}, "landmark_sets": [\n', rows, "\n]}\n")


def measurements_json(project: Project) -> Iterator[bytes]:
    """Every measurement, the retracted ones too."""
    columns = {**_MEASUREMENT_COLUMNS, "upper_line": "upper_line", "lower_line": "lower_line"}
    found = _live_measurements(project).values_list(*columns.values()).iterator(chunk_size=_BATCH)
    rows = (dict(zip(columns, row, strict=True)) for row in found)
    head = json.dumps({"statement": STATEMENT, "project": project.name})[:-1]
    return _json_list(f'{head}, "measurements": [\n', rows, "\n]}\n")


def coco_json(project: Project) -> Iterator[bytes]:
    """COCO keypoints: one category per schema, one annotation per set.

    COCO's visibility: 2 for placed and uncertain points, 1 for occluded, 0 for missing and not yet placed.
    COCO ids are counted; the platform's own ids stand beside them.
    """
    schemas = schemas_of(project)
    head = {
        "info": {"description": f"SpineWeb, project {project.name}. {STATEMENT}", "version": "1.0"},
        "licenses": [],
        "categories": [_coco_category(number, schema) for number, schema in enumerate(schemas, start=1)],
    }
    image_ids: dict[object, int] = {}

    def images() -> Iterator[dict[str, Any]]:
        labelled = Image.objects.live().filter(project=project, landmark_sets__revision__gt=0).distinct()
        found = labelled.order_by("id").values_list("id", "width", "height", "kind", "pixels_id")
        for number, (pk, width, height, kind, sha256) in enumerate(
            found.iterator(chunk_size=_BATCH), start=1
        ):
            image_ids[pk] = number
            yield {
                "id": number,
                "file_name": f"{kind}/{sha256}",
                "width": width,
                "height": height,
                "spineweb_id": pk,
            }

    yield from _json_list(json.dumps(head)[:-1] + ', "images": [\n', images(), "\n],\n")
    yield from _json_list('"annotations": [\n', _coco_annotations(project, schemas, image_ids), "\n]}\n")


def _keypoints(schema: LandmarkSchema) -> list[str]:
    """The usual points come first, so that these keep their places whether or not the extras are used."""
    return [*schema.point_names, *(point.name for point in schema.extras)]


def _coco_category(number: int, schema: LandmarkSchema) -> dict[str, Any]:
    names = _keypoints(schema)
    return {
        "id": number,
        "name": schema.name,
        "supercategory": schema.target,
        "keypoints": names,
        "skeleton": [[names.index(a) + 1, names.index(b) + 1] for a, b in schema.links],
    }


def _coco_annotations(
    project: Project, schemas: list[LandmarkSchema], image_ids: dict[object, int]
) -> Iterator[dict[str, Any]]:
    categories = {schema.name: (number, _keypoints(schema)) for number, schema in enumerate(schemas, start=1)}
    found = _live_sets(project).values_list(
        "id", "image_id", "schema", "points", "author__username", "model_label"
    )
    for number, (pk, image_id, schema_name, points, author, model) in enumerate(
        found.iterator(chunk_size=_BATCH), start=1
    ):
        if image_id not in image_ids or schema_name not in categories:
            continue
        category, names = categories[schema_name]
        by_name = {point["name"]: point for point in points}
        keypoints: list[float] = []
        for name in names:
            point = by_name.get(name)
            if point is None or point["x"] is None:
                keypoints += [0, 0, 0]
            else:
                keypoints += [point["x"], point["y"], _VISIBILITY[point["state"]]]
        xs = [x for x, v in zip(keypoints[0::3], keypoints[2::3], strict=True) if v]
        ys = [y for y, v in zip(keypoints[1::3], keypoints[2::3], strict=True) if v]
        box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)] if xs else [0, 0, 0, 0]
        yield {
            "id": number,
            "image_id": image_ids[image_id],
            "category_id": category,
            "keypoints": keypoints,
            "num_keypoints": len(xs),
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": 0,
            "author": author or model,
            "spineweb_id": pk,
        }
