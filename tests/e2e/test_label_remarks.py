"""Remarks on the labelling page: putting an image aside, flagging it, commenting on a point."""

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.visiting import Personing, Visiting


def test_an_image_is_put_aside_with_a_reason_and_the_next_one_comes(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    first = backstage("back", project=project["id"])
    second = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    open_back(window, first)
    page = window.page
    expect(page.get_by_text("2 waiting")).to_be_visible()
    page.keyboard.press("s")
    asked = page.get_by_label("Why can this image not be labelled?")
    expect(asked).to_be_focused()
    page.get_by_role("button", name="The back is covered").click()
    asked.press("Enter")
    page.wait_for_url(f"**/images/{second['image']}/label/**")
    expect(page.get_by_text("1 waiting")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    page.wait_for_url(f"**/images/{first['image']}/label/**")
    expect(page.get_by_text("2 waiting")).to_be_visible()
    said = window.api(f"/images/{first['image']}/remarks")
    assert [(each["kind"], each["text"]) for each in said] == [("skip", "The back is covered.")]
    assert said[0]["settled_at"]


def test_a_comment_is_pinned_to_a_point_and_settled(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    colour = open_back(window, case)
    page = window.page
    colour.click(0.5, 0.25)
    page.keyboard.press("t")
    expect(page.get_by_role("region", name="Remarks").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Perhaps one too high? n p x")
    page.keyboard.press("Enter")
    remarks = page.get_by_role("region", name="Remarks")
    expect(remarks.get_by_text("Perhaps one too high? n p x")).to_be_visible()
    page.keyboard.press("]")
    remarks.get_by_role("button", name="C7").click()
    expect(colour.mark("C7")).to_have_attribute("aria-pressed", "true")
    page.reload()
    colour.wait_for_picture()
    remarks.get_by_role("button", name="Settled").click()
    expect(remarks.get_by_text("Perhaps one too high?")).to_have_count(0)
    remarks.get_by_role("button", name="Show 1 settled").click()
    expect(remarks.get_by_text("Perhaps one too high?")).to_be_visible()
