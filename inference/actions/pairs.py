"""Freezing backs and films of one visit: what the synthesis of X-rays is learned from."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from annotation.actions.errors import ActionError
from annotation.actions.schemas import schema_of
from annotation.models import Image, LandmarkRevision, Project, User
from inference.actions.selection import Choice, select
from inference.actions.snapshots import (
    DEFAULT_CHOICE,
    IMAGE_KIND,
    Draft,
    entries_of,
    keep,
    pixels_of,
    usable_images,
)
from inference.models import DatasetSnapshot

# A film is brought to its back by the two points of this schema.
FILM_SCHEMA = "xray2"
# Where a film has it too, it says where the vertebrae lie.
CORNER_SCHEMA = "vertebrae68"


def draft_pairs(*, project: Project, schema: str, seed: int, choice: Choice) -> Draft:
    """What `freeze_pairs` would freeze.

    Left out is said of the backs; `without_film` are those with no X-ray that enters, `another` those of a
    visit that has a pair already. Raises ActionError for a film whose side nobody has confirmed.
    """
    back, film = schema_of(project, schema), schema_of(project, FILM_SCHEMA)
    if back.target != "back":
        raise ActionError(f"{back.title} is for X-rays; choose the points of the back.", field="schema")
    usable = usable_images(project)
    selected = select(project, usable, IMAGE_KIND["back"], back.name, choice)
    backs = _first_by_study(selected.revisions)
    kind = IMAGE_KIND["radiograph"]
    films = _first_by_study(select(project, usable, kind, FILM_SCHEMA, choice).revisions)
    cornered = select(project, usable, kind, CORNER_SCHEMA, choice).revisions
    corner_schema = schema_of(project, CORNER_SCHEMA)
    # A set may be complete with a vertebra that is not on the film: whoever learns all of them cannot use it.
    corners = {
        row.landmark_set.image_id: row for row in cornered if _is_placed(row, corner_schema.point_names)
    }
    both = sorted(backs.keys() & films.keys())
    empty = (
        f"No visit has both a back labelled in {back.title} and an X-ray labelled in {film.title}: "
        f"{len(backs)} have the back, {len(films)} the X-ray."
    )
    entries = entries_of(project, [backs[study] for study in both], seed, choice)
    film_by_back = {str(backs[study].landmark_set.image_id): films[study] for study in both}
    manifest = {
        "schema": back.to_dict(),
        "film_schema": film.to_dict(),
        "target": "pair",
        "choice": choice.to_dict(),
        "seed": seed,
        "corner_schema": corner_schema.to_dict(),
        "entries": [{**entry, "film": _film(film_by_back[entry["image"]], corners)} for entry in entries],
    }
    left_out = {
        **selected.left_out,
        "another": len(selected.revisions) - len(backs),
        "without_film": len(backs) - len(both),
    }
    return Draft(manifest, left_out, empty)


@transaction.atomic
def freeze_pairs(
    *, actor: User, project: Project, name: str, schema: str, seed: int, choice: Choice = DEFAULT_CHOICE
) -> DatasetSnapshot:
    """Freeze each visit whose back is completely labelled in `schema` and whose film is in `xray2`; with the
    film's vertebral corners where all of these are placed and enter by the same choice.

    One pair a visit: of several backs or films the first that came in, so that no visit counts twice. Raises
    ActionError where there are none, fewer than two subjects, or a film whose side nobody has confirmed.
    """
    found = draft_pairs(project=project, schema=schema, seed=seed, choice=choice)
    return keep(actor=actor, project=project, name=name, draft=found)


def _first_by_study(revisions: list[LandmarkRevision]) -> dict[Any, LandmarkRevision]:
    in_order = sorted(
        revisions, key=lambda row: (row.landmark_set.image.created_at, row.landmark_set.image_id)
    )
    return {row.landmark_set.image.study_id: row for row in reversed(in_order)}


def _film(revision: LandmarkRevision, corners: dict[uuid.UUID, LandmarkRevision]) -> dict[str, Any]:
    image: Image = revision.landmark_set.image
    if not image.acquisition.side_confirmed:
        raise ActionError(
            f"The side of an X-ray of {image.study.subject.pseudonym} is not confirmed, so nobody can say "
            "whether it lies as the back does. Confirm it on the reading page and freeze again."
        )
    return {
        "image": str(image.pk),
        "pixels": pixels_of(image).sha256,
        "width": image.width,
        "height": image.height,
        "mirrored": image.acquisition.display_flip,
        **_frozen(revision),
        "corners": _frozen(corners[image.pk]) if image.pk in corners else None,
    }


def _is_placed(revision: LandmarkRevision, names: Iterable[str]) -> bool:
    """Whether every one of these points has a place."""
    placed = {point["name"] for point in revision.points if point["x"] is not None}
    return placed.issuperset(names)


def _frozen(revision: LandmarkRevision) -> dict[str, Any]:
    return {
        "set": str(revision.landmark_set_id),
        "revision": revision.number,
        "revision_digest": revision.digest,
    }
