"""One piece of a file as a request brings it, and where the next one must begin as an answer says it."""

import io

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.chunks import CHUNK_BYTES, Readable, WrongOffset
from annotation.actions.errors import TooLarge

OFFSET = "Upload-Offset"


def chunk_of(request: Request) -> tuple[int, Readable]:
    """Where the chunk begins, by the header Upload-Offset, and its bytes. 400 and 413 for what is none."""
    offset = request.headers.get(OFFSET, "")
    if not offset.isascii() or not offset.isdecimal() or len(offset) > 15:
        raise ValidationError({OFFSET: ["Send this header with the number of bytes sent before."]})
    length = request.headers.get("Content-Length", "0")
    if length.isascii() and length.isdecimal() and int(length) > CHUNK_BYTES:
        raise TooLarge("A chunk has at most 8 MiB; send the file in smaller pieces.")
    return int(offset), request.stream or io.BytesIO()


def with_offset(response: Response, exc: Exception) -> Response:
    """The answer to a chunk that began at a wrong place, with the right one in its header."""
    if isinstance(exc, WrongOffset):
        response[OFFSET] = str(exc.offset)
    return response
