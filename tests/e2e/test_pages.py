"""Every page, as an admin and as a doctor: accessible, quiet, within the window, and light."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.installation import ROOT
from tests.e2e.visiting import SIZES, Visiting, file_name

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
MOST_SCRIPT_BYTES = 60_000
# What is left of 1280 x 720 for somebody who reads at 200 %.
TWICE_AS_LARGE = (640, 360)
SHOW = ROOT / "build" / "e2e" / "pages"
WIDER_THAN_THE_WINDOW = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
    .slice(0, 5).map((element) => element.outerHTML.slice(0, 120));
}"""
PAGES = {
    "home": "/",
    "projects": "/projects/",
    "project": "/projects/{project}/",
    "project members": "/projects/{project}/?tab=members",
    "project tokens": "/projects/{project}/?tab=tokens",
    "project schemas": "/projects/{project}/?tab=schemas",
    "project export": "/projects/{project}/?tab=export",
    "studies": "/studies/",
    "studies, none found": "/studies/?q=nobody",
    "subjects": "/subjects/",
    "subject": "/subjects/{subject}/",
    "study": "/studies/{study}/",
    "study, side not confirmed": "/studies/{unsure}/",
    "import": "/projects/{project}/import/",
    "label a back": "/images/{back}/label/",
    "label a film": "/images/{film}/label/?schema=vertebrae68",
    "read": "/studies/{study}/read/",
    "report": "/studies/{study}/report/",
    "training": "/training/",
    "training job": "/training/{job}/",
    "snapshot": "/snapshots/{snapshot}/",
    "snapshot, without statistics": "/snapshots/{before}/",
    "snapshot difference": "/snapshots/{snapshot}/difference/?against={before}",
    "training job, many figures": "/training/{first}/",
    "compare trainings": "/training/compare/?job={first}&job={second}&job={job}",
    "compare trainings, none": "/training/compare/",
    "subjects, withdrawn": "/subjects/?consent=withdrawn",
    "models": "/models/",
    "model": "/models/{model}/",
    "reader studies": "/reader-studies/",
    "reader study": "/reader-studies/{blinded}/",
    "capture": "/capture/?agent={agent}",
    "agents": "/agents/",
    "people": "/people/",
    "audit": "/audit/",
    "account": "/account/",
    "help": "/help/",
}
PAGES_OF_READERS = {
    "reader study, as a reader": "/reader-studies/{blinded}/",
    "read blinded": "/reader-studies/{blinded}/read/",
}
FOR_DOCTORS = ["home", "study", "label a back", "label a film", "read", "capture", *PAGES_OF_READERS]
IN_THE_DARK = ["home", "project members", "study", "report", "training job", "reader study", "snapshot"]


@pytest.fixture(scope="module")
def clinic(backstage: Backstage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A project with something on every page; two of its children are simulated, the rest is flat."""
    project = backstage("project", name="Clinic")
    admin = backstage("account", username="clinic-admin", role="admin", project=project["id"])
    site = backstage("account", username="clinic-site", role="site")
    doctor = backstage("account", username="clinic-doctor", role="doctor", project=project["id"])
    children = tmp_path_factory.mktemp("children")
    argv = [sys.executable, "-m", "inference.phantom", str(children), "--count", "2", "--seed", "5"]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    study, *_ = backstage(
        "import_studies", folder=str(children), project="Clinic", username=admin["username"]
    )
    earlier = backstage("film", project=project["id"], subject="S-earlier", notes="A brace since spring.")
    backstage("spine", username=doctor["username"], image=earlier["image"], bend_px=40)
    unsure = backstage("film", project=project["id"], side_confirmed=False)
    trained = backstage("training", project=project["id"])
    frozen = backstage("frozen", project=project["id"], username=admin["username"])
    readers = [
        backstage("account", username=f"clinic-reader{n}", role="doctor", project=project["id"])["username"]
        for n in (1, 2)
    ]
    blinded = backstage(
        "reader_study", project=project["id"], username=admin["username"], films_each=6, readers=readers
    )
    agent = backstage("agent_token", project=project["id"], name="Camera, room 2")
    backstage("device_checks", token=agent["id"], serial="K1", biases_mm=[2, 2, 3, 2, 2, 8, 9, 9])
    return {
        "people": {"site": site, "admin": admin, "doctor": doctor},
        "ids": {
            "project": project["id"],
            "study": study,
            "unsure": unsure["study"],
            "blinded": blinded["id"],
            "agent": agent["id"],
            **trained,
            **frozen,
        },
    }


@pytest.fixture(scope="module")
def ids(clinic: dict[str, Any], backstage: Backstage) -> dict[str, str]:
    """What the addresses of the pages name."""
    found: dict[str, str] = clinic["ids"]
    return {**found, **backstage("images_of", study=found["study"])}


def settle(page: Page) -> None:
    """Until nothing loads any more and nothing is a placeholder."""
    page.wait_for_load_state("networkidle")
    expect(page.locator("main, [data-phase], .page").first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG A and AA, one line an element."""
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    return [
        f"{rule['id']}: {node['html'][:150]} | {json.dumps(node.get('any', [])[:1])[:300]}"
        for rule in found
        for node in rule["nodes"]
    ]


def load_axe(page: Page) -> None:
    """Past the content policy, which lets no foreign script in: by the debugger, not by a tag."""
    page.evaluate(AXE.read_text() + "; undefined")


@pytest.mark.parametrize(
    ("role", "name"),
    [("site", name) for name in PAGES] + [("doctor", name) for name in FOR_DOCTORS],
)
def test_a_page_is_accessible_quiet_within_the_window_and_light(
    visit: Visiting, clinic: dict[str, Any], ids: dict[str, str], role: str, name: str
) -> None:
    window = visit(clinic["people"][role], reduced_motion="reduce")
    page = window.go({**PAGES, **PAGES_OF_READERS}[name].format(**ids))
    settle(page)
    total = sum(size for url, size in window.watch.scripts.items() if "three" not in Path(url).name)
    assert 0 < total <= MOST_SCRIPT_BYTES, window.watch.scripts
    if role == "site" or name in PAGES_OF_READERS:
        look(page, name)
    load_axe(page)
    assert violations(page) == []
    if role == "site" and name in IN_THE_DARK:
        page.emulate_media(color_scheme="dark")
        assert violations(page) == [], "in the dark"
        page.emulate_media(color_scheme="light")
    for size in [TWICE_AS_LARGE, *SIZES]:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert page.evaluate(WIDER_THAN_THE_WINDOW) == [], size
    if role == "site" or name in PAGES_OF_READERS:
        look(page, f"{name} narrow")


def look(page: Page, name: str) -> None:
    """A picture for people to look at."""
    SHOW.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOW / f"{file_name(name)}.png")


def test_labelling_and_reading_need_no_scrolling(
    visit: Visiting, clinic: dict[str, Any], ids: dict[str, str]
) -> None:
    window = visit(clinic["people"]["doctor"])
    for size in [*SIZES, (2560, 1440)]:
        window.page.set_viewport_size({"width": size[0], "height": size[1]})
        for name in ("label a back", "label a film", "read", "read blinded"):
            page = window.go({**PAGES, **PAGES_OF_READERS}[name].format(**ids))
            settle(page)
            tall = page.evaluate("() => document.documentElement.scrollHeight - window.innerHeight")
            assert tall <= 0, (name, size)


def test_at_twice_the_size_no_button_of_the_bars_is_lost(
    visit: Visiting, clinic: dict[str, Any], ids: dict[str, str]
) -> None:
    window = visit(clinic["people"]["site"], size=TWICE_AS_LARGE)
    for name in ("home", "study", "label a back", "read"):
        page = window.go(PAGES[name].format(**ids))
        settle(page)
        bar = page.get_by_role("banner")
        shown = bar.get_by_role("button").or_(bar.get_by_role("link")).all()
        assert len(shown) >= 4
        for each in shown:
            box = each.bounding_box()
            assert box is not None
            assert box["width"] >= 20, (name, each.inner_text())
            assert 0 <= box["x"] <= TWICE_AS_LARGE[0] - box["width"], (name, each.inner_text())


def test_the_way_in_is_accessible_too(visit: Visiting) -> None:
    window = visit()
    page = window.go("/login/")
    settle(page)
    load_axe(page)
    assert violations(page) == []
    assert 0 < sum(window.watch.scripts.values()) <= MOST_SCRIPT_BYTES


def test_the_page_of_the_api_is_quiet_and_lists_it(visit: Visiting, clinic: dict[str, Any]) -> None:
    page = visit(clinic["people"]["doctor"]).go("/api/v1/docs/")
    expect(page.get_by_text("/api/v1/audit", exact=True).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    # Only what is near the window is drawn: further groups come with scrolling.
    studies = page.get_by_text("/api/v1/studies", exact=True).first
    page.mouse.move(400, 400)
    for _ in range(100):
        if studies.is_visible():
            break
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)
    expect(studies).to_be_visible()


@pytest.mark.parametrize("path", ["/nowhere/", "/studies/00000000-0000-4000-8000-000000000000/"])
def test_a_page_that_is_not_there_says_so_and_leads_back(
    visit: Visiting, clinic: dict[str, Any], path: str
) -> None:
    window = visit(clinic["people"]["doctor"])
    window.watch.expected.append("status of 404")
    page = window.go(path)
    expect(page.get_by_role("heading").first).to_be_visible()
    load_axe(page)
    assert violations(page) == []
    page.get_by_role("link").first.click()
    expect(page).to_have_url(f"{window.address}/")
