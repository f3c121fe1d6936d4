"""What every view shares: input that refuses unknown fields, typed answers, paged and filtered lists."""

import datetime
from collections.abc import Callable, Mapping
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NoReturn,
    TypedDict,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import resolve_type_hint
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
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


# --- Typed answers ---------------------------------------------------------------------------------


class Wire(serializers.Serializer[Any]):
    """Carries a TypedDict into the OpenAPI schema; never used to serialise."""

    wire_type: ClassVar[type]
    paged: ClassVar[bool] = False


_WIRES: dict[tuple[str, bool], type[Wire]] = {}


def wire(typed_dict: type, *, paged: bool = False) -> type[Wire]:
    """The OpenAPI component of a TypedDict, for `extend_schema(responses=wire(StudyWire))`."""
    key = (typed_dict.__qualname__, paged)
    if key not in _WIRES:
        name = typed_dict.__name__.removesuffix("Wire") + ("Page" if paged else "")
        _WIRES[key] = type(name, (Wire,), {"wire_type": typed_dict, "paged": paged})
    return _WIRES[key]


def page_of(typed_dict: type) -> type[Wire]:
    """The OpenAPI component of a page of these."""
    return wire(typed_dict, paged=True)


def list_of(typed_dict: type) -> serializers.BaseSerializer[Any]:
    """The OpenAPI schema of a bare array of these."""
    return wire(typed_dict)(many=True)


def _is_typed_dict(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__total__")


def _schema_of(auto_schema: AutoSchema, hint: Any) -> dict[str, Any]:
    """The JSON schema of a type hint, with every TypedDict in it as a named component."""
    if _is_typed_dict(hint):
        return dict(auto_schema.resolve_serializer(wire(hint), "response").ref)
    arguments = get_args(hint)
    if get_origin(hint) is list:
        return {"type": "array", "items": _schema_of(auto_schema, arguments[0])}
    if get_origin(hint) is dict and arguments[1] in {Any, object}:
        return {"type": "object", "additionalProperties": {}}
    if type(None) in arguments and len(arguments) == 2:
        inner = _schema_of(auto_schema, next(a for a in arguments if a is not type(None)))
        return {"allOf": [inner], "nullable": True} if "$ref" in inner else {**inner, "nullable": True}
    return dict(resolve_type_hint(hint))  # type: ignore[no-untyped-call]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


class WireSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Writes a TypedDict's schema from its type hints."""

    target_class = Wire
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Literal["request", "response"]) -> str:
        return str((self.target if isinstance(self.target, type) else type(self.target)).__name__)

    def map_serializer(
        self, auto_schema: AutoSchema, direction: Literal["request", "response"]
    ) -> dict[str, Any]:
        typed_dict = self.target.wire_type
        if self.target.paged:
            results = {"type": "array", "items": _schema_of(auto_schema, typed_dict)}
            numbers = {name: {"type": "integer"} for name in ("count", "page", "page_size")}
            return _object({**numbers, "results": results})
        hints = get_type_hints(typed_dict)
        return _object({name: _schema_of(auto_schema, hint) for name, hint in hints.items()})


class ErrorWire(TypedDict):
    detail: str
    code: str


def iso(moment: datetime.datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


# --- Lists -----------------------------------------------------------------------------------------

Filter = Callable[[QuerySet[Any], str], QuerySet[Any]]


def exact(path: str, choices: list[str] | None = None) -> Filter:
    """Equality on one column; with choices, anything else is a 400."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if choices is not None and value not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return rows.filter(**{path: value})

    return apply


def identifier(path: str) -> Filter:
    """Equality on a UUID column."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        field = serializers.UUIDField()
        try:
            return rows.filter(**{path: field.to_internal_value(value)})
        except ValidationError as error:
            raise ValueError("must be an id (a UUID)") from error

    return apply


def contains(*paths: str) -> Filter:
    """Case-insensitive search in the named columns."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        condition = Q()
        for path in paths:
            condition |= Q(**{f"{path}__icontains": value[:100]})
        return rows.filter(condition)

    return apply


def yes_no(when_true: Q) -> Filter:
    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in {"true", "false"}:
            raise ValueError("must be true or false")
        return rows.filter(when_true) if value == "true" else rows.exclude(when_true)

    return apply


def on_date(path: str) -> Filter:
    """Comparison with an ISO date; `path` carries the lookup, as in `visit_date__gte`."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        try:
            return rows.filter(**{path: datetime.date.fromisoformat(value)})
        except ValueError as error:
            raise ValueError("must be a date such as 2026-03-31") from error

    return apply


class PageWire(TypedDict):
    count: int
    page: int
    page_size: int
    results: list[Any]


class Listing(Generic[Row]):
    """One list: its rows, the filters and orderings it allows, and how a row is written.

    Anything else in the query string is a 400, so that no ORM path can be reached from outside.
    """

    def __init__(
        self,
        *,
        filters: dict[str, Filter],
        orderings: dict[str, tuple[str, ...]],
        default_ordering: str,
    ) -> None:
        self.filters = filters
        self.orderings = orderings
        self.default_ordering = default_ordering

    def parameters(self) -> list[OpenApiParameter]:
        """For the OpenAPI schema."""
        names = [OpenApiParameter(name, str) for name in self.filters]
        ordering = OpenApiParameter("ordering", str, enum=sorted(self.orderings))
        numbers = [OpenApiParameter(name, OpenApiTypes.INT) for name in ("page", "page_size")]
        return [*names, ordering, *numbers]

    def page(
        self, rows: QuerySet[Row], query: Mapping[str, str], write: Callable[[QuerySet[Row]], list[Any]]
    ) -> PageWire:
        """Filter, order and cut `rows` as the query string asks; `write` gives one page its wire form."""
        allowed = {*self.filters, "ordering", "page", "page_size"}
        for name in query:
            if name not in allowed:
                raise ValidationError(
                    {name: [f"Unknown parameter; allowed are: {', '.join(sorted(allowed))}."]}
                )
        for name, apply in self.filters.items():
            if query.get(name):
                try:
                    rows = apply(rows, query[name])
                except ValueError as error:
                    raise ValidationError({name: [str(error)]}) from error
        ordering = query.get("ordering") or self.default_ordering
        if ordering not in self.orderings:
            raise ValidationError({"ordering": [f"must be one of: {', '.join(sorted(self.orderings))}"]})
        number, size = _whole(query, "page", 1, 1_000_000), _whole(query, "page_size", 50, 200)
        count = rows.count()
        start = (number - 1) * size
        cut = rows.order_by(*self.orderings[ordering])[start : start + size] if start < count else rows.none()
        return {"count": count, "page": number, "page_size": size, "results": write(cut)}


def _whole(query: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= highest:
        raise ValidationError({name: [f"must be a whole number from 1 to {highest}"]})
    return int(text)


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
