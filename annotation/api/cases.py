"""One case whole, as the labelling and the reading page open it, and where the next one is."""

from typing import TypedDict

from django.db.models import F
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.queue import Waiting, waiting_around
from annotation.actions.schemas import schema_of, schemas_of
from annotation.actions.takenover import Sources
from annotation.api.base import Endpoint, user_of
from annotation.api.landmarks import (
    LandmarkSetWire,
    TakenOverWire,
    own_set_wire,
    set_wire,
    taken_over_wires,
    visible_images,
)
from annotation.api.projects import SchemaWire, schema_wire
from annotation.api.remarks import RemarkWire, remarks_on
from annotation.api.reviews import ReviewWire, standing_reviews
from annotation.api.studies import (
    StudyDetailWire,
    images_of,
    sets_by_image,
    study_detail_wire,
    visible_studies,
)
from annotation.api.wires import (
    ImageWire,
    ProjectNameWire,
    SubjectNameWire,
    image_wire,
    project_name_wire,
    subject_name_wire,
)
from annotation.api.wiretypes import wire
from annotation.models import Image, LandmarkRevision, LandmarkSet, Study, User
from annotation.models.images import Frame, ImageKind
from annotation.permissions import Capability, InProject, allows, role_in
from annotation.spine.schemas import LandmarkSchema


class CaseStudyWire(TypedDict):
    id: str
    subject: SubjectNameWire
    visit_date: str
    project: ProjectNameWire
    role: str


class QueuedImageWire(TypedDict):
    image: str
    schema: str


class LabelQueueWire(TypedDict):
    total: int
    next: QueuedImageWire | None
    previous: QueuedImageWire | None


class LabelCaseWire(TypedDict):
    image: ImageWire
    depth: ImageWire | None
    schema: SchemaWire
    schemas: list[SchemaWire]
    set: LandmarkSetWire
    others: list[LandmarkSetWire]
    study: CaseStudyWire
    queue: LabelQueueWire
    remarks: list[RemarkWire]
    review: ReviewWire | None
    may_save: bool


def default_schema(image: Image) -> str:
    """The schema the project asks for on this kind of image."""
    film = image.kind in {ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH}
    return image.project.radiograph_schema if film else image.project.back_schema


def label_queue(image: Image) -> LabelQueueWire:
    """What comes before and after an image among the project's waiting ones, in order of arrival."""
    project = image.project
    around = waiting_around(image)

    def queued(found: Waiting | None) -> QueuedImageWire | None:
        if found is None:
            return None
        back = found.kind == ImageKind.COLOUR
        schema = project.back_schema if back else project.radiograph_schema
        return {"image": str(found.image), "schema": schema}

    return {
        "total": around.total,
        # Past the end the queue starts again, so that a case that was passed over is not forgotten.
        "next": queued(around.next or around.first),
        "previous": queued(around.previous),
    }


def _depth_beside(image: Image) -> Image | None:
    """The depth map registered into a colour image: the same pixel grid."""
    rows = Image.objects.filter(registered_to=image, kind=ImageKind.DEPTH, frame=Frame.COLOUR)
    return rows.select_related("acquisition", "project").first()


def _is_own(row: LandmarkSet, user: User, schema: LandmarkSchema) -> bool:
    return row.author_id == user.pk and row.schema == schema.name


def label_case(user: User, image: Image, schema: LandmarkSchema) -> LabelCaseWire:
    """Needs `visible_images` selected."""
    project = image.project
    depth = _depth_beside(image) if image.kind == ImageKind.COLOUR else None
    sets = sets_by_image(user, [image])[image.pk]
    others = [row for row in sets if row.author_id != user.pk and row.schema == schema.name]
    role = role_in(user, project.pk) or ""
    return {
        "image": image_wire(image, sets),
        "depth": image_wire(depth, []) if depth else None,
        "schema": schema_wire(schema),
        "schemas": [schema_wire(each) for each in schemas_of(project) if each.target == schema.target],
        "set": own_set_wire(user, image, schema.name, sets),
        "others": [set_wire(row) for row in others],
        "study": {
            "id": str(image.study_id),
            "subject": subject_name_wire(image.study.subject),
            "visit_date": image.study.visit_date.isoformat(),
            "project": project_name_wire(project),
            "role": role,
        },
        "queue": label_queue(image),
        "remarks": remarks_on(user, image),
        "review": next(iter(standing_reviews([row for row in sets if _is_own(row, user, schema)])), None),
        "may_save": allows(role, Capability.LABEL),
    }


class LabelCase(Endpoint):
    """Everything the labelling page needs of one image, in one answer."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(parameters=[OpenApiParameter("schema", str)], responses=wire(LabelCaseWire))
    def get(self, request: Request, image_id: str) -> Response:
        unknown = set(request.query_params) - {"schema"}
        if unknown:
            raise ValidationError({name: ["Unknown parameter; allowed is: schema."] for name in unknown})
        image = self.row(visible_images(user_of(request)), pk=image_id)
        schema = schema_of(image.project, request.query_params.get("schema") or default_schema(image))
        return Response(label_case(user_of(request), image, schema))


class ReadQueueWire(TypedDict):
    next: str | None
    previous: str | None


class ReadCaseWire(TypedDict):
    study: StudyDetailWire
    radiographs: list[ImageWire]
    synthetic: list[ImageWire]
    colour: ImageWire | None
    depth: ImageWire | None
    sets: list[LandmarkSetWire]
    # By set: how many of its points lie where another author had placed them; nothing of a set without any.
    taken_over: dict[str, list[TakenOverWire]]
    # By set of a person: why a model gives no angle with its points as they are.
    abstains: dict[str, str]
    reviews: list[ReviewWire]
    queue: ReadQueueWire
    may_measure: bool


def read_case(user: User, study: Study) -> ReadCaseWire:
    """Needs `visible_studies` selected."""
    images = images_of(study)
    sets = sets_by_image(user, images)
    by_kind: dict[str, list[ImageWire]] = {kind: [] for kind in ImageKind.values}
    depth: ImageWire | None = None
    for image in images:
        written = image_wire(image, sets[image.pk])
        by_kind[image.kind].append(written)
        if image.kind == ImageKind.DEPTH and (depth is None or image.frame == Frame.COLOUR):
            depth = written
    readable = Study.objects.live().filter(project=study.project, has_radiograph=True)
    after = readable.filter(created_at__gt=study.created_at).order_by("created_at")
    before = readable.filter(created_at__lt=study.created_at).order_by("-created_at")
    next_id = after.values_list("pk", flat=True).first()
    previous_id = before.values_list("pk", flat=True).first()
    film_kinds = {ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH}
    film_sets = [row for image in images if image.kind in film_kinds for row in sets[image.pk]]
    return {
        "study": study_detail_wire(user, study),
        "radiographs": by_kind[ImageKind.RADIOGRAPH],
        "synthetic": by_kind[ImageKind.SYNTHETIC_RADIOGRAPH],
        "colour": next(iter(by_kind[ImageKind.COLOUR]), None),
        "depth": depth,
        "sets": [set_wire(row) for row in film_sets],
        "taken_over": _taken_over(film_sets),
        "abstains": _abstentions(film_sets),
        "reviews": standing_reviews(film_sets),
        "queue": {
            "next": str(next_id) if next_id else None,
            "previous": str(previous_id) if previous_id else None,
        },
        "may_measure": allows(role_in(user, study.project_id), Capability.MEASURE),
    }


def _taken_over(sets: list[LandmarkSet]) -> dict[str, list[TakenOverWire]]:
    sources = Sources(row.pk for row in sets)
    wires = {str(row.pk): taken_over_wires(sources, row.pk, row.revision, row.points) for row in sets}
    return {pk: found for pk, found in wires.items() if found}


def _abstentions(sets: list[LandmarkSet]) -> dict[str, str]:
    newest = LandmarkRevision.objects.filter(
        landmark_set__in=[row for row in sets if row.author_id is not None],
        number=F("landmark_set__revision"),
    )
    said = newest.exclude(abstains="").values_list("landmark_set_id", "abstains")
    return {str(pk): reason for pk, reason in said}


class ReadCase(Endpoint):
    """Everything the reading page needs of one study, in one answer."""

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(ReadCaseWire))
    def get(self, request: Request, study_id: str) -> Response:
        study = self.row(visible_studies(user_of(request)), pk=study_id)
        return Response(read_case(user_of(request), study))
