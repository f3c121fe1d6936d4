"""One shape for every error: `{detail, code, fields?}`, where `detail` says what to do."""

import errno
import logging
import sys
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.defaults import page_not_found
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from annotation.actions.errors import ActionError, StorageFull, Unavailable
from annotation.actions.files import DISK_ERRORS

logger = logging.getLogger(__name__)
_CODES = {400: "invalid", 401: "not_signed_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_FULL = {errno.ENOSPC, errno.EDQUOT}
# The machine has no file handles or memory left for the moment.
_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
# PostgreSQL's disk_full, and what SQLite says.
_FULL_STATE, _FULL_TEXT = "53100", "database or disk is full"


class PreconditionRequired(exceptions.APIException):
    status_code = 428
    default_code = "precondition_required"
    default_detail = "Send If-Match with the revision you started from."


def _fields(data: Any, prefix: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested error lists into `{"items.0.side": ["..."]}`."""
    if isinstance(data, dict):
        pairs = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in data.items()]
    elif isinstance(data, list) and any(isinstance(item, dict | list) for item in data):
        pairs = [(f"{prefix}.{index}" if prefix else str(index), value) for index, value in enumerate(data)]
    else:
        return {prefix: [str(item) for item in (data if isinstance(data, list) else [data])]} if data else {}
    flat: dict[str, list[str]] = {}
    for key, value in pairs:
        flat.update(_fields(value, key))
    return flat


def failure_of(exc: BaseException | None) -> ActionError | None:
    """What a disk or database that failed means to the person: nothing was saved. None for other errors."""
    if isinstance(exc, OSError) and exc.errno in DISK_ERRORS | _SCARCE:
        full = exc.errno in _FULL
    elif isinstance(exc, RedisError):
        full = False
    elif isinstance(exc, OperationalError | InterfaceError):
        full = _FULL_TEXT in str(exc) or getattr(exc.__cause__, "sqlstate", "") == _FULL_STATE
    else:
        return None
    if full:
        return StorageFull("The server's disk is full; nothing was saved. Free some space and try again.")
    return Unavailable("The server's database or disk did not answer; nothing was saved. Try again.")


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, in our shape."""
    if failure := failure_of(exc):
        logger.error("%s: %s", failure.code, exc, exc_info=exc)
        exc = failure
    if isinstance(exc, ActionError):
        body: dict[str, Any] = {"detail": exc.detail, "code": exc.code}
        if exc.fields:
            body["fields"] = exc.fields
        return Response(body, status=exc.status)
    if isinstance(exc, ValidationError):
        exc = exceptions.ValidationError(exc.messages)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound("There is nothing here, or it is not yours to see.")
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(str(exc) or None)
    response = drf_exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        fields = _fields(exc.detail)
        first = next(iter(fields.items()), ("", ["The request is not valid."]))
        name = first[0] if first[0] not in {"", "non_field_errors"} else ""
        detail = f"{name}: {first[1][0]}" if name else first[1][0]
        response.data = {"detail": detail, "code": "invalid", "fields": fields}
    else:
        api_error = cast(exceptions.APIException, exc)
        code = _CODES.get(response.status_code, str(api_error.get_codes()))
        response.data = {"detail": str(api_error.detail), "code": code}
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """Django's answer to a missing or wrong CSRF token, in our shape."""
    detail = "The page is out of date; reload it and try again."
    return JsonResponse({"detail": detail, "code": "csrf", "reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's answer where no address of ours fits: a page for people, our shape for programs."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    return JsonResponse({"detail": "There is nothing at this address.", "code": "not_found"}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's last answer, to what failed outside the views of the API: sessions, pages, middleware."""
    failure = failure_of(sys.exc_info()[1])
    status = failure.status if failure else 500
    if not request.path.startswith("/api/"):
        return render(request, "500.html", status=status)
    detail = failure.detail if failure else "The server failed; nothing was saved. Try again."
    return JsonResponse({"detail": detail, "code": failure.code if failure else "failed"}, status=status)
