"""Surveys of snapshots: asked for once each, their folder filled, their numbers kept."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Abs

from annotation.actions.errors import ActionError
from annotation.actions.measurements import corners_of
from annotation.actions.takenover import Sources
from annotation.models import Image, LandmarkRevision, User
from annotation.models.images import ImageKind
from annotation.spine import cobb
from annotation.spine.schemas import LandmarkSchema
from inference.actions.announcements import announce
from inference.actions.materials import cases_of
from inference.actions.running import Hold
from inference.actions.snapshots import usable_images
from inference.models import DatasetSnapshot, JobState, SurveyJob
from inference.rundir import RunDir, RunError

# Small enough to be no curve at all: a straight spine has an angle too.
_ANY_DEG = 1e-3
_AT_ONCE = 200


@transaction.atomic
def ask(*, actor: User, snapshot: DatasetSnapshot) -> SurveyJob | None:
    """The survey of a snapshot, to be run now: a new one, or a failed one again. None where none is due.

    A survey changes nothing that anybody decided, so the audit does not name it.
    """
    job, made = SurveyJob.objects.get_or_create(
        snapshot=snapshot,
        defaults={
            "project": snapshot.project,
            "name": f"Survey of {snapshot.name}"[:120],
            "created_by": actor,
        },
    )
    if not (made or SurveyJob.objects.all().resume(job.pk)):
        return None
    job.refresh_from_db()
    announce(job)
    return job


def prepare(job: SurveyJob, run: RunDir, tick: Callable[[], None]) -> None:
    """Write the folder of a survey: of the images that may still be used, and no others.

    Raises RunError where there are none any more, OSError where a disk or the store fails.
    """
    snapshot = job.snapshot
    live = {str(pk) for pk in usable_images(snapshot.project).values_list("pk", flat=True)}
    entries = [
        entry
        for entry in snapshot.entries
        if entry["image"] in live and ("film" not in entry or entry["film"]["image"] in live)
    ]
    if not entries:
        raise RunError("All images of this snapshot were withdrawn or deleted; there is nothing to measure.")
    cases = cases_of(snapshot, entries, run, tick, wants_depth=True)
    schema = LandmarkSchema.from_dict(snapshot.manifest["schema"])
    cobb_deg, source = _angles(snapshot.target, schema, entries)
    spec = {
        "kind": "survey",
        "job": str(job.pk),
        "points": list(schema.point_names),
        "is_film": snapshot.target == "radiograph",
        "cobb_deg": cobb_deg,
        "cobb_source": source,
        "taken_over": _taken_over(entries),
        "left_out": len(snapshot.entries) - len(entries),
    }
    run.write_spec(spec, cases)


@transaction.atomic
def finish(*, hold: Hold, run: RunDir) -> SurveyJob | None:
    """Succeed, and keep the numbers; None when fenced: then nothing was written. The folder is removed."""
    job, spec = hold.job, run.spec()
    if not isinstance(job, SurveyJob):
        raise TypeError("only a survey has these numbers")
    result = {**run.result(), **{name: spec[name] for name in ("cobb_source", "taken_over", "left_out")}}
    if not hold.rows.leave(job.pk, hold.token, JobState.SUCCEEDED, result=result):
        return None
    announce(job)
    # Its pictures have done their service. What cannot be removed now, the pruning of run folders will.
    transaction.on_commit(run.remove, robust=True)
    return job


def _angles(
    target: str, schema: LandmarkSchema, entries: list[dict[str, Any]]
) -> tuple[dict[str, float], str]:
    """The largest Cobb angle by image, and whether it is of the frozen points or of what readers measured."""
    if target == "radiograph" and "L1_TL" in schema.point_names:
        return _of_points(entries), "landmarks"
    return _of_readers(entries), "measurements"


def _frozen_revisions(entries: list[dict[str, Any]]) -> Iterator[tuple[str, LandmarkRevision]]:
    """Each entry's image, and the revision of its points that was frozen."""
    wanted = {(entry["set"], entry["revision"]): entry["image"] for entry in entries}
    rows = LandmarkRevision.objects.filter(landmark_set__in={key[0] for key in wanted})
    for row in rows.iterator():
        image = wanted.get((str(row.landmark_set_id), row.number))
        if image is not None:
            yield image, row


def _taken_over(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """How many of the points there are, and how many lie where which model had placed them: a network that
    learns from these learns what the other one said."""
    films = [entry["film"] for entry in entries if "film" in entry]
    corners = [{"image": film["image"], **film["corners"]} for film in films if film.get("corners")]
    frozen = [*entries, *films, *corners]
    total = 0
    points: Counter[str] = Counter()
    images: dict[str, set[str]] = defaultdict(set)
    for start in range(0, len(frozen), _AT_ONCE):
        part = frozen[start : start + _AT_ONCE]
        sources = Sources({uuid.UUID(label["set"]) for label in part})
        for image, row in _frozen_revisions(part):
            total += len(row.points)
            for source, number in sources.counted(row.landmark_set_id, row.number, row.points):
                if label := source.landmark_set.model_label:
                    points[label] += number
                    images[label].add(image)
    models = [
        {"label": label, "points": number, "images": len(images[label])}
        for label, number in points.most_common()
    ]
    return {"points": total, "models": models}


def _of_points(entries: list[dict[str, Any]]) -> dict[str, float]:
    """From the vertebrae of each film; a film whose vertebrae give no angle has none."""
    found = {}
    for image, row in _frozen_revisions(entries):
        try:
            curves = cobb.find_curves(*corners_of(row.points), least_deg=_ANY_DEG)
        except (ActionError, ValueError):
            continue
        found[image] = max((abs(curve.angle_deg) for curve in curves), default=0.0)
    return found


def _of_readers(entries: list[dict[str, Any]]) -> dict[str, float]:
    """The largest angle that readers measured on a real film of the image's visit, and did not retract."""
    measured = "study__measurements__"
    stands = Q(**{f"{measured}retracted_at": None, f"{measured}image__kind": ImageKind.RADIOGRAPH})
    rows = (
        Image.objects.filter(pk__in=[entry["image"] for entry in entries])
        .annotate(largest=Max(Abs(f"{measured}signed_angle_deg"), filter=stands))
        .exclude(largest=None)
    )
    return {str(pk): largest for pk, largest in rows.values_list("pk", "largest")}
