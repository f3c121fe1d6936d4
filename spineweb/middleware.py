"""What every request must be, and what every answer says."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

STATEMENT = "For research use only. Not a diagnostic device."

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ResearchUseMiddleware:
    """Says on every answer, pages, API and downloads alike, what the platform is not for."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["X-Intended-Use"] = STATEMENT
        return response


class BoundedRequestMiddleware:
    """Refuses what no page ever sends, before anything reads it.

    A body larger than one chunk of an upload: left alone, a form's files would fill the temporary folder,
    their sender not even signed in. A NUL character in the query: PostgreSQL takes none.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # A body without a length is read as an empty one (WSGI), so the length is the whole truth.
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if not length.isascii() or not length.isdecimal():
            return _refusal(400, "invalid", "The length of the request is not a number.")
        if len(length) > 15 or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _refusal(413, "too_large", "One request takes at most 8 MiB; send files in chunks.")
        if "%00" in request.META.get("QUERY_STRING", ""):
            return _refusal(400, "invalid", "The address holds a NUL character; remove it.")
        return self.get_response(request)


def _refusal(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)
