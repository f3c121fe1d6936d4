"""One installation and one Chromium for all browser tests; rows and windows of its own for each test."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.backstage import Backstage
from tests.e2e.installation import ROOT, Installation, build_pages
from tests.e2e.visiting import Person, Personing, Visit, Visiting, file_name, open_window

CHROMIUM = os.environ.get("SPINEWEB_CHROMIUM", "").strip() or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOFTWARE_GL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_GL = ["--disable-gpu", "--disable-3d-apis", "--disable-software-rasterizer"]
PICTURES = ROOT / "build" / "e2e"
_numbers = itertools.count(1)

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.stash[FAILED] = report.failed  # type: ignore[attr-defined]
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    build_pages()
    running = Installation(tmp_path_factory.mktemp("installation"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def backstage(installation: Installation) -> Iterator[Backstage]:
    hand = Backstage(installation)
    yield hand
    hand.close()


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Any]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Any) -> Iterator[Browser]:
    chromium = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *SOFTWARE_GL])
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def browser_without_gl(playwright_driver: Any) -> Iterator[Browser]:
    chromium = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *NO_GL])
    yield chromium
    chromium.close()


@pytest.fixture
def visit(installation: Installation, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visiting]:
    """`visit(person)` opens a watched window; what goes wrong in it fails the test."""
    windows: list[Visit] = []

    def open_one(person: Person | None = None, *, chromium: Browser = browser, **options: Any) -> Visit:
        window = open_window(chromium, installation.address, person["cookie"] if person else None, **options)
        windows.append(window)
        return window

    yield open_one
    if request.node.stash.get(FAILED, False):
        PICTURES.mkdir(parents=True, exist_ok=True)
        for number, window in enumerate(windows):
            window.page.screenshot(path=PICTURES / f"{file_name(request.node.name)}-{number}.png")
    problems = [problem for window in windows for problem in window.watch.unexpected()]
    for window in windows:
        window.context.close()
    assert problems == []


@pytest.fixture
def project(backstage: Backstage) -> dict[str, str]:
    """A project that only this test knows."""
    made: dict[str, str] = backstage("project", name=f"Cohort {next(_numbers)}")
    return made


@pytest.fixture
def person(backstage: Backstage, project: dict[str, str]) -> Personing:
    """`person("doctor")`: an account of that role in this test's project; `site`: a site admin."""

    def make(role: str, **more: Any) -> Person:
        more.setdefault("project", "" if role == "site" else project["id"])
        made: Person = backstage("account", username=f"{role}{next(_numbers)}", role=role, **more)
        return made

    return make


@pytest.fixture(scope="session", autouse=True)
def no_server_error(installation: Installation) -> Iterator[None]:
    """No request of any test may end in a traceback on the server."""
    yield
    assert installation.server_errors() == []
