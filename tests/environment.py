"""Loaded by pytest before the Django settings: the environment the tests run in.

A data folder of its own, a key made for this run, and SQLite unless the run names a database
(`SPINEWEB_TEST_DATABASE`, set by the Makefile for its second pass on PostgreSQL).
"""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

_data = Path(tempfile.mkdtemp(prefix="spineweb-tests-"))
(_data / "static").mkdir()


def _tidy(owner: int) -> None:
    if os.getpid() == owner:  # not a fork of it
        shutil.rmtree(_data, ignore_errors=True)


atexit.register(_tidy, os.getpid())
os.environ["SPINEWEB_DATA"] = str(_data)
os.environ["SPINEWEB_SECRET_KEY"] = secrets.token_hex(32)
os.environ["DATABASE_URL"] = os.environ.get("SPINEWEB_TEST_DATABASE", f"sqlite:///{_data}/test.sqlite3")
# Pages are tested without a built frontend; the browser tests build it.
os.environ["SPINEWEB_VITE_DEV"] = "1"
os.environ.pop("REDIS_URL", None)

# No test is timed: on a loaded machine Hypothesis's deadline would fail a right answer.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
