"""The end vertebrae of a curve are chosen by the reader, on the film or in the list, and saved as chosen."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def test_an_end_is_dragged_to_another_vertebra_and_saved_there(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    page = window.go(f"/studies/{case['study']}/read/")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    lower = page.get_by_label("Lower end vertebra of curve 1")
    curve = page.get_by_role("region", name="Curves").get_by_role("listitem")
    whole = angle(curve.inner_text())
    expect(lower).to_have_value("L5")

    grip = film.centre_of("curve-0-lower")
    film.drag(grip, (grip[0], film.at(0, 0.72)[1]))
    dragged = lower.input_value()
    assert dragged in {"T12", "L1", "L2"}
    assert angle(curve.inner_text()) < whole
    lower.select_option("L3")
    page.get_by_label("Upper end vertebra of curve 1").select_option("T4")
    chosen = angle(curve.inner_text())
    page.get_by_role("button", name="Save this curve").click()
    expect(page.get_by_role("region", name="Saved").get_by_text("T4–L3")).to_be_visible()
    (saved,) = window.api(f"/studies/{case['study']}/measurements")
    assert (saved["upper_level"], saved["lower_level"]) == ("T4", "L3")
    # To the tenth that is shown, the page and the server agree.
    assert saved["angle_deg"] == pytest.approx(chosen, abs=0.051)

    page.reload()
    expect(lower).to_have_value("L3")
    page.get_by_role("button", name="Most tilted vertebrae").click()
    expect(lower).to_have_value("L5")


def angle(text: str) -> float:
    found = re.search(r"(\d+\.\d)°", text)
    assert found, text
    return float(found[1])
