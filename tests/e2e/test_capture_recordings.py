"""From a camera's recording to the study and its labelling page, in a real browser with the real agent.

The recordings are a simulated child's burst, as `python -m inference.phantom --mkv` writes it, and a real one
of an Azure Kinect where there is one.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.beside import bright_pixels, start_agent
from tests.e2e.conftest import PICTURES
from tests.e2e.installation import ROOT, Installation
from tests.e2e.visiting import SIZES, Personing, Visit, Visiting

ALL_DRAWN = """() => [...document.querySelectorAll('main img')]
  .every((one) => one.complete && one.naturalWidth > 0)"""
Filming = Callable[[str], "dict[str, str]"]


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A burst of a simulated child, from the command that a researcher would use."""
    out = tmp_path_factory.mktemp("phantom")
    argv = [sys.executable, "-m", "inference.phantom", str(out), "--count", "1", "--seed", "5", "--mkv"]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    [recording] = out.rglob("*.mkv")
    return recording


@pytest.fixture
def kinect(shared_data: Path) -> Path:
    """A recording of a real camera."""
    found = sorted((shared_data / "kinect").glob("*.mkv"))
    if not found:
        pytest.skip("there is no recording of a real Azure Kinect here")
    return found[0]


@pytest.fixture
def film(
    installation: Installation, backstage: Backstage, project: dict[str, str], tmp_path: Path
) -> Iterator[Filming]:
    """`film("mkv:FILE")`: the agent's program with that camera, and a subject to shoot."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(source: str) -> dict[str, str]:
        token: dict[str, str] = backstage("agent_token", project=project["id"], name="Camera")
        running.append(start_agent(installation, tmp_path, token["secret"], source))
        return token

    yield begin
    for process in running:
        process.terminate()
        process.wait(20)


def see_live(page: Page) -> None:
    """Both pictures move, and each thing to watch has its sentence."""
    checks = page.get_by_role("list", name="Before the shot").locator("li[data-check]")
    expect(checks).to_have_count(7)
    for check in checks.all():
        expect(check.locator(".says")).to_contain_text(re.compile(r"\w{3}"))
    expect(page.locator("[data-fps]")).to_have_attribute("data-fps", re.compile(r"^([3-9]|1\d)(\.|$)"))
    assert bright_pixels(page, "Colour") > 10_000
    assert bright_pixels(page, "Depth, near is bright") > 10_000


def photographed(window: Visit, name: str) -> None:
    """The page at both sizes, for whoever wants to look."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in reversed(SIZES):
        window.page.set_viewport_size({"width": width, "height": height})
        window.page.wait_for_timeout(300)
        window.page.screenshot(path=PICTURES / f"capture-{name}-{width}x{height}.png")


def shoot(page: Page) -> None:
    """Choose the subject, press, and wait until the shot is in its study."""
    page.get_by_role("searchbox", name="Subject").fill("REC")
    page.get_by_role("searchbox", name="Subject").press("Enter")
    expect(page.locator("p.chosen")).to_contain_text("REC-01")
    page.get_by_label("Countdown").select_option("0")
    page.get_by_role("button", name="Take the shot").click()
    expect(page.locator("[data-step=taken]")).to_be_visible()
    shots = page.get_by_role("region", name="Last shots")
    expect(shots.get_by_role("link", name="Label")).to_have_count(1, timeout=60_000)
    expect(shots).to_contain_text(re.compile(r"frames\s*15"))


def see_study(window: Visit, page: Page) -> None:
    """The study has the colour picture and both depths, and every picture of its page is drawn."""
    page.get_by_role("region", name="Last shots").get_by_role("link", name="Study").click()
    expect(page).to_have_url(re.compile(r"/studies/[0-9a-f-]+/$"))
    study = window.api(f"/studies/{page.url.rstrip('/').rpartition('/')[2]}")
    [shot] = study["acquisitions"]
    kinds = sorted((image["kind"], image["frame"]) for image in shot["images"])
    assert kinds == [("colour", "colour"), ("depth", "colour"), ("depth", "depth")]
    expect(page.locator("main img").first).to_be_visible()
    page.wait_for_function(ALL_DRAWN)


def see_labelling(page: Page) -> None:
    page.go_back()
    page.get_by_role("region", name="Last shots").get_by_role("link", name="Label").click()
    expect(page).to_have_url(re.compile(r"/images/[0-9a-f-]+/label/"))
    expect(page.get_by_role("heading", name=re.compile("Label REC-01"))).to_be_attached()
    expect(page.locator("[role=group][aria-label=Colour] canvas").first).to_be_visible()


@pytest.mark.parametrize("camera", ["phantom", "kinect"])
def test_a_recording_becomes_a_study_that_can_be_labelled(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    film: Filming,
    request: pytest.FixtureRequest,
    camera: str,
) -> None:
    recording: Any = request.getfixturevalue(camera)
    backstage("subject", project=project["id"], pseudonym="REC-01")
    film(f"{'phantom' if camera == 'phantom' else 'mkv'}:{recording}")
    window = visit(person("assistant"))
    page = window.go("/capture/")
    see_live(page)
    photographed(window, f"{camera}-before")
    shoot(page)
    photographed(window, f"{camera}-after")
    see_study(window, page)
    photographed(window, f"{camera}-study")
    see_labelling(page)
    photographed(window, f"{camera}-label")
