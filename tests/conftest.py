"""Fixtures that many tests share: rows made by small factories, and where the research data lies."""

import os
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.factories import Factory


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
