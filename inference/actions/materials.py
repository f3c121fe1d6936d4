"""Filling a job's run folder: images from the file store, landmarks from the revisions a snapshot names."""

import gzip
import shutil
import subprocess
import uuid
import zlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from annotation.actions.files import open_stored
from annotation.actions.schemas import schema_of
from annotation.models import LandmarkRevision, StoredFile
from annotation.spine.schemas import LandmarkSchema
from inference.actions import versions
from inference.actions.beginnings import points_to_begin_from
from inference.actions.sizes import mm_per_px_of
from inference.actions.snapshots import depth_by_image, gone_images, pixels_of, usable_images
from inference.models import DatasetSnapshot, InferenceJob, TrainingJob
from inference.models.jobs import Job
from inference.rundir import FILM_LANDMARKS, START, Case, Film, Points, RunDir, RunError, sha256_of

_PointsBySet = dict[tuple[str, int], Points]
_EXTENSIONS = {"image/png": ".png", "image/jpeg": ".jpg", "image/tiff": ".tif"}
_MOST_DEPTH_BYTES = 64 * 2**20  # a 4096 x 3072 map is 24 MiB


@cache
def source_commit() -> str:
    """Which code this is: the git commit (with `-dirty` where files are changed), or the release."""
    git = ["git", "-C", str(settings.BASE_DIR)]
    try:
        head = _output([*git, "rev-parse", "HEAD"])
        return f"{head}-dirty" if _output([*git, "status", "--porcelain", "--untracked-files=no"]) else head
    except (OSError, subprocess.CalledProcessError):
        return f"release {version('spineweb')}"


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
    return done.stdout.strip()


def run_of(job: Job) -> RunDir:
    """The job's run folder."""
    return RunDir(Path(settings.RUNS_DIR) / str(job.pk))


def prepare_training(job: TrainingJob, run: RunDir, tick: Callable[[], None]) -> None:
    """Write the folder of a training, with a `tick` between any two files.

    Raises RunError where the snapshot can no longer be used, OSError where a disk or the store fails.
    """
    snapshot = job.snapshot
    gone = gone_images(snapshot)
    if gone:
        raise RunError(
            f"{gone} of this snapshot's images were withdrawn or deleted since it was frozen. "
            "Freeze a new snapshot."
        )
    schema = LandmarkSchema.from_dict(snapshot.manifest["schema"])
    film_schema = snapshot.manifest.get("film_schema")
    wants_depth = "depth" in job.recipe["channels"]
    cases = cases_of(snapshot, snapshot.entries, run, tick, wants_depth=wants_depth)
    spec = {
        "kind": "training",
        "job": str(job.pk),
        "recipe": job.recipe,
        "schema": _schema_spec(schema),
        "film_schema": None if film_schema is None else _schema_spec(LandmarkSchema.from_dict(film_schema)),
        "mm_per_px": mm_per_px_of(run, cases),
        "snapshot_digest": snapshot.digest,
        "commit": source_commit(),
    }
    if job.held_to is not None:
        tick()
        _copy(job.held_to.weights, run.path / FILM_LANDMARKS)
        spec["held_to"] = {"version": job.held_to.digest, "sha256": job.held_to.weights.sha256}
    if job.start_from is not None:
        if gone := versions.gone_images(job.start_from):
            raise RunError(
                f"{job.start_from.label}, from which this begins, has learned from {gone} images that were "
                "withdrawn or deleted since. Begin anew."
            )
        tick()
        _copy(job.start_from.weights, run.path / START)
        spec["start_from"] = {"version": job.start_from.digest, "sha256": job.start_from.weights.sha256}
    run.write_spec(spec, cases)


def cases_of(
    snapshot: DatasetSnapshot,
    entries: list[dict[str, Any]],
    run: RunDir,
    tick: Callable[[], None],
    *,
    wants_depth: bool,
) -> list[Case]:
    """Some of a snapshot's entries as cases, their files brought into the run folder.

    Raises RunError where a revision is not what was frozen, or the store has lost or damaged a file.
    """
    films = [entry["film"] for entry in entries if "film" in entry]
    files = _stored([entry[name] for entry in entries for name in ("colour", "depth")])
    files |= _stored([film["pixels"] for film in films])
    points = _points_by_set(entries, LandmarkSchema.from_dict(snapshot.manifest["schema"]))
    film_schema = snapshot.manifest.get("film_schema")
    if film_schema is not None:
        points |= _points_by_set(films, LandmarkSchema.from_dict(film_schema))
    cornered = [film["corners"] for film in films if film.get("corners")]
    if cornered:
        points |= _points_by_set(cornered, LandmarkSchema.from_dict(snapshot.manifest["corner_schema"]))
    cases = []
    for entry in entries:
        tick()
        colour, depth = files[entry["colour"]], files.get(entry["depth"]) if wants_depth else None
        cases.append(
            Case(
                image=entry["image"],
                split=entry["split"],
                width=entry["width"],
                height=entry["height"],
                colour=_copy_picture(colour, run),
                depth=_copy_depth(depth, run) if depth else None,
                points_px=points[entry["set"], entry["revision"]],
                film=_film(entry["film"], files, points, run) if "film" in entry else None,
            )
        )
    return cases


def _film(
    entry: dict[str, Any], files: dict[str | None, StoredFile], points: _PointsBySet, run: RunDir
) -> Film:
    return Film(
        image=entry["image"],
        picture=_copy_picture(files[entry["pixels"]], run),
        width=entry["width"],
        height=entry["height"],
        mirrored=entry["mirrored"],
        points_px=points[entry["set"], entry["revision"]],
        corners_px=_corners(entry.get("corners"), points),
    )


def _corners(entry: dict[str, Any] | None, points: _PointsBySet) -> Points:
    """All of them or none: a set may be complete with a vertebra that is not on the film."""
    corners = points[entry["set"], entry["revision"]] if entry else ()
    return () if None in corners else corners


def prepare_inference(job: InferenceJob, run: RunDir, tick: Callable[[], None]) -> None:
    """Write the folder of a prediction, as that of a training: the weights and the images still live."""
    version_row = job.model_version
    schema = schema_of(job.project, version_row.schema)
    images = list(
        usable_images(job.project).filter(pk__in=job.images).select_related("pixels", "view").order_by("pk")
    )
    sets = points_to_begin_from(images, version_row.schema) if version_row.target == "pair" else {}
    if version_row.target == "pair":
        # Whose points were taken back since the job was asked for is passed over, as a withdrawn image is.
        images = [image for image in images if image.pk in sets]
    wants_depth = "depth" in version_row.recipe["channels"]
    depth = depth_by_image([image.pk for image in images]) if wants_depth else {}
    files = _stored(list(depth.values()))
    cases, begun_from = [], dict[str, Any]()
    for image in images:
        tick()
        cases.append(
            Case(
                image=str(image.pk),
                split="predict",
                width=image.width,
                height=image.height,
                colour=_copy_picture(pixels_of(image), run),
                depth=_copy_depth(files[depth[image.pk]], run) if image.pk in depth else None,
                points_px=_in_order(sets[image.pk].points, schema) if sets else (),
            )
        )
        if sets:
            begun_from[str(image.pk)] = {
                "set": str(sets[image.pk].pk),
                "revision": sets[image.pk].revision,
            }
    tick()
    _copy(version_row.weights, run.path / "weights.safetensors")
    spec = {
        "kind": "prediction",
        "job": str(job.pk),
        "recipe": version_row.recipe,
        "schema": _schema_spec(schema),
        "weights_sha256": version_row.weights.sha256,
        "begun_from": begun_from,
    }
    run.write_spec(spec, cases)


def _schema_spec(schema: LandmarkSchema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "points": list(schema.point_names),
        "mirrored_order": list(schema.mirrored_order),
    }


def _stored(digests: list[str | None]) -> dict[str | None, StoredFile]:
    rows = StoredFile.objects.in_bulk([digest for digest in set(digests) if digest])
    return dict(rows.items())


def _points_by_set(entries: list[dict[str, Any]], schema: LandmarkSchema) -> _PointsBySet:
    """Points in schema order by (set, revision number), each revision checked against its frozen digest."""
    wanted = {(entry["set"], entry["revision"]): entry["revision_digest"] for entry in entries}
    rows = LandmarkRevision.objects.filter(landmark_set__in={uuid.UUID(entry["set"]) for entry in entries})
    found = {}
    for row in rows.iterator():
        key = (str(row.landmark_set_id), row.number)
        if wanted.get(key) == row.digest:
            found[key] = _in_order(row.points, schema)
    if missing := wanted.keys() - found.keys():
        raise RunError(f"{len(missing)} landmark revisions of this snapshot are not what was frozen.")
    return found


def _in_order(points: list[dict[str, Any]], schema: LandmarkSchema) -> Points:
    placed = {point["name"]: (point["x"], point["y"]) for point in points if point["x"] is not None}
    return tuple(placed.get(name) for name in schema.point_names)


def _copy_picture(file: StoredFile, run: RunDir) -> str:
    name = file.sha256 + _EXTENSIONS.get(file.media_type, ".bin")
    _copy(file, run.file("images", name))
    return f"images/{name}"


def _copy_depth(file: StoredFile, run: RunDir) -> str:
    target = run.file("depth", f"{file.sha256}.npy")
    try:
        with open_stored(file) as source, target.open("wb") as out:
            packed = source.read(2) == b"\x1f\x8b"
            source.seek(0)
            if packed:
                with gzip.open(source) as unpacked:
                    _bounded_copy(unpacked, out)
            else:
                _bounded_copy(source, out)
    except FileNotFoundError as error:
        raise _lost(file) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(file) from error
    return f"depth/{target.name}"


def _bounded_copy(source: IO[bytes] | gzip.GzipFile, out: IO[bytes]) -> None:
    left = _MOST_DEPTH_BYTES
    while chunk := source.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise RunError("A depth map is larger than any camera makes; it was not unpacked.")
        out.write(chunk)


def _copy(file: StoredFile, target: Path) -> None:
    """Copy a stored file and check it. Raises RunError where the store's bytes are gone or changed."""
    if target.is_file() and sha256_of(target) == file.sha256:
        return
    try:
        with open_stored(file) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except FileNotFoundError as error:
        raise _lost(file) from error
    if sha256_of(target) != file.sha256:
        raise _damaged(file)


def _lost(file: StoredFile) -> RunError:
    return RunError(f"The file store has lost {file.sha256[:12]}; run manage.py verify_files.")


def _damaged(file: StoredFile) -> RunError:
    return RunError(f"File {file.sha256[:12]} of the store is damaged; run manage.py verify_files.")
