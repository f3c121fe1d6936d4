"""Local contrast of a film (CLAHE): by key and by button, beside the tone, fetched only when asked for."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label_depth import drawn
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def test_local_contrast_is_raised_and_taken_back(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], size=[1000, 2400])
    window = visit(person("assistant"))
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    local = page.get_by_label("Local")
    expect(local).to_have_value("0")
    plain = drawn(film)
    assert not any("clahe" in Path(url).name for url in window.watch.scripts)

    page.keyboard.press("e")
    expect(local).to_have_value("3")
    page.wait_for_timeout(300)
    usual = drawn(film)
    local.select_option("strong")
    page.wait_for_timeout(300)
    strong = drawn(film)
    page.keyboard.press("i")
    page.wait_for_timeout(300)
    inverted = drawn(film)
    assert len({plain, usual, strong, inverted}) == 4

    page.get_by_role("button", name="Reset").click()
    expect(local).to_have_value("0")
    page.wait_for_timeout(300)
    assert drawn(film) == plain


def test_a_back_has_no_local_contrast(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    page = visit(person("assistant")).go(f"/images/{case['image']}/label/")
    colour = Pane(page, "Colour")
    colour.wait_for_picture()
    page.get_by_label("Adjust").select_option("colour")
    expect(page.get_by_role("button", name="Invert")).to_be_visible()
    expect(page.get_by_label("Local")).to_have_count(0)
    plain = drawn(colour)
    page.keyboard.press("e")
    page.wait_for_timeout(300)
    assert drawn(colour) == plain
