"""Brings the data folder up to date before the platform starts: rows' tables and collected static files."""

import hashlib
from pathlib import Path

import psycopg
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# What packages bring and no page of ours asks for; compressing it took most of the time.
UNUSED = ["*.map", "redoc", "rest_framework"]


class DatabaseAway(Exception):
    """The database does not answer; one line says which and why."""


def check_database() -> None:
    """Ask a database server once, directly: the pool would go on asking for long and then not say why."""
    if connection.vendor != "postgresql":
        return
    parameters = {**connection.get_connection_params(), "connect_timeout": 5}
    parameters.pop("pool", None)
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        place = parameters.get("host") or "the local socket"
        raise DatabaseAway(
            f"The database at {place} does not answer ({reason}). Start it, or mend DATABASE_URL."
        ) from error


def migrate_if_needed() -> bool:
    """Apply the migrations that wait; whether there were any."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def _static_digest() -> str:
    """Changes with the name, size or time of any file to be collected."""
    total = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list(UNUSED), key=lambda found: found[0]):
            stat = Path(storage.path(path)).stat()
            total.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return total.hexdigest()


def collect_static_if_changed() -> bool:
    """Collect and compress the static files if any changed since the last time; whether it did."""
    stamp = Path(settings.STATIC_ROOT).with_suffix(".digest")
    digest = _static_digest()
    if stamp.is_file() and stamp.read_text() == digest and Path(settings.STATIC_ROOT).is_dir():
        return False
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED)
    stamp.write_text(digest)
    return True
