"""Lists: paged, and filtered and ordered by what each list allows and nothing else."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypedDict, TypeVar

from django.db.models import Model, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

Row = TypeVar("Row", bound=Model)
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
        number, size = whole(query, "page", 1, 1_000_000), whole(query, "page_size", 50, 200)
        count = rows.count()
        start = (number - 1) * size
        cut = rows.order_by(*self.orderings[ordering])[start : start + size] if start < count else rows.none()
        return {"count": count, "page": number, "page_size": size, "results": write(cut)}


def whole(query: Mapping[str, str], name: str, default: int, highest: int) -> int:
    """A whole number of the query, from 1; a 400 for anything else."""
    text = query.get(name) or str(default)
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= highest:
        raise ValidationError({name: [f"must be a whole number from 1 to {highest}"]})
    return int(text)
