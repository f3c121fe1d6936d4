"""Notes on films, and the local contrast of films, while reading."""

import pytest
from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label_depth import drawn
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def test_a_note_is_written_shown_taken_back_and_printed(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    window = visit(person("doctor"))
    page = window.go(f"/studies/{case['study']}/read/")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    notes = page.get_by_role("region", name="Notes on this film")
    notes.get_by_role("button", name="Write a note").click()
    expect(notes.get_by_role("status")).to_contain_text("Click where the note belongs")
    spot = film.click(0.5, 0.4)
    field = notes.get_by_label("Note at this place")
    expect(field).to_be_focused()
    field.fill("A short rib, left")
    page.keyboard.press("Enter")
    mark = film.element.get_by_role("img", name="Note: A short rib, left")
    expect(mark).to_be_visible()
    circle = mark.locator("circle").bounding_box()
    assert circle is not None
    middle = (circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    assert middle == pytest.approx(spot, abs=0.6)
    (kept,) = window.api(f"/studies/{case['study']}/film-notes")
    assert (kept["text"], kept["image"]) == ("A short rib, left", case["image"])

    # By the keyboard alone; Escape in the field puts it away.
    page.keyboard.press("t")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)

    page.goto(f"{window.address}/studies/{case['study']}/report/")
    printed = page.get_by_role("region", name="Notes on the films")
    expect(printed.get_by_role("listitem")).to_contain_text(["A short rib, left"])
    page.go_back()
    film.wait_for_picture()
    notes.get_by_role("button", name="Take back: A short rib, left").click()
    expect(mark).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(mark).to_be_visible()


def test_an_assistant_sees_notes_and_writes_none(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    page = visit(person("assistant")).go(f"/studies/{case['study']}/read/")
    Pane(page, "X-ray").wait_for_picture()
    notes = page.get_by_role("region", name="Notes on this film")
    expect(notes).to_be_visible()
    expect(notes.get_by_role("button")).to_have_count(0)
    page.keyboard.press("t")
    expect(notes.get_by_role("status")).to_have_count(0)


def test_local_contrast_is_raised_on_both_films_alike(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage("synthetic", study=case["study"])
    page = visit(person("doctor")).go(f"/studies/{case['study']}/read/")
    panes = [Pane(page, "X-ray"), Pane(page, "Synthetic X-ray")]
    for pane in panes:
        pane.wait_for_picture()
    plain = [drawn(pane) for pane in panes]
    page.keyboard.press("e")
    expect(page.get_by_label("Local")).to_have_value("3")
    page.wait_for_timeout(300)
    raised = [drawn(pane) for pane in panes]
    page.keyboard.press("i")
    page.wait_for_timeout(300)
    inverted = [drawn(pane) for pane in panes]
    for states in zip(plain, raised, inverted, strict=True):
        assert len(set(states)) == 3
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(300)
    assert [drawn(pane) for pane in panes] == plain
