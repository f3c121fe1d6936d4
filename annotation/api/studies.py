"""Studies: the list everyone works from, and one study with all it holds."""

import datetime
import uuid
from collections import defaultdict
from typing import TypedDict

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import acquisitions, cohort
from annotation.api.audit import AuditEntryWire, audit_wire
from annotation.api.base import Endpoint, Input, iso, parse, user_of
from annotation.api.filmnotes import FilmNoteWire, film_note_wire
from annotation.api.listing import Filter, Listing, contains, exact, identifier, on_date, yes_no
from annotation.api.measurements import MeasurementWire, measurement_wire
from annotation.api.remarks import RemarkWire, remarks_on
from annotation.api.wires import (
    ImageWire,
    ProjectNameWire,
    SubjectNameWire,
    image_url,
    image_wire,
)
from annotation.api.wiretypes import page_of, wire
from annotation.models import (
    Acquisition,
    AuditEntry,
    Image,
    LandmarkSet,
    Measurement,
    Project,
    Study,
    Subject,
    User,
)
from annotation.models.cohort import LabelState
from annotation.models.images import Direction, ImageKind
from annotation.permissions import Capability, InProject, SignedIn, require
from annotation.spine.levels import height_rank


class ThumbnailWire(TypedDict):
    image: str
    kind: str
    url: str
    display_flip: bool


class StudyWire(TypedDict):
    id: str
    project: ProjectNameWire
    subject: SubjectNameWire
    visit_date: str
    notes: str
    created_at: str | None
    has_rgbd: bool
    has_radiograph: bool
    label_state: str
    cobb_deg: float | None
    cobb_count: int
    thumbnails: list[ThumbnailWire]


class AcquisitionWire(TypedDict):
    id: str
    kind: str
    captured_on: str | None
    direction: str
    display_flip: bool
    side_marker: str
    side_confirmed: bool
    device: str
    source_name: str
    details: dict[str, object]
    images: list[ImageWire]


class VisitWire(TypedDict):
    id: str
    visit_date: str
    cobb_deg: float | None
    thumbnail: ThumbnailWire | None
    # Upper and lower end vertebra of each angle that stands, from above downward.
    ends: list[list[str]]


class StudyDetailWire(StudyWire):
    acquisitions: list[AcquisitionWire]
    measurements: list[MeasurementWire]
    film_notes: list[FilmNoteWire]
    visits: list[VisitWire]
    next_study: str | None
    activity: list[AuditEntryWire]
    remarks: list[RemarkWire]


_KIND_ORDER = [ImageKind.COLOUR, ImageKind.DEPTH, ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH]


def thumbnails_of(study_ids: list[uuid.UUID]) -> dict[object, list[ThumbnailWire]]:
    """One thumbnail per kind of image and study: colour, depth, film, synthetic, in that order. One query."""
    found: dict[object, dict[str, ThumbnailWire]] = defaultdict(dict)
    rows = Image.objects.filter(study__in=study_ids).order_by("created_at")
    fields = rows.values_list("pk", "study_id", "kind", "frame", "acquisition__display_flip")
    for pk, study_id, kind, frame, flip in fields:
        if kind == ImageKind.DEPTH and kind in found[study_id] and frame != "colour":
            continue
        url = image_url(pk, "thumbnail")
        found[study_id][kind] = {"image": str(pk), "kind": kind, "url": url, "display_flip": flip}
    return {
        study_id: [by_kind[kind] for kind in _KIND_ORDER if kind in by_kind]
        for study_id, by_kind in found.items()
    }


_STUDY_COLUMNS = (
    "pk",
    "project_id",
    "subject_id",
    "subject__pseudonym",
    "visit_date",
    "notes",
    "created_at",
    "has_rgbd",
    "has_radiograph",
    "label_state",
    "cobb_deg",
    "cobb_count",
)


def study_wires(rows: QuerySet[Study]) -> list[StudyWire]:
    """Studies as lists show them: plain columns, since a page of model objects costs twice the time."""
    found = list(rows.values_list(*_STUDY_COLUMNS))
    # Not joined: SQLite would walk the projects first, and then has to sort all their studies.
    names = dict(Project.objects.filter(pk__in={columns[1] for columns in found}).values_list("pk", "name"))
    thumbnails = thumbnails_of([columns[0] for columns in found])
    return [
        {
            "id": str(pk),
            "project": {"id": str(project_id), "name": names[project_id]},
            "subject": {"id": str(subject_id), "pseudonym": pseudonym},
            "visit_date": visit_date.isoformat(),
            "notes": notes,
            "created_at": iso(created_at),
            "has_rgbd": has_rgbd,
            "has_radiograph": has_radiograph,
            "label_state": label_state,
            "cobb_deg": cobb_deg,
            "cobb_count": cobb_count,
            "thumbnails": thumbnails.get(pk, []),
        }
        for (
            pk,
            project_id,
            subject_id,
            pseudonym,
            visit_date,
            notes,
            created_at,
            has_rgbd,
            has_radiograph,
            label_state,
            cobb_deg,
            cobb_count,
        ) in found
    ]


def study_wire(study: Study) -> StudyWire:
    """One study as lists show it."""
    return study_wires(Study.objects.filter(pk=study.pk))[0]


def sets_by_image(user: User, images: list[Image]) -> dict[object, list[LandmarkSet]]:
    """The landmark sets on some images that the user may see now, newest first.

    In a project that labels first, others' sets on an image stay hidden until one's own is complete.
    """
    rows = LandmarkSet.objects.filter(image__in=images, revision__gt=0).select_related("author")
    found: dict[object, list[LandmarkSet]] = defaultdict(list)
    for row in rows.order_by("-saved_at"):
        found[row.image_id].append(row)
    blind = {image.pk for image in images if image.project.label_first}
    for image_id in blind:
        own = {row.schema for row in found[image_id] if row.author_id == user.pk and row.complete}
        found[image_id] = [row for row in found[image_id] if row.author_id == user.pk or row.schema in own]
    return found


def _acquisition_wire(row: Acquisition, images: list[ImageWire]) -> AcquisitionWire:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "captured_on": row.captured_on.isoformat() if row.captured_on else None,
        "direction": row.direction,
        "display_flip": row.display_flip,
        "side_marker": row.side_marker,
        "side_confirmed": row.side_confirmed,
        "device": row.device,
        "source_name": row.source_name,
        "details": row.details,
        "images": images,
    }


def images_of(study: Study) -> list[Image]:
    """A study's images in the order pages show them."""
    rows = Image.objects.filter(study=study).select_related("acquisition", "project")
    return sorted(rows, key=lambda row: (_KIND_ORDER.index(ImageKind(row.kind)), row.created_at))


def _visit_wires(study: Study) -> list[VisitWire]:
    """Every visit of a study's subject: with its film, or else its back, and where its angles were read."""
    rows = Study.objects.live().filter(subject=study.subject).order_by("visit_date", "created_at")
    visits = list(rows)
    pictures = thumbnails_of([row.pk for row in visits])
    ends: dict[object, set[tuple[str, str]]] = defaultdict(set)
    standing = Measurement.objects.filter(study__in=visits, retracted_at=None)
    for study_id, upper, lower in standing.values_list("study_id", "upper_level", "lower_level"):
        ends[study_id].add((upper, lower))
    return [
        {
            "id": str(row.pk),
            "visit_date": row.visit_date.isoformat(),
            "cobb_deg": row.cobb_deg,
            "thumbnail": _best(pictures.get(row.pk, [])),
            "ends": [list(pair) for pair in sorted(ends[row.pk], key=lambda pair: height_rank(pair[0]))],
        }
        for row in visits
    ]


def _best(pictures: list[ThumbnailWire]) -> ThumbnailWire | None:
    films = [picture for picture in pictures if picture["kind"] == ImageKind.RADIOGRAPH]
    return next(iter([*films, *pictures]), None)


def study_detail_wire(user: User, study: Study) -> StudyDetailWire:
    """Everything the study page shows. Needs `project` and `subject` selected."""
    images = images_of(study)
    sets = sets_by_image(user, images)
    wires: dict[object, list[ImageWire]] = defaultdict(list)
    for image in images:
        wires[image.acquisition_id].append(image_wire(image, sets[image.pk]))
    following = Study.objects.live().filter(project=study.project, created_at__gt=study.created_at)
    next_study = following.order_by("created_at").values_list("pk", flat=True).first()
    measurements = study.measurements.select_related("reader", "landmark_revision").order_by("created_at")
    notes = study.film_notes.select_related("reader").order_by("created_at")
    shots = study.acquisitions.order_by("kind", "created_at")
    landmark_sets = [row for rows in sets.values() for row in rows]
    touched = [study, *images, *shots, *measurements, *notes, *landmark_sets]
    targets = [str(row.pk) for row in touched]
    activity = AuditEntry.objects.filter(project=study.project, target_id__in=targets).select_related("actor")
    return {
        **study_wire(study),
        "acquisitions": [_acquisition_wire(row, wires[row.pk]) for row in shots],
        "measurements": [measurement_wire(row) for row in measurements],
        "film_notes": [film_note_wire(row) for row in notes],
        "visits": _visit_wires(study),
        "next_study": str(next_study) if next_study else None,
        "remarks": remarks_on(user, *images),
        "activity": [audit_wire(row) for row in activity.order_by("-pk")[:30]],
    }


def _has(rows: QuerySet[Study], value: str) -> QuerySet[Study]:
    conditions = {
        "rgbd": Q(has_rgbd=True),
        "radiograph": Q(has_radiograph=True),
        "both": Q(has_rgbd=True, has_radiograph=True),
    }
    if value not in conditions:
        raise ValueError(f"must be one of: {', '.join(conditions)}")
    return rows.filter(conditions[value])


_has_filter: Filter = _has
STUDIES = Listing[Study](
    filters={
        "project": identifier("project_id"),
        "subject": identifier("subject_id"),
        "q": contains("subject__pseudonym", "notes"),
        "has": _has_filter,
        "label_state": exact("label_state", LabelState.values),
        "measured": yes_no(Q(cobb_count__gt=0)),
        "visit_after": on_date("visit_date__gte"),
        "visit_before": on_date("visit_date__lte"),
    },
    orderings={
        "visit_date": ("visit_date", "pk"),
        "-visit_date": ("-visit_date", "pk"),
        "subject": ("subject__pseudonym", "visit_date"),
        "-subject": ("-subject__pseudonym", "visit_date"),
        "cobb_deg": ("cobb_deg", "pk"),
        "-cobb_deg": ("-cobb_deg", "pk"),
        "created_at": ("created_at", "pk"),
        "-created_at": ("-created_at", "pk"),
    },
    default_ordering="-visit_date",
)


class StudyInput(Input):
    subject = serializers.UUIDField()
    visit_date = serializers.DateField()
    notes = serializers.CharField(max_length=4000, allow_blank=True, default="")


class StudyChangeInput(Input):
    visit_date = serializers.DateField(required=False)
    notes = serializers.CharField(max_length=4000, allow_blank=True, required=False)


def visible_studies(user: User) -> QuerySet[Study]:
    return Study.objects.visible_to(user).select_related("project", "subject")


class Studies(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="studies_list", parameters=STUDIES.parameters(), responses=page_of(StudyWire))
    def get(self, request: Request) -> Response:
        return Response(STUDIES.page(visible_studies(user_of(request)), request.query_params, study_wires))

    @extend_schema(request=StudyInput, responses={201: wire(StudyWire)})
    def post(self, request: Request) -> Response:
        user, given = user_of(request), parse(StudyInput, request)
        subject = self.row(Subject.objects.visible_to(user).select_related("project"), pk=given["subject"])
        require(user, subject.project, Capability.IMPORT)
        visit_date: datetime.date = given["visit_date"]
        study = cohort.create_study(actor=user, subject=subject, visit_date=visit_date, notes=given["notes"])
        return Response(study_wire(study), status=201)


class OneStudy(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW, "PATCH": Capability.IMPORT, "DELETE": Capability.MANAGE}

    def _study(self, request: Request, study_id: str) -> Study:
        return self.row(visible_studies(user_of(request)), pk=study_id)

    @extend_schema(responses=wire(StudyDetailWire))
    def get(self, request: Request, study_id: str) -> Response:
        return Response(study_detail_wire(user_of(request), self._study(request, study_id)))

    @extend_schema(request=StudyChangeInput, responses=wire(StudyWire))
    def patch(self, request: Request, study_id: str) -> Response:
        study = self._study(request, study_id)
        changes = parse(StudyChangeInput, request, partial=True)
        return Response(study_wire(cohort.update_study(actor=user_of(request), study=study, changes=changes)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, study_id: str) -> Response:
        cohort.delete_study(actor=user_of(request), study=self._study(request, study_id))
        return Response(status=204)


class StudyRestore(Endpoint):
    """Undo of a deletion."""

    permission_classes = [InProject]
    capabilities = {"POST": Capability.MANAGE}

    @extend_schema(request=None, responses=wire(StudyWire))
    def post(self, request: Request, study_id: str) -> Response:
        user = user_of(request)
        subjects = Subject.objects.visible_to(user)
        rows = Study.objects.filter(subject__in=subjects).select_related("project", "subject")
        study = self.row(rows, pk=study_id)
        return Response(study_wire(cohort.restore_study(actor=user, study=study)))


class AcquisitionChangeInput(Input):
    direction = serializers.ChoiceField(choices=["", *Direction.values], required=False)
    display_flip = serializers.BooleanField(required=False)
    side_marker = serializers.ChoiceField(choices=["", "L", "R"], required=False)


class OneAcquisition(Endpoint):
    permission_classes = [SignedIn]

    @extend_schema(request=AcquisitionChangeInput, responses=wire(AcquisitionWire))
    def patch(self, request: Request, acquisition_id: str) -> Response:
        user = user_of(request)
        rows = Acquisition.objects.filter(study__in=Study.objects.visible_to(user))
        row = self.row(rows.select_related("study__project", "study__subject"), pk=acquisition_id)
        require(user, row.study.project, Capability.LABEL)
        changes = parse(AcquisitionChangeInput, request, partial=True)
        acquisitions.update_acquisition(actor=user, acquisition=row, changes=changes)
        images = [image for image in images_of(row.study) if image.acquisition_id == row.pk]
        sets = sets_by_image(user, images)
        return Response(_acquisition_wire(row, [image_wire(image, sets[image.pk]) for image in images]))
