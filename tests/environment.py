"""Loaded by pytest before the Django settings: the environment the tests run in.

A data folder of its own, a key made for this run, and SQLite unless the run names a database
(`SPINEWEB_TEST_DATABASE`, set by the Makefile for its second pass on PostgreSQL).
"""

import os
import secrets
import tempfile

os.environ["SPINEWEB_DATA"] = tempfile.mkdtemp(prefix="spineweb-tests-")
os.environ["SPINEWEB_SECRET_KEY"] = secrets.token_hex(32)
os.environ["DATABASE_URL"] = os.environ.get(
    "SPINEWEB_TEST_DATABASE", "sqlite:///" + os.environ["SPINEWEB_DATA"] + "/test.sqlite3"
)
os.environ.pop("REDIS_URL", None)
