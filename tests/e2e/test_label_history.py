"""The revisions of a set: what changed since each, drawn on the picture, and restoring one."""

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.viewer import expect_saved
from tests.e2e.visiting import Personing, Visiting


def test_an_earlier_revision_is_compared_and_restored_as_a_new_one(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    colour = open_back(window, case)
    page = window.page
    page.keyboard.press("r")
    history = page.get_by_role("region", name="Revisions")
    expect(history.get_by_text("Nothing saved here yet")).to_be_visible()
    page.keyboard.press("r")
    colour.click(0.5, 0.3)
    expect_saved(page)
    first = window.points(case["image"])
    colour.drag(colour.centre_of("C7"), colour.at(0.56, 0.4))
    expect_saved(page)
    assert window.points(case["image"]) != first

    page.keyboard.press("r")
    expect(history.get_by_role("listitem")).to_have_count(2)
    history.get_by_role("listitem").nth(1).get_by_role("button").click()
    expect(history.get_by_text("Since then: 1 moved (at most")).to_be_visible()
    history.get_by_role("button", name="Restore as a new revision").click()
    expect(history.get_by_role("listitem")).to_have_count(3)
    expect_saved(page)
    assert window.points(case["image"]) == first
    page.keyboard.press("Control+z")
    expect(history.get_by_role("listitem")).to_have_count(4)
