"""A run folder: all that a training or prediction needs, and all that it leaves behind.

    spec.json        what to do (the task writes it; a researcher may, too)
    cases.json       the images, their split and their landmarks; images/ and depth/ beside it
    progress.jsonl   one line per step or epoch, appended and flushed
    checkpoints/     the last checkpoints, each named with its SHA-256 in index.json
    samples/         what the network makes of a few cases after an epoch: epoch-00012.png
    films/           the X-rays that a prediction of X-rays made, one PNG for each image
    film_landmarks.safetensors            only where a recipe holds its films to a landmark network
    weights.safetensors, result.json      on success
    failure.json     on a failure that another try would not mend
    log.txt          what the program printed

Whatever must not be half-written is written beside its name, synced, and renamed. This module knows
neither Django nor torch.
"""

import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CHECKPOINTS_KEPT = 2
# Weights of a landmark network for X-rays, which a synthesis may hold its films to.
FILM_LANDMARKS = "film_landmarks.safetensors"
# Weights of the same network, which a training may begin from.
START = "start.safetensors"
_LOCK_WAIT_S = 20.0


class RunError(Exception):
    """A failure that another try would not mend; its text is shown on the job's page."""


Points = tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """The real X-ray of the visit a back was taken at: what an X-ray is synthesised towards.

    `points_px` follows `film_schema` of the spec: (x, y) in stored pixels. `mirrored`: the stored pixels show
    the patient's right at image left, and are mirrored to lie as the back does, seen from behind.
    `corners_px`: the 68 corners of T1 to L5 where people have set them all, in the order of `vertebrae68`.
    """

    image: str
    picture: str
    width: int
    height: int
    mirrored: bool
    points_px: Points
    corners_px: Points = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One image of a run. Paths are relative to the run folder.

    `points_px` follows the schema's order: (x, y) in stored pixels of the image, None where the point is
    missing or was not asked for. `depth` is a uint16 .npy in mm, on the colour image's own pixel grid.
    `film`: only in a training of X-ray synthesis. A prediction of X-rays is given the points of the back.
    """

    image: str
    split: str
    width: int
    height: int
    colour: str
    depth: str | None
    points_px: Points
    film: Film | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """New lines of progress.jsonl and the offset to read on from."""

    lines: list[dict[str, Any]]
    offset: int


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`; sync it, rename it into place, sync the folder."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    _fsync_folder(path.parent)


def write_json(path: Path, data: Any) -> None:
    """Durable JSON. Raises ValueError on NaN and infinity, which are no JSON."""
    text = json.dumps(data, allow_nan=False, indent=1)
    write_durably(path, lambda partial: _write_text(partial, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """A durable file."""
    write_durably(path, lambda partial: _write_bytes(partial, content))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def sha256_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


class RunDir:
    """The files of one run. `path` is made when it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.checkpoints.mkdir(parents=True, exist_ok=True)

    # --- What to do ---------------------------------------------------------------------------------

    def write_spec(self, spec: dict[str, Any], cases: list[Case]) -> None:
        """Write the cases, then the spec: a folder with a spec is complete."""
        write_json(self.path / "cases.json", [_case_json(case) for case in cases])
        write_json(self.path / "spec.json", spec)

    def spec(self) -> dict[str, Any]:
        return dict(self._read_json("spec.json"))

    def cases(self) -> list[Case]:
        """The images to work on. Raises RunError when the list, or an image's files, are not there."""
        cases = [_case_of(entry) for entry in self._read_json("cases.json")]
        for case in cases:
            for name in (case.colour, case.depth, case.film.picture if case.film else None):
                if name is not None and not (self.path / name).is_file():
                    raise RunError(f"{name} is missing from the run folder; start the job again.")
        return cases

    def file(self, folder: str, name: str) -> Path:
        """Where an input file goes; the folder is made."""
        (self.path / folder).mkdir(exist_ok=True)
        return self.path / folder / name

    # --- How it goes --------------------------------------------------------------------------------

    def append_progress(self, line: dict[str, Any]) -> None:
        """Append one line and flush it. Numbers that are not finite are written as null."""
        text = json.dumps({name: _finite(value) for name, value in line.items()}, allow_nan=False)
        with (self.path / "progress.jsonl").open("a+b") as out:
            if out.tell() and _last_byte(out) != b"\n":  # a kill in mid-line
                out.write(b"\n")
            out.write(text.encode() + b"\n")

    def read_progress(self, offset: int = 0) -> Progress:
        """The whole lines after `offset`; a line still being written waits, a broken one is passed over."""
        path = self.path / "progress.jsonl"
        if not path.exists():
            return Progress([], offset)
        with path.open("rb") as handle:
            handle.seek(offset)
            data = handle.read()
        whole = data[: data.rfind(b"\n") + 1]
        lines = [line for line in map(_line_of, whole.splitlines()) if line is not None]
        return Progress(lines, offset + len(whole))

    def log_tail(self, most_bytes: int) -> str:
        """The end of what the program printed."""
        path = self.path / "log.txt"
        if not path.exists():
            return ""
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - most_bytes))
            return handle.read().decode("utf-8", errors="replace")

    # --- Checkpoints --------------------------------------------------------------------------------

    def save_checkpoint(self, epoch: int, write: Callable[[Path], None]) -> None:
        """Keep what `write` writes as the checkpoint after `epoch`; older ones than the last two go."""
        path = self.checkpoints / f"epoch-{epoch:05d}.safetensors"
        write_durably(path, write)
        entries = [entry for entry in self._index() if entry["epoch"] < epoch]
        entries.append({"epoch": epoch, "file": path.name, "sha256": sha256_of(path)})
        entries = entries[-CHECKPOINTS_KEPT:]
        write_json(self.checkpoints / "index.json", entries)
        kept = {entry["file"] for entry in entries}
        for old in self.checkpoints.glob("epoch-*.safetensors"):
            if old.name not in kept:
                old.unlink()

    def last_checkpoint(self) -> tuple[int, Path] | None:
        """The newest checkpoint whose bytes are what was written, as (epoch, path)."""
        for entry in reversed(self._index()):
            path = self.checkpoints / entry["file"]
            if path.is_file() and sha256_of(path) == entry["sha256"]:
                return int(entry["epoch"]), path
        return None

    def _index(self) -> list[dict[str, Any]]:
        path = self.checkpoints / "index.json"
        return list(json.loads(path.read_text())) if path.exists() else []

    # --- How it ended -------------------------------------------------------------------------------

    def clear_outcome(self) -> None:
        """Forget how an earlier try ended, and what it had half-written, before another begins."""
        for name in ("result.json", "failure.json"):
            (self.path / name).unlink(missing_ok=True)
        for partial in self.path.rglob(".*.partial"):
            partial.unlink()

    def replace(self, name: str, write: Callable[[Path], None]) -> None:
        """Put what `write` writes in place of a file of the folder, whole or not at all."""
        write_durably(self.path / name, write)

    def write_result(self, result: dict[str, Any]) -> None:
        write_json(self.path / "result.json", result)

    def result(self) -> dict[str, Any]:
        return dict(self._read_json("result.json"))

    def write_failure(self, reason: str) -> None:
        write_json(self.path / "failure.json", {"reason": reason})

    def failure(self) -> str | None:
        """Why the program gave up, where it said so."""
        path = self.path / "failure.json"
        return str(json.loads(path.read_text())["reason"]) if path.exists() else None

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=False)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in this folder: a trainer whose worker died may still be ending. Raises BlockingIOError."""
        with (self.path / "lock").open("w") as handle:
            deadline = time.monotonic() + _LOCK_WAIT_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        said = "another program is still working in this run folder"
                        raise BlockingIOError(errno.EWOULDBLOCK, said) from None
                    time.sleep(0.1)
            yield

    def _read_json(self, name: str) -> Any:
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RunError(f"{name} is missing from the run folder {self.path.name}.") from error
        except ValueError as error:
            raise RunError(f"{name} is not valid JSON: {error}") from error


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _last_byte(handle: Any) -> bytes:
    handle.seek(-1, os.SEEK_END)
    return bytes(handle.read(1))


def _line_of(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "image": case.image,
        "split": case.split,
        "width": case.width,
        "height": case.height,
        "colour": case.colour,
        "depth": case.depth,
        "points_px": [list(point) if point else None for point in case.points_px],
        "film": None if case.film is None else asdict(case.film),
    }


def _case_of(entry: dict[str, Any]) -> Case:
    film = entry.get("film")
    whole = None if film is None else Film(**{**film, **_points_of(film, "points_px", "corners_px")})
    return Case(**{**entry, **_points_of(entry, "points_px"), "film": whole})


def _points_of(entry: dict[str, Any], *names: str) -> dict[str, Points]:
    return {
        name: tuple((float(p[0]), float(p[1])) if p else None for p in entry.get(name, ())) for name in names
    }
