"""Saving landmarks: append-only, from a named revision, exactly once per key."""

import math
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import ActionError
from annotation.actions.schemas import schema_of
from annotation.actions.summaries import refresh
from annotation.models import Image, LandmarkRevision, LandmarkSet, User
from annotation.models.images import ImageKind
from annotation.spine.schemas import LandmarkSchema

STATES = ("placed", "uncertain", "occluded", "missing")
# How far outside the picture a point may lie, as a share of its larger side: anatomy goes on past the edge.
_MARGIN = 0.25


class StaleError(Exception):
    """The set moved on since the revision the save was made from. `current` is what it is now."""

    def __init__(self, current: LandmarkSet) -> None:
        super().__init__("stale")
        self.current = current


def check_points(points: list[dict[str, Any]], schema: LandmarkSchema, image: Image) -> list[dict[str, Any]]:
    """The points in schema order and canonical form. Raises ActionError naming the first that is wrong."""
    order = {point.name: index for index, point in enumerate(schema.all_points)}
    seen: dict[str, dict[str, Any]] = {}
    reach = _MARGIN * max(image.width, image.height)
    for point in points:
        name, state, x, y = point["name"], point["state"], point.get("x"), point.get("y")
        if name not in order:
            raise ActionError(f"{name!r} is not a point of {schema.name}.", fields={"points": [name]})
        if name in seen:
            raise ActionError(f"{name} is given twice.", fields={"points": [name]})
        if state == "missing":
            if x is not None or y is not None:
                raise ActionError(f"{name} is missing, so it has no x and y.", fields={"points": [name]})
        elif x is None or y is None:
            raise ActionError(f"{name} needs an x and a y, or the state missing.", fields={"points": [name]})
        elif not (
            math.isfinite(x + y)
            and -reach <= x <= image.width + reach
            and -reach <= y <= image.height + reach
        ):
            raise ActionError(f"{name} lies too far outside the image.", fields={"points": [name]})
        seen[name] = {"name": name, "x": x, "y": y, "state": state}
    return sorted(seen.values(), key=lambda point: order[point["name"]])


def _asked(schema: LandmarkSchema, points: list[dict[str, Any]]) -> int:
    """How many points a set with these has when it is complete."""
    return len(schema.asked({point["name"] for point in points}))


def _check_target(schema: LandmarkSchema, image: Image) -> None:
    film = image.kind in {ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH}
    if (schema.target == "radiograph") != film:
        raise ActionError(f"{schema.name} is for a {schema.target}, this image is a {image.kind}.")


@transaction.atomic
def save(
    *,
    user: User,
    image: Image,
    schema: str,
    points: list[dict[str, Any]],
    base_revision: int,
    idempotency_key: uuid.UUID,
    comment: str = "",
    began_from: LandmarkRevision | None = None,
) -> LandmarkSet:
    """Append a revision to the user's own set on an image.

    `base_revision` is the revision the points were made from (0 for none): another one stored by now raises
    StaleError with the current set, and nothing is written. The same key again returns the set as that save
    left it, whatever was saved since: who lost the first answer learns no newer revision unseen.
    """
    definition = schema_of(image.project, schema)
    _check_target(definition, image)
    canonical = check_points(points, definition, image)
    landmark_set = _locked(image, schema, user)
    newest_or_same = Q(number=landmark_set.revision) | Q(idempotency_key=idempotency_key)
    found = landmark_set.revisions.filter(newest_or_same).order_by()
    known = dict(found.values_list("idempotency_key", "digest"))
    if idempotency_key in known:
        return _as_of(landmark_set, idempotency_key, definition)
    if landmark_set.revision != base_revision:
        raise StaleError(landmark_set)
    digest = next(iter(known.values()), "")
    was = (landmark_set.complete, landmark_set.verdict)
    abstains = _abstention(landmark_set, canonical, began_from)
    _append(landmark_set, canonical, digest, user, idempotency_key, comment, began_from, abstains)
    asked = _asked(definition, canonical)
    landmark_set.complete = len(canonical) == asked
    landmark_set.save(update_fields=["revision", "saved_at", "points", "complete", "verdict"])
    summary = f"{schema} revision {landmark_set.revision}: {len(canonical)} of {asked} points"
    record(actor=user, action="landmarks.save", target=landmark_set, summary=summary, project=image.project)
    if (landmark_set.complete, landmark_set.verdict) != was or landmark_set.revision == 1:
        refresh(image.study)
    return landmark_set


def _abstention(
    landmark_set: LandmarkSet, points: list[dict[str, Any]], began_from: LandmarkRevision | None
) -> str:
    """Why a model gives no angle with the points, where one of the revisions that the set was ever begun from
    says so and none of the points lies elsewhere: to accept is not to correct."""
    sources = set(landmark_set.revisions.exclude(began_from=None).values_list("began_from_id", flat=True))
    if began_from is not None:
        sources.add(began_from.pk)
    if not sources:
        return ""
    places = {(point["name"], point["x"], point["y"]) for point in points if point["x"] is not None}
    said = LandmarkRevision.objects.filter(pk__in=sources).exclude(abstains="").order_by("-pk")
    for known, reason in said.values_list("points", "abstains"):
        if places <= {(point["name"], point["x"], point["y"]) for point in known}:
            return str(reason)
    return ""


def _as_of(landmark_set: LandmarkSet, key: uuid.UUID, schema: LandmarkSchema) -> LandmarkSet:
    """The (unsaved) set at the revision that this key made."""
    made = landmark_set.revisions.get(idempotency_key=key)
    if made.number != landmark_set.revision:
        landmark_set.revision, landmark_set.points = made.number, made.points
        landmark_set.saved_at, landmark_set.verdict = made.saved_at, ""
        landmark_set.complete = len(made.points) == _asked(schema, made.points)
    return landmark_set


def _locked(image: Image, schema: str, author: User | None, model_label: str = "") -> LandmarkSet:
    """The author's set, made where there is none, and locked until the commit: of two saves from one
    revision the second waits here, and is then the stale one."""
    rows = LandmarkSet.objects.select_for_update(of=("self",))
    names: dict[str, Any] = {
        "image": image,
        "schema": schema,
        "author": author,
        "model_label": model_label,
    }
    try:
        found = rows.get(**names)
    except LandmarkSet.DoesNotExist:
        LandmarkSet.objects.get_or_create(**names)
        found = rows.get(**names)
    # Already in memory: what is written of a set names its author.
    found.author, found.image = author, image
    return found


def _append(
    landmark_set: LandmarkSet,
    points: list[dict[str, Any]],
    previous_digest: str,
    author: User | None,
    key: uuid.UUID,
    comment: str,
    began_from: LandmarkRevision | None,
    abstains: str = "",
) -> None:
    """Write the next revision and move the (unsaved) set to it."""
    landmark_set.revision += 1
    landmark_set.verdict = ""
    landmark_set.points = points
    landmark_set.saved_at = timezone.now()
    LandmarkRevision.objects.create(
        landmark_set=landmark_set,
        number=landmark_set.revision,
        points=points,
        author=author,
        saved_at=landmark_set.saved_at,
        comment=comment,
        abstains=abstains,
        began_from=began_from,
        idempotency_key=key,
        digest=LandmarkRevision.digest_of(points, previous_digest),
    )


@transaction.atomic
def save_prediction(
    *, image: Image, schema: str, points: list[dict[str, Any]], model_label: str, abstains: str = ""
) -> LandmarkSet:
    """A model's points, as a set of its own: a new revision each time it predicts.

    `abstains`: why the model gives no angle with them.
    """
    definition = schema_of(image.project, schema)
    _check_target(definition, image)
    canonical = check_points(points, definition, image)
    landmark_set = _locked(image, schema, None, model_label)
    newest = landmark_set.revisions.filter(number=landmark_set.revision)
    digest = newest.values_list("digest", flat=True).first() or ""
    _append(landmark_set, canonical, digest, None, uuid.uuid4(), "", None, abstains)
    landmark_set.complete = len(canonical) == _asked(definition, canonical)
    landmark_set.save(update_fields=["revision", "saved_at", "points", "complete", "verdict"])
    summary = f"{schema} by {model_label}"
    record(
        actor=None, action="landmarks.predict", target=landmark_set, summary=summary, project=image.project
    )
    return landmark_set


def broken_links(landmark_set: LandmarkSet) -> list[int]:
    """The revision numbers whose points or place in the chain were changed after they were saved."""
    broken, previous = [], ""
    for expected, revision in enumerate(landmark_set.revisions.order_by("number"), start=1):
        if revision.number != expected or revision.digest != LandmarkRevision.digest_of(
            revision.points, previous
        ):
            broken.append(revision.number)
        previous = revision.digest
    return broken
