"""What `manage.py up` becomes once everything is prepared: the small process that looks after all others.

It starts the broker (unless REDIS_URL names one), the web processes on the socket it was handed, and two
workers; says where the platform is; and stops all of them when it is stopped. It loads no Django app.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from celery import Celery
from kombu.exceptions import OperationalError

from spineweb.bootstrap import tail
from spineweb.broker import answers, embedded_broker, find_server
from spineweb.processes import Service, Supervisor, adopt_orphans

START_WITHIN_S = 90.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotStarted(Exception):
    """Why the platform did not come up, in one line."""


def say(line: str) -> None:
    """One line for the user; a terminal that has gone stops nothing."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def web_answers(address: tuple[str, int], headers: dict[str, str]) -> bool:
    """Whether a web process says that it can ask its database."""
    connection = http.client.HTTPConnection(*address, timeout=2)
    try:
        connection.request("GET", "/healthz", headers=headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers(broker_url: str) -> bool:
    """Whether a worker answers a ping through the broker."""
    # An app of its own: the platform's would load the Django settings here.
    with Celery("launcher", broker=broker_url, set_as_current=False) as app:
        try:
            return bool(app.control.ping(timeout=0.5, limit=1))
        except OperationalError:
            return False


def _celery(name: str, queue: str) -> list[str]:
    """The arguments of a worker: one job at a time; when it is stopped it hands its job back."""
    argv = ["-m", "celery", "-A", "spineweb", "worker", "--hostname", f"{name}@%h", "--queues", queue]
    argv += ["--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    return [*argv, "--loglevel", "INFO"]


class Platform:
    """The platform's services, in the order in which they are started."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.data = Path(options.data)
        self.options = options
        self.environment = {**os.environ, "SPINEWEB_DATA": options.data, "PYTHONUNBUFFERED": "1"}

    def _service(self, name: str, module: list[str], ready: Callable[[], bool], **more: object) -> Service:
        argv = [sys.executable, *module]
        log = self.data / "logs" / f"{name.partition(' ')[0]}.log"
        return Service(name, argv, log, self.environment, ready, **more)  # type: ignore[arg-type]

    def broker(self) -> Service | None:
        """The installation's own broker, or None where REDIS_URL names one."""
        if self.environment.get("REDIS_URL", "").strip():
            return None
        server = find_server()
        if server is None:
            raise NotStarted(
                "There is no Redis or Valkey server here and none came with the packages: install "
                "redis-server, or name one: REDIS_URL=redis://host:6379/0 make run"
            )
        own = embedded_broker(server, self.data)
        self.environment["REDIS_URL"] = own.url
        log = self.data / "logs" / "broker.log"
        return Service(
            "broker", own.argv, log, dict(os.environ), lambda: answers(own.url), outlives_others=True
        )

    def web(self, number: int) -> Service:
        """One web process on the shared socket."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.options.host, self.options.host)  # noqa: S104
        headers = {"Host": self.options.allowed_host} if self.options.allowed_host else {}
        return self._service(
            f"web {number}",
            ["-m", "spineweb.serve", str(self.options.socket)],
            lambda: web_answers((host, self.options.port), headers),
            inherits=(self.options.socket,),
        )

    def worker(self) -> Service:
        """The Celery worker of all that is quick, and of the sweep."""
        url = self.environment["REDIS_URL"]
        return self._service("worker", [*_celery("worker", "celery"), "--beat"], lambda: worker_answers(url))

    def trainer(self) -> Service:
        """The Celery worker of trainings: no prediction waits for hours behind one."""
        return self._service("trainer", _celery("trainer", "gpu"), lambda: True)

    def demo(self) -> Service:
        """The making of the demo studies, once the platform is up."""
        return self._service("demo", ["manage.py", "create_demo"], lambda: True, is_task=True)


def wait_until_ready(supervisor: Supervisor, services: list[Service], stopped: Callable[[], bool]) -> None:
    """Wait for every service to do its work; NotStarted names the first that ends or takes too long."""
    deadline = time.monotonic() + START_WITHIN_S
    waiting = list(services)
    while waiting and not stopped():
        waiting = [service for service in waiting if not service.ready()]
        ended = [child.service for child in supervisor.children if not child.is_running()]
        late = waiting if time.monotonic() > deadline else []
        for service in [*ended, *late]:
            how = (
                "ended while it was starting"
                if service in ended
                else f"is not up after {START_WITHIN_S:.0f} s"
            )
            last = "\n".join("    " + line for line in tail(service.log, 8))
            raise NotStarted(f"{last}\nThe {service.name} process {how}; above is the end of {service.log}")
        time.sleep(0.03)


def banner(options: argparse.Namespace, seconds: float) -> None:
    say(f"\nSpineWeb is ready ({seconds:.1f} s): {options.address}\n")
    accounts = Path(options.data, "demo_accounts.txt")
    with contextlib.suppress(FileNotFoundError):
        lines = [line for line in accounts.read_text().splitlines() if line and not line.startswith("#")]
        say("  Demo accounts of this installation (kept in " + str(accounts) + "):")
        for line in lines:
            say("    " + line)
    say("\n  For research use only. Not a diagnostic device. Ctrl-C stops everything.\n")


def run(options: argparse.Namespace) -> None:
    """Start, tend, stop."""
    supervisor = Supervisor(say)
    stopping: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        supervisor.hurry = bool(stopping)
        stopping.append(number)

    for number in STOP_SIGNALS:
        signal.signal(number, on_signal)
    adopt_orphans()
    platform = Platform(options)
    try:
        if broker := platform.broker():
            supervisor.start(broker)
            wait_until_ready(supervisor, [broker], lambda: bool(stopping))
        services = [platform.web(number + 1) for number in range(options.web)]
        services.append(platform.worker())
        for service in services:
            supervisor.start(service)
        wait_until_ready(supervisor, services, lambda: bool(stopping))
        if not stopping:
            banner(options, time.time() - options.began)
            # Nobody waits for it.
            supervisor.start(platform.trainer())
        if options.demo and not stopping:
            supervisor.start(platform.demo())
        while not stopping:
            supervisor.tend()
            time.sleep(0.2)
        say(f"\nStopping ({signal.Signals(stopping[0]).name}) ...")
    finally:
        supervisor.stop()
    say("Stopped. Everything is kept in " + options.data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--socket", type=int, required=True, help="the listening socket's descriptor")
    parser.add_argument("--lock", type=int, required=True, help="the installation's lock, kept until the end")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--allowed-host", required=True)
    parser.add_argument("--web", type=int, required=True)
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    for descriptor in (options.socket, options.lock):
        os.set_inheritable(descriptor, False)
    os.ftruncate(options.lock, 0)
    os.pwrite(options.lock, json.dumps({"address": options.address, "process": os.getpid()}).encode(), 0)
    try:
        run(options)
    except NotStarted as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
