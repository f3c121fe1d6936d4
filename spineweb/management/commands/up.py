"""`manage.py up`: prepares the data folder, then becomes the launcher, which runs everything."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from spineweb import demo
from spineweb.bootstrap import DATA_MB, Refusal, listen, lock, require_space
from spineweb.installation import (
    DatabaseAway,
    check_database,
    collect_static_if_changed,
    migrate_if_needed,
)


class Command(BaseCommand):
    help = (
        "Start the whole platform: web, worker and, unless REDIS_URL names one, a broker. Ctrl-C stops all."
    )
    # The launcher says what is wrong in one line; the checks are part of `make test`.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="where to listen (default: this machine only)"
        )
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="make no demo accounts and studies")
        parser.add_argument("--web", type=int, default=2, help="how many web processes (default 2)")

    def handle(self, *args: Any, host: str, port: int, no_demo: bool, web: int, **options: Any) -> None:
        began, data = time.time(), Path(settings.DATA_DIR)
        # What this installation writes is its owner's alone.
        os.umask(0o077)
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = lock(data)
            listener = listen(host, port)
            require_space(data, DATA_MB, "the data folder")
            check_database()
        except (Refusal, DatabaseAway) as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"The data folder {data} cannot be used: {error.strerror}") from error
        self._prepare(data, with_demo=not no_demo)
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
        argv = [sys.executable, "-m", "spineweb.launcher", "--data", str(data), "--address", address]
        argv += ["--host", host, "--port", str(listener.getsockname()[1]), "--web", str(web)]
        argv += ["--socket", str(listener.fileno()), "--lock", str(held), "--began", str(began)]
        argv += ["--allowed-host", settings.ALLOWED_HOSTS[0].removeprefix(".").replace("*", "")]
        if demo.pending_file(data).exists() and not no_demo:
            argv.append("--demo")
        self._warn_if_open(host)
        for descriptor in (listener.fileno(), held):
            os.set_inheritable(descriptor, True)
        os.chdir(settings.BASE_DIR)
        self.stdout.flush()
        os.execv(sys.executable, argv)  # noqa: S606

    def _prepare(self, data: Path, *, with_demo: bool) -> None:
        for folder in ("logs", "incoming"):
            (data / folder).mkdir(mode=0o700, exist_ok=True)
        began = time.monotonic()
        if migrate_if_needed():
            self.stdout.write(f"5/5 Database brought up to date ... {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        if collect_static_if_changed():
            self.stdout.write(f"5/5 Static files collected ... {time.monotonic() - began:.0f} s")
        if with_demo and demo.is_new_installation():
            demo.pending_file(data).touch()
            demo.make_accounts(data)
        demo.forget_changed_passwords(data)

    def _warn_if_open(self, host: str) -> None:
        if host in {"127.0.0.1", "localhost", "::1"}:
            return
        self.stdout.write(
            "Others can reach this address: name the hosts they use in SPINEWEB_HOSTS, change the demo "
            "passwords, and put HTTPS in front (README)."
        )
