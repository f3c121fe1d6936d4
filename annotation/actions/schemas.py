"""Landmark schemas of a project: the built-in ones and those its admins added."""

from django.db import IntegrityError, transaction

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import LandmarkSchema, Project, User
from annotation.spine import schemas


def schema_of(project: Project, name: str) -> schemas.LandmarkSchema:
    """The schema of that name which the project may use. Raises ActionError when there is none."""
    built_in = schemas.BUILT_IN.get(name)
    if built_in is not None:
        return built_in
    row = LandmarkSchema.objects.filter(project=project, name=name).first()
    if row is None:
        raise ActionError(f"This project has no landmark schema named {name!r}.", field="schema")
    return schemas.LandmarkSchema.from_dict(row.definition)


def schemas_of(project: Project) -> list[schemas.LandmarkSchema]:
    """Every schema the project may use: the built-in ones first, then its own by name."""
    own = LandmarkSchema.objects.filter(project=project).order_by("name")
    return [*schemas.BUILT_IN.values(), *(schemas.LandmarkSchema.from_dict(row.definition) for row in own)]


@transaction.atomic
def add_schema(*, actor: User, project: Project, definition: dict[str, object]) -> schemas.LandmarkSchema:
    """Add a schema from its definition (see `spine.schemas.LandmarkSchema.from_dict`)."""
    try:
        schema = schemas.LandmarkSchema.from_dict(definition)
    except ValueError as error:
        raise ActionError(str(error)) from error
    if schema.name in schemas.BUILT_IN:
        raise Conflict(f"{schema.name} is a built-in schema; choose another name.", field="name")
    try:
        with transaction.atomic():
            row = LandmarkSchema.objects.create(
                project=project, name=schema.name, definition=schema.to_dict(), created_by=actor
            )
    except IntegrityError as error:
        raise Conflict(
            f"This project has a schema named {schema.name} already; choose another name.", field="name"
        ) from error
    record(actor=actor, action="schema.add", target=row, summary=schema.name, project=project)
    return schema
