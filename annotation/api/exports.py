"""Downloads of a project's landmarks and measurements, streamed."""

from collections.abc import Callable, Iterator

from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from annotation.actions import exports
from annotation.actions.audit import record
from annotation.api.base import Endpoint, user_of
from annotation.models import Project
from annotation.permissions import Capability, InProject

EXPORTS: dict[str, tuple[Callable[[Project], Iterator[bytes]], str]] = {
    "landmarks.csv": (exports.landmarks_csv, "text/csv; charset=utf-8"),
    "landmarks.json": (exports.landmarks_json, "application/json"),
    "measurements.csv": (exports.measurements_csv, "text/csv; charset=utf-8"),
    "measurements.json": (exports.measurements_json, "application/json"),
    "film-notes.csv": (exports.film_notes_csv, "text/csv; charset=utf-8"),
    "coco.json": (exports.coco_json, "application/json"),
}


class Export(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.EXPORT}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, project_id: str, name: str) -> StreamingHttpResponse:
        user = user_of(request)
        project = self.row(Project.objects.visible_to(user), pk=project_id)
        if name not in EXPORTS:
            raise NotFound(f"There is no such export; choose one of: {', '.join(EXPORTS)}.")
        write, content_type = EXPORTS[name]
        with transaction.atomic():
            record(actor=user, action="export", target=project, summary=name, project=project)
        response = StreamingHttpResponse(write(project), content_type=content_type)
        stem = f"{slugify(project.name) or 'project'}-{timezone.now():%Y%m%d}-research-only"
        response["Content-Disposition"] = f'attachment; filename="{stem}-{name}"'
        return response
