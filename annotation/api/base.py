"""What every view shares: who asks, input that refuses unknown fields, rows a person may see."""

import datetime
from collections.abc import Mapping
from typing import Any, NoReturn, TypedDict, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from annotation.models import User
from annotation.models.cohort import remember_roles

Row = TypeVar("Row", bound=Model)


def user_of(request: Request) -> User:
    """The signed-in user, typed. Only for views whose permission class asks for one."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("This view needs a permission class that asks for a signed-in user.")
    return user


class Input(serializers.Serializer[Any]):
    """A request body. A field that is not on the list is an error, not silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise ValidationError(
                    {name: ["This field is not known here; remove it."] for name in unknown}
                )
        return super().to_internal_value(data)


def parse(serializer: type[Input], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """The validated body of a request, or a 400 that names each field."""
    bound = serializer(data=request.data, partial=partial)
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


class ErrorWire(TypedDict):
    detail: str
    code: str


def iso(moment: datetime.datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


class Endpoint(APIView):
    """The base of every API view."""

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if isinstance(request.user, User):
            remember_roles(request.user)

    def row(self, rows: QuerySet[Row], **lookup: Any) -> Row:
        """The one row, or a 404; then the view's object permission on it."""
        try:
            found = rows.get(**lookup)
        except ObjectDoesNotExist:
            self.missing()
        self.check_object_permissions(self.request, found)
        return found

    @staticmethod
    def missing() -> NoReturn:
        """Answer 404: not there, or not this person's to know of."""
        raise Http404
