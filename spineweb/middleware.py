"""What every answer says."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

STATEMENT = "For research use only. Not a diagnostic device."


class ResearchUseMiddleware:
    """Says on every answer, pages, API and downloads alike, what the platform is not for."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["X-Intended-Use"] = STATEMENT
        return response
