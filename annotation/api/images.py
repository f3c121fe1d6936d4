"""One image and its bytes. Bytes are served only through here: a permission check and a ledger row each."""

from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions import calibration
from annotation.actions.audit import record_access
from annotation.actions.files import open_stored
from annotation.api.base import Endpoint, Input, parse, user_of
from annotation.api.studies import sets_by_image
from annotation.api.wires import ImageWire, image_wire
from annotation.api.wiretypes import wire
from annotation.models import Image, StoredFile
from annotation.permissions import Capability, InProject


class OneImage(Endpoint):
    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}

    @extend_schema(responses=wire(ImageWire))
    def get(self, request: Request, image_id: str) -> Response:
        user = user_of(request)
        rows = Image.objects.visible_to(user).select_related("acquisition", "project")
        image = self.row(rows, pk=image_id)
        return Response(image_wire(image, sets_by_image(user, [image])[image.pk]))


class KnownLengthInput(Input):
    ends = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        min_length=2,
        max_length=2,
    )
    length_mm = serializers.FloatField()


class KnownLength(Endpoint):
    """The scale of a film by something of known length on it."""

    permission_classes = [InProject]
    capabilities = {"PUT": Capability.LABEL, "DELETE": Capability.LABEL}

    def _image(self, request: Request, image_id: str) -> Image:
        rows = Image.objects.visible_to(user_of(request)).select_related("acquisition", "project")
        return self.row(rows, pk=image_id)

    def _answer(self, request: Request, image: Image) -> Response:
        return Response(image_wire(image, sets_by_image(user_of(request), [image])[image.pk]))

    @extend_schema(request=KnownLengthInput, responses=wire(ImageWire))
    def put(self, request: Request, image_id: str) -> Response:
        image = self._image(request, image_id)
        given = parse(KnownLengthInput, request)
        return self._answer(
            request, calibration.set_known_length(actor=user_of(request), image=image, **given)
        )

    @extend_schema(responses=wire(ImageWire))
    def delete(self, request: Request, image_id: str) -> Response:
        image = self._image(request, image_id)
        return self._answer(request, calibration.forget_known_length(actor=user_of(request), image=image))


# Which of an image's files each variant is.
_FILES = {"view": "view", "thumbnail": "thumbnail", "depth": "depth_npy", "file": "pixels"}


class ImageBytes(Endpoint):
    """A picture of the image: `view` and `thumbnail` for the eye, `depth` (npy) and `file` for numbers.

    The bytes never change, so the browser may keep them, but it asks each time and hears 304: consent
    that is withdrawn, or a member who has left, takes effect at once. Only thumbnails wait a minute.
    """

    permission_classes = [InProject]
    capabilities = {"GET": Capability.VIEW}
    variant = "view"

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, image_id: str) -> FileResponse | HttpResponse:
        user = user_of(request)
        image = self.row(
            Image.objects.visible_to(user).select_related(_FILES[self.variant]),
            pk=image_id,
        )
        stored: StoredFile | None = getattr(image, _FILES[self.variant])
        if stored is None:
            raise NotFound("This image has no depth values; ask for the depth image of the acquisition.")
        etag = f'"{stored.sha256}"'
        if request.headers.get("If-None-Match") == etag:
            response: FileResponse | HttpResponse = HttpResponseNotModified()
        else:
            record_access(user=user, image=image, variant=self.variant)
            response = FileResponse(open_stored(stored), content_type=stored.media_type)
            if self.variant == "depth":
                response["Content-Type"] = "application/octet-stream"
                response["Content-Encoding"] = "gzip"
        response["ETag"] = etag
        response["Cache-Control"] = (
            "private, max-age=60" if self.variant == "thumbnail" else "private, no-cache"
        )
        return response
