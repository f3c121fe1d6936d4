"""What a network doubts of its vertebrae, and what looks odd about a person's, where doctors see it."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_read import open_film, part
from tests.e2e.viewer import Pane, expect_saved
from tests.e2e.visiting import Personing, Visiting

ABSTAINS = "The largest angle may be off by 14 degrees, more than 10: check its vertebrae."
UNUSUAL = {"levels": ["T5"], "text": "T5 has an unusual shape."}


def whole(doubt_deg: float) -> list[dict[str, Any]]:
    """What a model says of the one curve of its bent spine."""
    return [{"upper_level": "T1", "lower_level": "L5", "doubt_deg": doubt_deg}]


def test_a_models_angle_comes_with_its_interval(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage(
        "spine", username="", image=case["image"], bend_px=40, model="net", curve_doubts=whole(6.1),
        doubts=[UNUSUAL],
    )  # fmt: skip
    window = visit(person("doctor"))
    open_film(window, case)
    curves = part(window.page, "Curves")
    text = curves.get_by_role("listitem").inner_text()
    found = re.search(r"(\d+\.\d)° ± 6\.1 [^°]*90 % interval (\d+\.\d)° to (\d+\.\d)°", text, re.DOTALL)
    assert found, text
    angle, low, high = map(float, found.groups())
    assert (round(angle - 6.1, 1), round(angle + 6.1, 1)) == (low, high)
    expect(curves).to_contain_text("T5 has an unusual shape.")
    # It holds for the vertebrae that the model found; of a curve between others it has said nothing.
    curves.get_by_label("Upper end vertebra of curve 1").select_option("T3")
    expect(curves).to_contain_text("how far off it may be is not known")
    expect(curves).not_to_contain_text("interval")


def test_where_the_model_abstains_there_is_no_angle_until_a_doctor_has_accepted_the_points(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage(
        "spine", username="", image=case["image"], bend_px=40, model="net", curve_doubts=whole(14.2),
        abstains=ABSTAINS,
    )  # fmt: skip
    window = visit(person("doctor"))
    film, page = open_film(window, case), window.page
    curves = part(page, "Curves")
    expect(curves).to_contain_text(ABSTAINS)
    expect(curves.get_by_role("link", name="Correct the points")).to_be_visible()
    expect(curves).not_to_contain_text("°")
    expect(film.element.get_by_text(re.compile(r"\d°"))).to_have_count(0)
    page.keyboard.press("s")
    assert window.api(f"/studies/{case['study']}/measurements") == []
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(curves).to_contain_text("± 14.2")


def test_the_labelling_page_tells_what_the_model_doubts(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage(
        "spine", username="", image=case["image"], bend_px=40, model="net", curve_doubts=whole(14.2),
        abstains=ABSTAINS, doubts=[UNUSUAL],
    )  # fmt: skip
    page = visit(person("assistant")).go(f"/images/{case['image']}/label/?schema=vertebrae68")
    Pane(page, "X-ray").wait_for_picture()
    doubts = page.get_by_role("list", name="What the model doubts")
    expect(doubts.get_by_role("listitem")).to_have_text([ABSTAINS, UNUSUAL["text"]])
    points = page.get_by_role("list", name="Points", exact=True)
    marked = points.get_by_role("button").filter(has=page.get_by_label("look here"))
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("T5")
    doubts.get_by_role("button").click()
    expect(points.get_by_role("button", name=re.compile("^T5"))).to_have_attribute("aria-current", "true")


def test_a_vertebra_that_was_passed_over_is_told_once_the_column_is_saved(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    reader = person("assistant")
    odd, usual = (backstage("film", project=project["id"], size=[400, 900]) for _ in range(2))
    backstage("column", username=reader["username"], image=odd["image"], passed_over=8)
    backstage("column", username=reader["username"], image=usual["image"])
    window = visit(reader)
    page = window.go(f"/images/{odd['image']}/label/?schema=vertebrae68")
    warnings = page.get_by_role("list", name="What looks wrong")
    expect(warnings).to_contain_text("T9 is followed by a gap, as if a vertebra had been passed over.")
    # Once a point moves it is about other points; it comes again when they are saved.
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    film.mark("T1_TL").focus()
    page.keyboard.press("ArrowLeft")
    expect_saved(page)
    expect(warnings).to_contain_text("T9 is followed by a gap")
    page = window.go(f"/images/{usual['image']}/label/?schema=vertebrae68")
    Pane(page, "X-ray").wait_for_picture()
    page.wait_for_load_state("networkidle")
    expect(warnings).to_have_count(0)
