"""Starts the platform's processes, keeps them running, and stops them with everything they started.

Each child is the leader of a session of its own, so that Ctrl-C reaches the launcher alone. On Linux a child
dies with the launcher however that ends, and what a dead child leaves behind becomes the launcher's (it is
their subreaper) and is killed. Elsewhere what a child started is found through `ps` before it is stopped.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
BACK_OFF_S = (0.5, 1, 2, 5, 10, 30)
# A child that ran this long is not failing over and over.
STEADY_AFTER_S = 60.0
LOG_KEPT_BYTES = 10_000_000
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends, even by `kill -9` (Linux only)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans(adopt: bool = True) -> None:
    """Become the parent of what one's dead children leave behind, or be so no more (Linux only)."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, int(adopt))


def _parents() -> dict[int, int]:
    """Every process's parent, by process id."""
    if not LINUX:
        said = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True)
        return {int(line.split()[0]): int(line.split()[1]) for line in said.stdout.splitlines()}
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                stat = Path("/proc", name, "stat").read_text()
                parents[int(name)] = int(stat.rpartition(")")[2].split()[1])
    return parents


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and those that they started, and so on."""
    parents = _parents()
    found, edge = set[int](), {pid}
    while edge:
        edge = {child for child, parent in parents.items() if parent in edge} - found
        found |= edge
    return found


def direct_children() -> set[int]:
    """The processes whose parent is this one: started by it, or adopted."""
    me = os.getpid()
    return {child for child, parent in _parents().items() if parent == me}


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


@dataclass(frozen=True)
class Service:
    """A process to keep running. `ready` says whether it does its work yet."""

    name: str
    argv: list[str]
    log: Path
    env: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    inherits: tuple[int, ...] = ()
    # A task runs once, to its end, and writes to the console.
    is_task: bool = False
    # Stopped when all others have ended: they may still need it to put their work down.
    outlives_others: bool = False


@dataclass
class Child:
    """A service and the process that runs it now, or since when it waits to be started again."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_again_at: float | None = None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Supervisor:
    """Keeps services running. `say` gets every line for the user; `hurry`, once set, ends all waiting."""

    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    hurry: bool = False
    # Children of this process that others started before; they are none of its business.
    not_mine: set[int] = field(default_factory=direct_children)

    def start(self, service: Service) -> Child:
        child = Child(service)
        self.children.append(child)
        self._spawn(child)
        return child

    def _spawn(self, child: Child) -> None:
        service = child.service
        service.log.parent.mkdir(parents=True, exist_ok=True)
        if service.log.exists() and service.log.stat().st_size > LOG_KEPT_BYTES:
            service.log.replace(service.log.with_suffix(".old.log"))
        with service.log.open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603
                service.argv,
                stdin=subprocess.DEVNULL,
                stdout=None if service.is_task else log,
                stderr=log,
                env=service.env,
                pass_fds=service.inherits,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # the launcher has one thread only
            )
        child.started_at, child.start_again_at = time.monotonic(), None

    def tend(self) -> None:
        """Look after every child once: bury the dead, say so, start them again when their time has come."""
        now = time.monotonic()
        for child in list(self.children):
            if child.start_again_at is not None and now >= child.start_again_at:
                self._spawn(child)
            elif child.process is not None and child.process.poll() is not None:
                self._bury(child, now)

    def _bury(self, child: Child, now: float) -> None:
        """Take note of a child's end and of what it left behind."""
        service, process = child.service, child.process
        if process is None:
            return
        child.process = None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self._kill_left_behind()
        if service.is_task:
            self.children.remove(child)
            if process.returncode:
                self.say(f"{service.name} failed; what went wrong is in {service.log}")
            return
        child.failures = 1 if now - child.started_at > STEADY_AFTER_S else child.failures + 1
        wait_s = BACK_OFF_S[min(child.failures, len(BACK_OFF_S)) - 1]
        child.start_again_at = now + wait_s
        self.say(
            f"{service.name} {_how(process.returncode)} and is started again in {wait_s:g} s "
            f"(log: {service.log})"
        )

    def _pids(self) -> set[int]:
        return {child.process.pid for child in self.children if child.process is not None}

    def _kill_left_behind(self) -> None:
        """Kill what dead children left, and then what those leave in turn."""
        while LINUX and (orphans := direct_children() - self._pids() - self.not_mine):
            _kill(orphans)

    def stop(self, patience_s: float = 10.0) -> None:
        """Ask the children to end; kill those that do not in time, and whatever any of them started."""
        theirs = set[int]() if LINUX else set[int]().union(*(descendants(pid) for pid in self._pids()))
        for last in (False, True):
            self._end([child for child in self.children if child.service.outlives_others is last], patience_s)
        self.children.clear()
        if LINUX:
            self._kill_left_behind()
        else:
            _kill(theirs & set(_parents()))

    def _end(self, children: list[Child], patience_s: float) -> None:
        processes = [child.process for child in children if child.process is not None]
        for child in children:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + patience_s
        while any(process.poll() is None for process in processes):
            if self.hurry or time.monotonic() > deadline:
                _kill(process.pid for process in processes if process.poll() is None)
                break
            time.sleep(0.02)


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"was killed ({signal.Signals(-returncode).name})"
    return f"ended by itself (status {returncode})"
