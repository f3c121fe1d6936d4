"""A model that gave no proposal says so, and why, wherever somebody looks for one."""

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.visiting import Personing, Visiting

REASON = "Unlike what this network was trained on: the picture is blank."


def test_who_waits_for_a_proposal_reads_why_there_is_none(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    refused = backstage("refused", image=case["image"], reason=REASON)
    window = visit(person("admin"))
    sentence = f"Model Backs #1 gave no proposal: {REASON}"
    page = window.go(f"/images/{case['image']}/label/")
    expect(page.get_by_text(sentence)).to_be_visible()
    page = window.go(f"/studies/{case['study']}/")
    expect(page.get_by_text(sentence)).to_be_visible()
    page = window.go(f"/models/{refused['model']}/")
    expect(page.get_by_text(REASON)).to_be_hidden()
    page.get_by_role("table", name="Runs of this model").get_by_text("1 image", exact=True).click()
    expect(page.get_by_text(REASON)).to_be_visible()
    # Put out of use, the model has nothing more to say about the picture.
    page.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("Retired", exact=True).first).to_be_visible()
    page = window.go(f"/studies/{case['study']}/")
    expect(page.get_by_role("heading", name="Colour")).to_be_visible()
    expect(page.get_by_text(sentence)).to_have_count(0)
