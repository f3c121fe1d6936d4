"""Runs one program on a run folder, as a child in its own process group, and sees to its end.

The child can crash, swallow all memory or hang: it hurts only itself. The runner reads its progress, beats
for the caller, ends the whole group when it is told to or when a limit is passed, and says how it ended. It
knows neither rows nor queues: what a beat means is the caller's.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from inference import warm
from inference.program import DISK_FAILED, FAILED, SUPERVISED
from inference.rundir import RunDir

_POLL_S = 0.1
_MEMORY_EVERY_S = 1.0
LOG_TAIL_BYTES = 16_384
_ROOT = Path(__file__).resolve().parent.parent
# Programs that are over in less time than importing their libraries takes, and these libraries.
_WARM = {"inference.prediction": "inference.prediction.start"}
_Child = subprocess.Popen[bytes] | warm.Child
# What the child has no business to know.
_SECRET = ("SPINEWEB_", "DATABASE_URL", "REDIS_URL", "AWS_", "CELERY_", "PG")


class Order(Enum):
    """What a beat answers."""

    CARRY_ON = "carry on"
    CANCEL = "cancel"
    RELEASE = "release"  # the worker is stopping: end the program, another will go on with it
    FENCED = "fenced"  # another worker holds the job now
    UNHEARD = "unheard"  # the beat did not arrive; go on until the lease is over


class Ending(Enum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # it said why, and another try would say the same
    CRASHED = "crashed"  # another try may go better
    POSTPONED = "postponed"  # a disk or the file store failed: no fault of the job's, tried again later
    CANCELLED = "cancelled"
    RELEASED = "released"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Outcome:
    ending: Ending
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """`wall_s`: longest run. `memory_bytes`: most resident memory of the whole group. `grace_s`: between
    SIGTERM and SIGKILL. `beat_s`: between beats; `lease_s`: how long beats may go unheard."""

    wall_s: float
    memory_bytes: int
    beat_s: float
    lease_s: float
    grace_s: float = 5.0


Beat = Callable[[list[dict[str, Any]], str], Order]
# How a run ends that is ordered to.
ORDERED = {
    Order.CANCEL: Outcome(Ending.CANCELLED),
    Order.RELEASE: Outcome(Ending.RELEASED),
    Order.FENCED: Outcome(Ending.FENCED, "Another worker holds this job now."),
}


def supervise(module: str, run: RunDir, *, beat: Beat, limits: Limits) -> Outcome:
    """Run `python -m module RUN_DIR` to its end. `beat(new_progress_lines, log_tail)` every `beat_s`.

    The last lines are handed to one more beat after a program has ended by itself.
    """
    child = _started(module, run)
    watch = _Watch(run, beat, limits)
    try:
        while child.poll() is None:
            verdict = watch.look(child.pid)
            if verdict is not None:
                return verdict
            time.sleep(_POLL_S)
    finally:
        _end_group(child, limits.grace_s)
    ordered = ORDERED.get(watch.last_beat())
    return ordered or _verdict(run, child.wait())


def _started(module: str, run: RunDir) -> _Child:
    arguments = [str(run.path.resolve())]
    with (run.path / "log.txt").open("ab") as log:
        if warm.AVAILABLE and (libraries := _WARM.get(module)) is not None:
            return warm.start(module, arguments, log, libraries=libraries, environment=_environment())
        return subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-m", module, *arguments],
            cwd=_ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    # OpenMP threads wait by spinning: beside a busy web process that made training ten times slower.
    return {"OMP_WAIT_POLICY": "PASSIVE", **kept, SUPERVISED: "1", "PYTHONUNBUFFERED": "1"}


class _Watch:
    """The clockwork: when to beat, when to weigh, when it has been too long."""

    def __init__(self, run: RunDir, beat: Beat, limits: Limits) -> None:
        self._run, self._beat, self._limits = run, beat, limits
        self._began = self._heard = time.monotonic()
        self._next_beat = self._next_weighing = 0.0
        self._unsent: list[dict[str, Any]] = []
        # From the start: the worker of an earlier try may have died before it told what its program wrote.
        self._offset = 0

    def look(self, group: int) -> Outcome | None:
        """The reason to end the program now, if there is one."""
        now, limits = time.monotonic(), self._limits
        if now - self._began > limits.wall_s:
            return Outcome(Ending.FAILED, f"It ran longer than the limit of {limits.wall_s:g} s.")
        if now >= self._next_weighing:
            self._next_weighing = now + _MEMORY_EVERY_S
            used = group_memory_bytes(group)
            if used > limits.memory_bytes:
                return Outcome(
                    Ending.FAILED,
                    f"It used {used / 2**30:.1f} GiB of memory, more than the limit of "
                    f"{limits.memory_bytes / 2**30:.1f} GiB. Choose a smaller batch or picture.",
                )
        if now >= self._next_beat:
            self._next_beat = now + limits.beat_s
            order = self.beat_now()
            if order in ORDERED:
                return ORDERED[order]
            if self._is_lost():
                return Outcome(Ending.FENCED, "The database could not be reached for longer than the lease.")
        return None

    def _is_lost(self) -> bool:
        """Whether beats went unheard for longer than the lease, so that another may hold the job."""
        return time.monotonic() - self._heard > self._limits.lease_s

    def last_beat(self) -> Order:
        """Tell how the program ended: again and again until it is heard, or the lease is over."""
        while (order := self.beat_now()) is Order.UNHEARD:
            if self._is_lost():
                return Order.FENCED
            time.sleep(_POLL_S)
        return order

    def beat_now(self) -> Order:
        progress = self._run.read_progress(self._offset)
        self._offset = progress.offset
        self._unsent += progress.lines
        order = self._beat(self._unsent, self._run.log_tail(LOG_TAIL_BYTES))
        if order is not Order.UNHEARD:
            self._unsent = []
            self._heard = time.monotonic()
        return order


def _verdict(run: RunDir, status: int) -> Outcome:
    """What the exit status and the files left behind say."""
    if status == 0:
        if (run.path / "result.json").is_file():
            return Outcome(Ending.SUCCEEDED)
        return Outcome(Ending.CRASHED, "The program ended without a result.")
    failure = run.failure()
    if status == FAILED and failure:
        return Outcome(Ending.FAILED, failure)
    lines = run.log_tail(LOG_TAIL_BYTES).strip().splitlines()
    said = f" The last it said: {lines[-1][:300]}" if lines else ""
    if status == DISK_FAILED:
        return Outcome(Ending.POSTPONED, f"The disk of the run folder is full or does not answer.{said}")
    if status < 0:
        name = signal.Signals(-status).name
        likely = ", as the system does when memory runs out" if -status == signal.SIGKILL else ""
        return Outcome(Ending.CRASHED, f"The program was killed by {name}{likely}.{said}")
    return Outcome(Ending.CRASHED, f"The program stopped with status {status}.{said}")


def _end_group(child: _Child, grace_s: float) -> None:
    """Nothing of the group is left when this returns."""
    if child.poll() is None:
        _signal_group(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    # The child's own children outlive it unless they are told.
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        child.stdin.close()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def group_memory_bytes(group: int) -> int:
    """Resident memory of all processes of a group; from /proc, or from ps where there is none."""
    if Path("/proc/self/stat").exists():
        return sum(_resident_bytes(entry, group) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    command = ["/bin/ps", "-A", "-o", "pgid=,rss="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    pairs = [line.split() for line in listing.stdout.splitlines()]
    return sum(int(rss) * 1024 for pgid, rss in pairs if int(pgid) == group)


def _resident_bytes(entry: Path, group: int) -> int:
    try:
        # After the name in brackets: state, parent, group, ...; the 22nd of them is the resident pages.
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if int(fields[2]) == group else 0
