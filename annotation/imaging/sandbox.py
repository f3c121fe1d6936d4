"""The parent's side of inspection: a child process with limits for each file, or for many files in turn.

Whatever a file does to its child (too much memory, endless work, a crash in a decoder) becomes one plain
sentence about that file; what the child had written is removed and the other files go on in a new child.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).resolve().parents[2]
RESULT_NAME = "result.json"
DEFAULT_MEMORY_BYTES = 2 << 30
DEFAULT_WALL_S = 60.0
START_WALL_S = 60.0
MAX_REPLY_BYTES = 1 << 16

TOO_LONG = "The file took too long to be read and was refused."
TOO_LARGE = "The file needs more memory to be read than is allowed."
TOO_MUCH_OUTPUT = "The file unpacks to more than may be stored."
CRASHED = "The file made its reader fail and was refused."
NO_RESULT = "The file could not be read."
SENTENCES = {
    signal.SIGKILL: TOO_LARGE,
    signal.SIGXCPU: TOO_LONG,
    signal.SIGXFSZ: TOO_MUCH_OUTPUT,
}
"""What a signal that ended the child means (nothing but the kernel's memory killer sends SIGKILL besides
us).
"""


class SandboxError(RuntimeError):
    """The child could not be started: the installation is at fault, not the file."""


class _ChildFailed(Exception):
    """The child did not answer; the message is the sentence for the user."""


@dataclass(frozen=True)
class DerivedFile:
    """A file the inspection made.

    role: source (the de-identified DICOM), pixels, view (8 bits, where pixels have more), thumbnail; colour;
    depth and depth_in_colour, each also with _npy_gz, _view (8 bits, near is bright) and _thumbnail;
    noise (of a burst); calibration.
    """

    role: str
    path: Path
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    bit_depth: int | None = None
    channels: int | None = None


@dataclass(frozen=True)
class InspectionResult:
    """What came out: a kind with its files and findings, or an `error`, one sentence, and nothing else."""

    kind: str = ""
    files: tuple[DerivedFile, ...] = ()
    found: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def file(self, role: str) -> DerivedFile | None:
        """The derived file of a role, if there is one."""
        return next((file for file in self.files if file.role == role), None)


@dataclass(frozen=True)
class InspectionJob:
    """One file to inspect into `out_dir` (made if need be; emptied on failure).

    options: as ("radiograph", "colour", "depth"), date_shift_days, uid_key (hex), pseudonym, colour_size,
    depth_unit_mm. camera: the camera file, where `path` is the depth image of an RGB-D pair.
    """

    path: Path
    out_dir: Path
    options: dict[str, Any] = field(default_factory=dict)
    camera: Path | None = None


def run_inspection(
    path: Path,
    out_dir: Path,
    options: dict[str, Any] | None = None,
    *,
    camera: Path | None = None,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    wall_s: float = DEFAULT_WALL_S,
) -> InspectionResult:
    """Inspect one file in a child of its own. Raises SandboxError where no child can be started,
    OSError where the disk is full or fails."""
    job = InspectionJob(path, out_dir, options or {}, camera)
    results = run_inspections([job], memory_bytes=memory_bytes, wall_s=wall_s)
    return next(result for _, result in results)


def run_inspections(
    jobs: Iterable[InspectionJob],
    *,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    wall_s: float = DEFAULT_WALL_S,
) -> Generator[tuple[InspectionJob, InspectionResult], None, None]:
    """Inspect files one after another, each with the full time, and yield each result as it comes.

    One child serves as long as it lives; a file that ends it is refused and the next one gets a new child.
    Raises OSError where the disk is full or fails: that is no fault of the file. `close` ends the child.
    """
    child: _Child | None = None
    try:
        for job in jobs:
            job.out_dir.mkdir(parents=True, exist_ok=True)
            if child is None:
                child = _Child(memory_bytes, wall_s)
            try:
                child.inspect(job)
                result = _read_result(job.out_dir)
            except _ChildFailed as failure:
                child.end()
                child = None
                result = InspectionResult(error=str(failure))
            if result.error:
                _empty(job.out_dir)
            yield job, result
    finally:
        if child is not None:
            child.end()


class _Child:
    """One running `annotation.imaging.inspect --serve`."""

    def __init__(self, memory_bytes: int, wall_s: float) -> None:
        self._wall_s = wall_s
        self._count = 0
        command = [sys.executable, "-P", "-s", "-m", "annotation.imaging.inspect", "--serve"]
        limits = ["--memory", str(memory_bytes), "--cpu", str(int(wall_s) + 1)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program, and no word of it comes from outside
            [*command, *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=ROOT,
            start_new_session=True,
        )
        # Popen types its pipes as optional; with PIPE they are there.
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        try:
            self._reply(START_WALL_S)
        except _ChildFailed as failure:
            self.end()
            raise SandboxError("The program that reads files could not be started.") from failure

    def inspect(self, job: InspectionJob) -> None:
        """Wait until the result of a job lies in its folder; _ChildFailed where it never will."""
        self._count += 1
        request = {
            "id": self._count,
            "path": str(job.path.resolve()),
            "out_dir": str(job.out_dir.resolve()),
            "options": job.options,
            "camera": str(job.camera.resolve()) if job.camera else None,
        }
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except BrokenPipeError as error:
            raise _ChildFailed(self._why()) from error
        reply = self._reply(self._wall_s)
        if reply.get("id") != self._count:
            raise _ChildFailed(NO_RESULT)
        if "errno" in reply:
            _empty(job.out_dir)
            raise OSError(reply["errno"], os.strerror(reply["errno"]), str(job.out_dir))

    def end(self) -> None:
        """End the child and whatever it started, and wait for it."""
        for pipe in (self._requests, self._replies):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _reply(self, wall_s: float) -> dict[str, Any]:
        """The next line the child writes, within `wall_s`."""
        pipe = self._replies
        deadline = time.monotonic() + wall_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise _ChildFailed(TOO_LONG)
                part = os.read(pipe.fileno(), 4096)
                line += part
                if not part or len(line) > MAX_REPLY_BYTES:
                    raise _ChildFailed(self._why())
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _why(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return NO_RESULT
        return SENTENCES.get(signal.Signals(-code), CRASHED) if code < 0 else CRASHED


def _environment() -> dict[str, str]:
    """The child sees no secret of the server; numeric libraries start no threads of their own."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **threads}


def _read_result(folder: Path) -> InspectionResult:
    try:
        result = json.loads((folder / RESULT_NAME).read_bytes())
    except (OSError, ValueError):
        return InspectionResult(error=NO_RESULT)
    if "error" in result:
        return InspectionResult(error=result["error"])
    files = tuple(DerivedFile(**{**file, "path": folder / file["path"]}) for file in result["files"])
    return InspectionResult(result["kind"], files, result["found"])


def _empty(folder: Path) -> None:
    """Remove what a failed inspection left, and the folder itself."""
    shutil.rmtree(folder, ignore_errors=True)
