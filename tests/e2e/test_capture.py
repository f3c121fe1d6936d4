"""Beside the camera, in a real browser, with the real agent program; its camera is a recording."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.capture_agent.recordings import captures, recording
from tests.e2e.backstage import Backstage
from tests.e2e.beside import bright_pixels, start_agent
from tests.e2e.installation import Installation
from tests.e2e.visiting import Personing, Visiting

Starting = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a torso of 15 captures."""
    return recording(tmp_path_factory.mktemp("camera") / "torso.mkv", captures(15))


@pytest.fixture
def start(installation: Installation, film: Path, tmp_path: Path) -> Iterator[Starting]:
    """`start(secret)`: the agent's program; the same spool each time."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(secret: str) -> "subprocess.Popen[bytes]":
        running.append(start_agent(installation, tmp_path, secret, f"mkv:{film}"))
        return running[-1]

    yield begin
    for process in running:
        process.terminate()
        process.wait(20)


def test_from_the_camera_to_the_labelling_page(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, start: Starting
) -> None:
    subject = backstage("subject", project=project["id"], pseudonym="CAM-01")
    token: dict[str, Any] = backstage("agent_token", project=project["id"], name="Camera, room 2")
    start(token["secret"])
    page = visit(person("assistant")).go("/capture/")
    # Seen live: both pictures, and what is to be watched.
    lights = page.get_by_role("list", name="Before the shot")
    expect(lights.locator("li[data-check]")).to_have_count(7)
    expect(lights.locator("[data-check=distance]")).to_contain_text(re.compile(r"\w"))
    expect(page.locator("[data-fps]")).to_have_attribute("data-fps", re.compile(r"^([5-9]|1\d)(\.|$)"))
    assert bright_pixels(page, "Colour") > 10_000
    assert bright_pixels(page, "Depth, near is bright") > 10_000
    # Chosen, pressed, taken.
    shoot = page.get_by_role("button", name="Take the shot")
    expect(shoot).to_be_disabled()
    page.get_by_role("searchbox", name="Subject").fill("CAM")
    page.get_by_role("searchbox", name="Subject").press("Enter")
    expect(page.locator("p.chosen")).to_contain_text(subject["pseudonym"])
    page.get_by_label("Countdown").select_option("0")
    page.locator("h1").click()
    page.keyboard.press(" ")
    expect(page.locator("[data-step=taken]")).to_be_visible()
    # It comes by itself, with what can be said of it, and leads to the labelling page.
    shots = page.get_by_role("region", name="Last shots")
    label = shots.get_by_role("link", name="Label")
    expect(label).to_have_count(1, timeout=40_000)
    expect(shots).to_contain_text(re.compile(r"noise\s*\d+\.\d mm"))
    # Taken again: the first is put aside, and both may be kept after all.
    shots.get_by_role("button", name="Retake").click()
    expect(label).to_have_count(2, timeout=40_000)
    expect(shots.get_by_text("put aside")).to_have_count(1)
    shots.get_by_role("button", name="Keep both").click()
    expect(shots.get_by_text("put aside")).to_have_count(0)
    label.first.click()
    expect(page).to_have_url(re.compile(r"/images/[0-9a-f-]+/label/"))
    expect(page.get_by_role("heading", name=re.compile("Label CAM-01"))).to_be_attached()


def test_an_agent_that_is_killed_is_seen_to_be_gone_and_back(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, start: Starting
) -> None:
    token: dict[str, Any] = backstage("agent_token", project=project["id"], name="Camera")
    page = visit(person("assistant")).go("/capture/")
    expect(page.get_by_text("was never here")).to_be_visible()
    process = start(token["secret"])
    expect(page.locator("[data-check=distance]")).to_be_visible()
    process.kill()
    expect(page.get_by_text("is gone")).to_be_visible()
    start(token["secret"])
    expect(page.locator("[data-check=distance]")).to_be_visible(timeout=30_000)


def test_without_an_agent_the_page_says_what_to_do(visit: Visiting, person: Personing) -> None:
    page = visit(person("assistant")).go("/capture/")
    expect(page.get_by_role("heading", name="No agent yet")).to_be_visible()


def test_agents_are_listed_checked_and_revoked(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, start: Starting
) -> None:
    token: dict[str, Any] = backstage("agent_token", project=project["id"], name="Old camera")
    backstage("device_checks", token=token["id"], serial="TEST0001", biases_mm=[2, 2, 3, 2, 2, 8, 9, 9])
    start(token["secret"])
    page = visit(person("admin")).go("/agents/")
    row = page.get_by_role("table", name="Capture agents").locator("tbody tr")
    expect(row).to_contain_text("online", timeout=20_000)
    expect(row).to_contain_text("TEST0001")
    expect(row).to_contain_text(re.compile(r"\d+\.\d fps"))
    expect(row).to_contain_text("drifts")
    row.get_by_role("button", name="Camera checks").click()
    expect(page.get_by_role("img", name=re.compile("Depth bias: 8 checks"))).to_be_visible()
    expect(page.get_by_text("Depth bias has moved from 2.0 to 9.0 mm").first).to_be_visible()
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No agents yet")).to_be_visible()


def test_a_revoked_agent_is_closed_within_five_seconds(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    start: Starting,
    tmp_path: Path,
) -> None:
    token: dict[str, Any] = backstage("agent_token", project=project["id"], name="Lost laptop")
    start(token["secret"])
    page = visit(person("admin")).go("/agents/")
    expect(page.get_by_role("table", name="Capture agents")).to_contain_text("online", timeout=20_000)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    began = time.monotonic()
    while "revoked" not in (tmp_path / "agent.log").read_text():
        assert time.monotonic() - began < 5
        time.sleep(0.05)
