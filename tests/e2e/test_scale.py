"""A line of known length gives a film its scale."""

import pytest
from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def test_a_line_of_known_length_gives_the_scale_and_the_next_one_is_read_in_millimetres(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    window = visit(person("doctor"))
    page = window.go(f"/studies/{case['study']}/read/")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    page.keyboard.press("l")
    film.drag(film.at(0.5, 0.2), film.at(0.5, 0.8))
    expect(page.get_by_text("known?")).to_be_visible()
    page.get_by_label("Known length of this line in mm").fill("300")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The film has its scale.")).to_be_visible()
    image = window.api(f"/images/{case['image']}")
    assert image["calibration"] == "known_length"

    page.keyboard.press("l")
    film.drag(film.at(0.5, 0.35), film.at(0.5, 0.65))
    said = page.get_by_text("Length 1").inner_text()
    assert float(said.split()[1]) == pytest.approx(150, abs=1)
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    # Like an iliac crest: the left end 40 px higher than the right, over 100 px.
    (x, y), rise = film.at(0.45, 0.6), 40
    film.drag((x, y), (x + 100, y + rise))
    expect(page.get_by_text("leans 21.8°, left side higher")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("no scale: pixels only").first).to_be_visible()
    assert window.api(f"/images/{case['image']}")["calibration"] == "none"
