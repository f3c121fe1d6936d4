"""A doctor returns an assistant's points with a note; they come back mended and are signed."""

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane, expect_saved
from tests.e2e.visiting import Personing, Visiting


def test_points_are_returned_mended_and_signed(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    assistant, doctor = person("assistant"), person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=assistant["username"], image=case["image"], bend_px=40)
    reading = visit(doctor)
    page = reading.go(f"/studies/{case['study']}/read/")
    review = page.get_by_role("region", name="Review")
    expect(review.get_by_text("These points are not reviewed yet.")).to_be_visible()
    review.get_by_role("button", name="Return…").click()
    page.keyboard.type("L5 sits on S1.")
    page.keyboard.press("Enter")
    expect(review.get_by_text("L5 sits on S1.")).to_be_visible()

    labelling = visit(assistant)
    label = labelling.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(label, "X-ray")
    film.wait_for_picture()
    expect(label.get_by_text("L5 sits on S1.")).to_be_visible()
    expect(label.get_by_text("1 waiting")).to_be_visible()
    film.mark("L5_TL").focus()
    label.keyboard.press("ArrowUp")
    expect_saved(label)

    page.reload()
    expect(review.get_by_text("These points are not reviewed yet.")).to_be_visible()
    review.get_by_role("button", name="Sign", exact=True).click()
    expect(review.get_by_text("revision 2")).to_be_visible()
    expect(review.get_by_role("button", name="Sign", exact=True)).to_be_disabled()
