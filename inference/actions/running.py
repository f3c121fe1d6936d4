"""What the worker that holds a job writes, always with its token: claim, beat, finish, hand back, sweep."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from annotation.actions.audit import record
from annotation.actions.files import sha256_of, store
from annotation.actions.landmarks import save_prediction
from annotation.actions.synthetic import add_film, store_film
from annotation.models import Image, Project, StoredFile
from inference.actions.announcements import AnyJob, announce
from inference.actions.pairs import FILM_SCHEMA
from inference.actions.snapshots import usable_images
from inference.models import (
    InferenceJob,
    JobState,
    ModelVersion,
    Prediction,
    Refusal,
    SurveyJob,
    SyntheticFilm,
    TrainingJob,
)
from inference.models.jobs import MOST_ATTEMPTS
from inference.models.versions import digest_of_origin
from inference.rundir import RunDir, RunError

LEASE_S = 45.0
# While a result is written nobody beats, and weights may be on their way to a slow store.
FINISH_LEASE_S = 600.0
# A pending job whose message may have been lost is rung for again after this long.
RING_AGAIN_S = 60.0

_POINT = ("name", "x", "y", "state")
JobModel = type[TrainingJob] | type[InferenceJob] | type[SurveyJob]
Heard = Literal["ok", "cancel", "fenced"]


@dataclass(frozen=True, slots=True)
class Hold:
    """A claimed job and the token of the claim."""

    job: AnyJob
    token: int

    @property
    def rows(self) -> Any:
        return type(self.job).objects.all()


def claim(*, model: JobModel, pk: uuid.UUID, lease_s: float = LEASE_S) -> Hold | None:
    """Take a job, or None where there is nothing to take."""
    token = model.objects.all().claim(pk, lease_s=lease_s)
    if token is None:
        return None
    job = model.objects.select_related("project").get(pk=pk)
    announce(job)
    return Hold(job, token)


def beat(*, hold: Hold, lines: list[dict[str, Any]], log: str, lease_s: float = LEASE_S) -> Heard:
    """Renew the lease and write new progress lines; what the worker should do now.

    Lines that an earlier try told already may come again, and change nothing.
    """
    job, fields = hold.job, dict[str, Any]()
    if log != job.log:
        fields["log"] = job.log = log
    if lines:
        fields["progress"] = job.progress = progress_of(lines[-1], job.progress)
    epochs = [line for line in lines if line.get("kind") == "epoch"]
    if epochs and isinstance(job, TrainingJob):
        known = len(job.history)
        fields["history"] = job.history = merged_history(job.history, epochs)
        if len(job.history) > known:
            # Whoever gets on is not stuck: tries count from the last finished epoch.
            fields["attempt"] = 1
    if not hold.rows.heartbeat(job.pk, hold.token, lease_s=lease_s, **fields):
        return "fenced"
    if lines:
        announce(job)
    asked = hold.rows.held(job.pk, hold.token).filter(cancel_requested=True).exists()
    return "cancel" if asked else "ok"


def progress_of(line: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """The progress a page shows, from one line of progress.jsonl and what was known."""
    known = dict.fromkeys(("epoch", "epochs", "step", "steps", "eta_s", "loss")) | (before or {})
    if line.get("kind") == "epoch":
        line = {**line, "step": known["steps"], "loss": line.get("validation_loss")}
    return {name: line.get(name, known[name]) for name in known}


def merged_history(history: list[dict[str, Any]], epochs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry per epoch, in order; an epoch that was done again counts once."""
    by_epoch = {entry["epoch"]: entry for entry in history}
    by_epoch.update({line["epoch"]: {k: v for k, v in line.items() if k != "kind"} for line in epochs})
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


@transaction.atomic
def finish_training(*, hold: Hold, run: RunDir) -> ModelVersion | None:
    """Succeed, and make the model version; None when fenced: then nothing was written."""
    job, result = hold.job, run.result()
    if not isinstance(job, TrainingJob):
        raise TypeError("only a training makes a model version")
    weights_path = run.path / "weights.safetensors"
    if not weights_path.is_file() or sha256_of(weights_path) != result["weights_sha256"]:
        raise RunError("The weights in the run folder are not those the result names.")
    weights = store(path=weights_path, media_type="application/vnd.safetensors")
    if not hold.rows.leave(job.pk, hold.token, JobState.SUCCEEDED):
        return None
    project = Project.objects.select_for_update().get(pk=job.project_id)
    number = (ModelVersion.objects.filter(project=project).aggregate(Max("number"))["number__max"] or 0) + 1
    version = ModelVersion(
        project=project,
        name=job.name[:100],
        number=number,
        schema=job.snapshot.schema,
        target=job.snapshot.target,
        architecture=job.recipe["architecture"],
        recipe=job.recipe,
        snapshot=job.snapshot,
        job=job,
        commit=run.spec()["commit"],
        seed=job.recipe["seed"],
        metrics={name: value for name, value in result.items() if name != "weights_sha256"},
        weights=weights,
    )
    version.digest = digest_of_origin(version)
    version.save(force_insert=True)
    label = version.label
    record(actor=job.created_by, action="version.made", target=version, summary=label, project=project)
    announce(job)
    return version


def finish_inference(*, hold: Hold, run: RunDir) -> int | None:
    """Succeed, and save what the network made; of how many images, or None when fenced: nothing was written.

    An image withdrawn while the job ran gets nothing. Raises ActionError where an answer does not fit.
    """
    job = hold.job
    if not isinstance(job, InferenceJob):
        raise TypeError("only an inference answers for images")
    cases = run.result()["cases"]
    # Bytes first, outside the transaction: no lock is held while disks sync.
    stored = {
        case["image"]: store_film(run.path / "films" / Path(case["film"]).name)
        for case in cases
        if case.get("film") is not None
    }
    with transaction.atomic():
        if not hold.rows.leave(job.pk, hold.token, JobState.SUCCEEDED):
            return None
        live = {
            str(image.pk): image
            for image in usable_images(job.project).filter(pk__in=job.images).select_related("study")
        }
        answered = [case for case in cases if case["image"] in live]
        begun_from = run.spec().get("begun_from", {})
        for case in answered:
            image = live[case["image"]]
            if case.get("flagged"):
                _refuse(job, image, case["flagged"])
                continue
            # What was refused before, as of a film taken in anew, is not refused any more.
            Refusal.objects.filter(image=image, model_version=job.model_version).delete()
            if case["image"] in stored:
                _add_film(job, image, case, stored[case["image"]], begun_from[case["image"]])
            else:
                _place(job, image, job.model_version.schema, case)
        announce(job)
    return len(answered)


def _place(job: InferenceJob, image: Image, schema: str, case: dict[str, Any]) -> None:
    """A landmark set by the job's version, with what the network says of its own doubt."""
    version, placed = job.model_version, case["points"]
    points = [{"state": "placed", **{k: point[k] for k in _POINT if k in point}} for point in placed]
    abstains = (case.get("abstains") or "")[:300]
    landmark_set = save_prediction(
        image=image, schema=schema, points=points, model_label=version.label, abstains=abstains
    )
    told: dict[str, Any] = {
        kind: {point["name"]: point[kind] for point in placed if point.get(kind) is not None}
        for kind in ("confidence", "covariance_px2")
    }
    told["doubts"] = case.get("doubts", [])
    told["major_doubt_deg"] = case.get("major_doubt_deg")
    told["curve_doubts"] = case.get("curves", [])
    Prediction.objects.update_or_create(
        landmark_set=landmark_set, defaults={"model_version": version, "job": job, **told}
    )


def _add_film(
    job: InferenceJob,
    back: Image,
    case: dict[str, Any],
    stored: tuple[StoredFile, StoredFile, tuple[int, int]],
    begun_from: dict[str, Any],
) -> None:
    """A synthetic film, with the points that hold by its making; the same film again changes nothing."""
    version, (pixels, thumbnail, size) = job.model_version, stored
    known = SyntheticFilm.objects.filter(back=back, model_version=version, image__pixels=pixels)
    if known.exists():
        return
    film = add_film(back=back, pixels=pixels, thumbnail=thumbnail, size=size, model_label=version.label)
    SyntheticFilm.objects.create(image=film, back=back, began_from=begun_from, model_version=version, job=job)
    _place(job, film, FILM_SCHEMA, case)


def _refuse(job: InferenceJob, image: Image, reason: str) -> None:
    Refusal.objects.update_or_create(
        image=image, model_version=job.model_version, defaults={"job": job, "reason": reason[:300]}
    )


@transaction.atomic
def end(*, hold: Hold, state: JobState, error: str = "") -> bool:
    """Fail or confirm a cancellation; False when fenced."""
    left = bool(hold.rows.leave(hold.job.pk, hold.token, state, error=error))
    announce(hold.job)
    return left


@transaction.atomic
def crashed(*, hold: Hold, reason: str) -> JobState | None:
    """Back to pending for another try, or failed after the third; None when fenced."""
    row = hold.rows.held(hold.job.pk, hold.token).values("attempt", "cancel_requested").first()
    if row is None:
        return None
    if row["attempt"] >= MOST_ATTEMPTS and not row["cancel_requested"]:
        error = f"Gave up after {MOST_ATTEMPTS} tries. {reason}"
        return JobState.FAILED if end(hold=hold, state=JobState.FAILED, error=error) else None
    return _hand_back(hold, error=reason)


@transaction.atomic
def release(*, hold: Hold, reason: str = "") -> JobState | None:
    """Back to pending through no fault of the job's: the try does not count. None when fenced.

    `reason` says what it has to wait for: a disk, the file store. Without one the worker only stops.
    """
    return _hand_back(hold, error=reason, attempt=F("attempt") - 1)


def _hand_back(hold: Hold, **fields: Any) -> JobState | None:
    """To pending, or to cancelled where somebody asked: a pending job that is to be cancelled has no end."""
    rows, pk, token = hold.rows, hold.job.pk, hold.token
    state = None
    if rows.filter(cancel_requested=False).leave(pk, token, JobState.PENDING, **fields):
        state = JobState.PENDING
    elif rows.leave(pk, token, JobState.CANCELLED):
        state = JobState.CANCELLED
    announce(hold.job)
    return state


def sweep(*, model: JobModel) -> list[uuid.UUID]:
    """Close what can no longer be claimed, and name what somebody should come for.

    Each is named to one sweep only per RING_AGAIN_S, however many sweeps there are.
    """
    rows = model.objects.all()
    for job in rows.expired().select_related("project"):
        if job.cancel_requested:
            _close(job, JobState.CANCELLED, "")
        elif job.attempt >= MOST_ATTEMPTS:
            reason = f"Gave up after {MOST_ATTEMPTS} tries. The worker stopped answering each time."
            _close(job, JobState.FAILED, f"{reason} {job.error}".strip())
    dead = _to_ring(rows.expired(), for_s=LEASE_S / 3)
    return dead + _to_ring(rows.filter(state=JobState.PENDING), for_s=RING_AGAIN_S)


def _to_ring(rows: Any, *, for_s: float) -> list[uuid.UUID]:
    """Those of the rows whose bell is due, each taken by a conditional UPDATE."""
    due = rows.unrung(for_s=for_s)
    return [pk for pk in due.values_list("pk", flat=True) if due.filter(pk=pk).update(rung_at=Now())]


@transaction.atomic
def _close(job: AnyJob, state: JobState, error: str) -> None:
    """End a job that nobody holds any more, unless somebody is heard of after all."""
    if type(job).objects.all().expired().leave(job.pk, job.token, state, error=error):
        record(
            actor=None,
            action=f"{job._meta.model_name}.{state}",
            target=job,
            summary=f"{job.name}: {error}" if error else job.name,
            project=job.project,
        )
        announce(job)
