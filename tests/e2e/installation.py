"""The platform as `make run` starts it, on a port and a data folder of its own, for the browser tests."""

import fcntl
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

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
    """A running platform: web processes, worker and broker, as its launcher keeps them."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {
            **inherited,
            "SPINEWEB_DATA": str(data),
            "SPINEWEB_SECRET_KEY": secrets.token_hex(32),
        }
        argv = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(self.port)]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said: list[str] = []
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
