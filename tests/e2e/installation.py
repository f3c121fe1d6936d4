"""The platform as `make run` starts it, on a port and a data folder of its own, for the browser tests."""

import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from spineweb import bootstrap
from spineweb.broker import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 120.0
# What the Python tests set for themselves, and the platform must not inherit.
OURS = {"DATABASE_URL", "REDIS_URL", "SPINEWEB_VITE_DEV", "SPINEWEB_DATA", "SPINEWEB_SECRET_KEY"}


def build_pages() -> None:
    """The built pages, made anew when a source changed since: the same step as `make run`'s."""
    bootstrap.BUILD.mkdir(exist_ok=True)
    with (bootstrap.BUILD / "bootstrap.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        (bootstrap.BUILD / "tmp").mkdir(exist_ok=True)
        bootstrap.build_browser_side(build=True)


class Installation:
    """A running platform: web processes, worker and broker, as its launcher keeps them.

    `database`: the URL of one, instead of SQLite in the data folder.
    """

    def __init__(self, data: Path, *, database: str = "") -> None:
        self.data, self.port = data, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {
            **inherited,
            "SPINEWEB_DATA": str(data),
            "SPINEWEB_SECRET_KEY": secrets.token_hex(32),
            **({"DATABASE_URL": database} if database else {}),
        }
        self.said: list[str] = []
        self.start()

    def start(self) -> None:
        """Start it; again after it was stopped or killed."""
        argv = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(self.port)]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said.clear()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or []:
            self.said.append(line.rstrip())

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not any("SpineWeb is ready" in line for line in self.said):
            said = "\n".join(self.said)
            assert self.process.poll() is None, f"the platform ended while it was starting:\n{said}"
            assert time.monotonic() < deadline, f"the platform did not start:\n{said}"
            time.sleep(0.05)

    def web_processes(self) -> list[psutil.Process]:
        """Those that there are at this moment."""
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if "spineweb.serve" in process.cmdline():
                        found.append(process)
        return found

    def web_memory_mb(self) -> float:
        """What the web processes hold together, shared pages left out."""
        webs = self.web_processes()
        assert webs
        return float(sum(process.memory_full_info().uss for process in webs) / 1e6)

    def stop(self) -> None:
        """Ctrl-C; what does not stop then is killed with its children by the launcher's own watch."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def server_errors(self) -> list[str]:
        """Tracebacks that the web processes wrote."""
        log = self.data / "logs" / "web.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return [line for line in lines if "Traceback" in line or "Internal Server Error" in line]
