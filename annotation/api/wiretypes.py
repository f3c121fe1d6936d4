"""Answers are TypedDicts; this carries them into the OpenAPI schema."""

from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import resolve_type_hint
from rest_framework import serializers


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
