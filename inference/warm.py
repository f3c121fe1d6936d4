"""Starts programs in a process that has their libraries in memory already.

Importing torch takes longer than most predictions. So a worker keeps one process that has imported it and
does nothing else; for each program that process forks, and the copy runs it as `python -m` would, in a
group of its own, with its own standard input and log. A copy can crash, hang or swallow memory like any
child: the process that made it only tells how it ended.

`start` gives the part of `subprocess.Popen` that the runner needs. Only where processes can fork and hand on
open files (Linux, macOS); elsewhere the runner starts every program anew.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

AVAILABLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
_MODULE = "inference.warm"
_ROOT = Path(__file__).resolve().parent.parent
_LOOK_EVERY_S = 0.02
_MOST_BYTES = 65_536
_GONE = -signal.SIGKILL  # how a program is said to have ended whose end nobody saw


class Child:
    """A running program. `returncode`: its exit status once `poll` has seen it, minus the signal's number
    where one ended it."""

    def __init__(self, process: "_Process", pid: int, stdin: IO[bytes]) -> None:
        self._process, self.pid, self.stdin = process, pid, stdin
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._process.status_of(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        ends = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if ends is not None and time.monotonic() > ends:
                raise subprocess.TimeoutExpired(_MODULE, timeout or 0.0)
            time.sleep(_LOOK_EVERY_S)
        return status


class _Process:
    """The process that forks, as the one that keeps it sees it. Messages are lines of JSON."""

    def __init__(self, popen: "subprocess.Popen[bytes]", link: socket.socket) -> None:
        self.popen, self.link = popen, link
        self._unread = b""
        self._ended: dict[int, int] = {}

    def run(self, module: str, arguments: list[str], log: int) -> Child:
        """Raises OSError where the process has died."""
        reading, writing = os.pipe()
        try:
            message = json.dumps({"module": module, "arguments": arguments}).encode() + b"\n"
            socket.send_fds(self.link, [message], [reading, log])
            while (pid := self._told().get("started")) is None:
                select.select([self.link], [], [])
        except OSError:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return Child(self, int(pid), os.fdopen(writing, "wb", buffering=0))

    def status_of(self, pid: int) -> int | None:
        try:
            while self._told():
                pass
        except OSError:
            # It has died, and what it forked goes on until its supervisor ends it.
            return None if _alive(pid) else _GONE
        return self._ended.get(pid)

    def _told(self) -> dict[str, Any]:
        """The next message, remembered if it tells of an end; empty where there is none. Raises OSError."""
        if b"\n" not in self._unread and select.select([self.link], [], [], 0)[0]:
            read = self.link.recv(_MOST_BYTES)
            if not read:
                raise OSError("the process that starts programs has ended")
            self._unread += read
        line, found, rest = self._unread.partition(b"\n")
        if not found:
            return {}
        self._unread = rest
        told: dict[str, Any] = json.loads(line)
        if "ended" in told:
            self._ended[int(told["ended"])] = int(told["status"])
        return told


# By the process that keeps it: after a fork of our own it is our parent's.
_processes: dict[int, _Process] = {}


def start(
    module: str, arguments: list[str], log: IO[bytes], *, libraries: str, environment: Mapping[str, str]
) -> Child:
    """Run `python -m module ARGUMENTS`; both outputs go to `log`. Raises OSError.

    `libraries`: the module that is imported beforehand. Like the environment it is that of the first program
    that a worker starts.
    """
    try:
        return _kept(libraries, environment).run(module, arguments, log.fileno())
    except OSError:  # it died between two programs
        stop()
        return _kept(libraries, environment).run(module, arguments, log.fileno())


def stop() -> None:
    """End the process that is kept; programs that run are not told."""
    process = _processes.pop(os.getpid(), None)
    if process is not None:
        process.link.close()
        process.popen.kill()
        process.popen.wait()


def _kept(libraries: str, environment: Mapping[str, str]) -> _Process:
    known = _processes.get(os.getpid())
    if known is not None and known.popen.poll() is None:
        return known
    stop()
    ours, theirs = socket.socketpair()
    with theirs:
        popen = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-m", _MODULE, str(theirs.fileno()), libraries],
            cwd=_ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    process = _processes[os.getpid()] = _Process(popen, ours)
    return process


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _serve(link: socket.socket) -> None:
    """Fork for each message; tell of each end. Returns when the other end of the link has gone."""
    running: set[int] = set()
    while True:
        if select.select([link], [], [], _LOOK_EVERY_S if running else None)[0]:
            message, files, _, _ = socket.recv_fds(link, _MOST_BYTES, 2)
            if not message:
                return
            asked = json.loads(message)
            pid = os.fork()
            if pid == 0:
                link.close()
                _become(asked["module"], asked["arguments"], *files)
            with suppress(OSError):  # it has done so itself, or has ended already
                os.setpgid(pid, pid)
            for file in files:
                os.close(file)
            running.add(pid)
            link.sendall(json.dumps({"started": pid}).encode() + b"\n")
        for pid in list(running):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                running.discard(pid)
                told = {"ended": pid, "status": os.waitstatus_to_exitcode(status)}
                link.sendall(json.dumps(told).encode() + b"\n")


def _become(module: str, arguments: list[str], stdin: int, log: int) -> NoReturn:
    """Be that program, in a group of its own, to its end."""
    os.setpgid(0, 0)
    for source, target in ((stdin, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for file in (stdin, log):
        os.close(file)
    sys.argv = [module, *arguments]
    status = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the interpreter would print it and end with 1, and so do we
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> int:
    """`python -m inference.warm LINK LIBRARIES`: import these, then serve."""
    link = socket.socket(fileno=int(sys.argv[1]))
    importlib.import_module(sys.argv[2])
    gc.collect()
    gc.freeze()  # what is there already is shared with every copy, and stays so
    with suppress(BrokenPipeError):  # the worker died while it was told of an end
        _serve(link)
    return 0


if __name__ == "__main__":
    sys.exit(main())
