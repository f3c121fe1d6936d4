"""Real workers for tests: started as the launcher starts them, looked at, killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
from django.conf import settings
from django.db import connection

from inference.actions import materials
from inference.models import TrainingJob
from inference.rundir import RunDir

PATIENCE_S = 240


def database_url() -> str:
    """The test database, as another process names it."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@contextmanager
def worker(log: Path, *, queues: str = "celery,gpu", **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker with its beat, as the launcher starts it; in a group of its own. A failure shows its log."""
    command = [sys.executable, "-m", "celery", "-A", "spineweb", "worker", "--concurrency", "1", "--beat"]
    command += ["--queues", queues]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": os.environ["SPINEWEB_TEST_REDIS"],
        "OMP_NUM_THREADS": "1",
        **variables,
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    except BaseException:
        print(f"{log.name}:\n{log.read_text(errors='replace')[-8000:]}")
        raise
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the whole group, unless it has gone."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(job: TrainingJob, what: str, done: Callable[[], bool]) -> None:
    """Until `done()`, with the job read anew before each asking. Fails after `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        job.refresh_from_db()
        if done():
            return
        assert time.monotonic() < deadline, f"{what}: {job.state} {job.error} {job.log}"
        time.sleep(0.1)


def trainers_of(run: Path) -> list[psutil.Process]:
    """The processes that train in a run folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "inference.training" in words and str(run) in words:
            found.append(process)
    return found


def never_interrupted(job: TrainingJob, folder: Path) -> str:
    """The digest of the weights that the job's training ends in when nothing disturbs it."""
    whole = RunDir(folder / "whole")
    materials.prepare_training(job, whole, lambda: None)
    command = [sys.executable, "-m", "inference.training", str(whole.path)]
    subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return str(whole.result()["weights_sha256"])
