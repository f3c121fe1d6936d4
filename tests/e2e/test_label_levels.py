"""Vertebrae beyond the usual number, and fewer: added and taken out while labelling, named while reading."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane, expect_saved
from tests.e2e.visiting import Personing, Visiting

T13 = ("T13_TL", "T13_TR", "T13_BL", "T13_BR")


def test_a_thirteenth_vertebra_is_added_placed_and_read(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    levels = page.get_by_role("group", name="Vertebrae that this spine has")
    levels.get_by_role("button", name="T13").click()
    expect(page.get_by_role("region", name="Next point")).to_contain_text("T13 top left")
    expect(page.get_by_text("68 of 72 done")).to_be_visible()
    # Between T12 and L1 there is hardly room on this film; beside them is as good for the test.
    x, y = film.centre_of("T12_BL")
    for dx, dy in ((-110, 0), (-60, 0), (-110, 24), (-60, 24)):
        page.mouse.click(x + dx, y + dy)
    expect(film.element.locator("[data-grip^=T13]")).to_have_count(4)
    expect_saved(page)
    stored = window.points(case["image"], "vertebrae68")
    assert set(T13) <= set(stored)
    names = list(stored)
    assert names[names.index("T12_BR") + 1 : names.index("L1_TL")] == list(T13)
    (kept,) = window.api(f"/images/{case['image']}/landmarks")
    assert kept["complete"]

    page.goto(f"{window.address}/studies/{case['study']}/read/")
    Pane(page, "X-ray").wait_for_picture()
    lower_end = page.get_by_label(re.compile("lower end vertebra", re.IGNORECASE)).first
    expect(lower_end.locator("option", has_text="T13")).to_have_count(1)
    (told,) = window.api(f"/studies/{case['study']}/report")["posture"]
    assert told["vertebrae"] == "13 thoracic vertebrae"


@pytest.mark.parametrize("level", ["T12", "L5"])
def test_a_usual_vertebra_is_taken_out_and_comes_back(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, level: str
) -> None:
    assistant = person("assistant")
    case = backstage("film", project=project["id"])
    backstage("spine", username=assistant["username"], image=case["image"], bend_px=40)
    window = visit(assistant)
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    toggle = page.get_by_role("group", name="Vertebrae that this spine has").get_by_role("button", name=level)
    toggle.focus()
    page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    expect(film.element.locator(f"[data-grip^={level}]")).to_have_count(0)
    expect_saved(page)
    stored = window.points(case["image"], "vertebrae68")
    assert {stored[f"{level}_{corner}"]["state"] for corner in ("TL", "TR", "BL", "BR")} == {"missing"}
    page.keyboard.press("Control+z")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(film.element.locator(f"[data-grip^={level}]")).to_have_count(4)
