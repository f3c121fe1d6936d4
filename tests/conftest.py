"""Fixtures that many tests share: rows made by small factories, and where the research data lies."""

import os
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connections

from tests.factories import Factory

SERVERS = {"postgres": "SPINEWEB_TEST_POSTGRES", "redis": "SPINEWEB_TEST_REDIS"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that touches rows `database`, and skip what needs a server that is not named."""
    for item in items:
        if "db" in getattr(item, "fixturenames", ()) or item.get_closest_marker("django_db"):
            item.add_marker("database")
        for marker, variable in SERVERS.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable, "").strip():
                item.add_marker(pytest.mark.skip(reason=f"{variable} names no server"))


def pytest_configure() -> None:
    """SQLite in a file, as in life: in memory, threads would not wait for one another but fail."""
    default = connections["default"]
    if default.vendor == "sqlite":
        default.settings_dict["TEST"]["NAME"] = str(Path(os.environ["SPINEWEB_DATA"]) / "test-rows.sqlite3")


@pytest.fixture(autouse=True)
def quick_passwords(settings: LazySettings) -> None:
    """Real password hashes take a third of a second each, on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def make(db: None) -> Factory:
    """Makes rows: `make.project()`, `make.member(project, "doctor")`, `make.radiograph(study)`..."""
    return Factory()


@pytest.fixture
def shared_data() -> Path:
    """The folder of real research data; a test that needs it skips where it is absent."""
    root = Path(os.environ.get("SPINEWEB_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    if not root.is_dir():
        pytest.skip(f"the research data is not here ({root}); set SPINEWEB_SHARED to its folder")
    return root
