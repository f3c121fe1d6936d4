"""The reading page: curves as the server has them, two free lines, what is saved, and the report of it."""

import math
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visit, Visiting

SHOWN = re.compile(r"(\d+\.\d)° ± (\d+\.\d)")


def open_film(window: Visit, case: dict[str, Any]) -> Pane:
    film = Pane(window.go(f"/studies/{case['study']}/read/"), "X-ray")
    film.wait_for_picture()
    return film


def angle_in(text: str) -> float:
    found = SHOWN.search(text)
    assert found, text
    return float(found[1])


def part(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


@pytest.mark.parametrize(
    ("bend_px", "mirrored", "side"), [(40, False, "right"), (40, True, "left"), (-30, False, "left")]
)
def test_the_curves_on_screen_are_the_curves_the_server_saves(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    bend_px: float,
    mirrored: bool,
    side: str,
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"], display_flip=mirrored)
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=bend_px)
    window = visit(doctor)
    open_film(window, case)
    page = window.page
    shown = part(page, "Curves").get_by_role("listitem").all_inner_texts()
    page.keyboard.press("s")
    expect(part(page, "Curves").get_by_role("button", name="Saved")).to_be_disabled()
    saved = window.api(f"/studies/{case['study']}/measurements")
    assert len(saved) == len(shown) >= 1
    for text, row in zip(shown, sorted(saved, key=lambda row: row["upper_line"][0][1]), strict=True):
        assert angle_in(text) == pytest.approx(row["angle_deg"], abs=0.0501)
        assert f"{row['upper_level']}–{row['lower_level']}, {row['side']}" in text
        assert text.startswith(row["region"])
        assert f"apex {row['apex_level']}" in text
        assert f"± {row['reading_error_deg']:.1f}" in text
        assert row["method"] == "vertebrae"
        assert row["reader"]["id"] == doctor["id"]
        assert row["calibration"] == "none"
    largest = max(saved, key=lambda row: row["angle_deg"])
    assert largest["side"] == side
    # What a straight line through the ends of a sine bend must give, worked out on paper.
    steepest = math.degrees(math.atan(abs(bend_px) * math.pi / (0.84 * case["height"])))
    assert largest["angle_deg"] == pytest.approx(2 * steepest, rel=0.05)


def test_two_lines_are_saved_as_a_measurement_with_its_levels(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    window = visit(doctor)
    film, page = open_film(window, case), window.page
    tool = part(page, re.compile("^Two lines"))  # type: ignore[arg-type]
    page.keyboard.press("l")
    expect(tool).to_contain_text("Drag along the upper endplate")
    film.drag(film.at(0.42, 0.30), film.at(0.58, 0.34))
    expect(tool).to_contain_text("Now along the lower endplate")
    film.drag(film.at(0.42, 0.66), film.at(0.58, 0.60))
    expect(tool.get_by_role("button", name="Save")).to_be_disabled()
    tool.get_by_label("upper").select_option("L1")
    tool.get_by_label("lower").select_option("T6")
    expect(tool).to_contain_text("L1 does not lie above T6")
    tool.get_by_label("upper").select_option("T6")
    tool.get_by_label("lower").select_option("L1")
    shown = angle_in(tool.inner_text())
    tool.get_by_role("button", name="Save").click()
    expect(part(page, "Saved").get_by_role("listitem")).to_contain_text("T6–L1")
    (row,) = window.api(f"/studies/{case['study']}/measurements")
    assert (row["method"], row["upper_level"], row["lower_level"]) == ("lines", "T6", "L1")
    assert row["reading_error_deg"] > 0
    assert row["reading_error_source"]

    def slope_deg(line: list[list[float]]) -> float:
        (x0, y0), (x1, y1) = line
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    measured = abs(slope_deg(row["upper_line"]) - slope_deg(row["lower_line"]))
    assert row["angle_deg"] == pytest.approx(measured, abs=0.01)
    assert shown == pytest.approx(row["angle_deg"], abs=0.0501)


def test_an_end_of_a_line_is_dragged_and_nudged(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    window = visit(person("doctor"))
    film, page = open_film(window, case), window.page
    page.keyboard.press("l")
    film.drag(film.at(0.42, 0.30), film.at(0.58, 0.30))
    film.drag(film.at(0.42, 0.60), film.at(0.58, 0.60))
    tool = part(page, re.compile("^Two lines"))  # type: ignore[arg-type]
    expect(tool).to_contain_text("0.0°")
    end = film.centre_of("end-1")
    film.drag(end, (end[0], end[1] + 40))
    turned = angle_in(tool.inner_text())
    assert turned > 10
    film.mark("end-1").focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(tool).not_to_contain_text(f"{turned:.1f}°")
    assert angle_in(tool.inner_text()) > turned


def test_a_measurement_is_retracted_and_taken_back_by_undo(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    open_film(window, case)
    page = window.page
    page.keyboard.press("s")
    rows = part(page, "Saved").get_by_role("button", name=re.compile("^Retract"))
    expect(rows).not_to_have_count(0)
    count = rows.count()
    rows.first.click()
    expect(rows).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(count)
    saved = window.api(f"/studies/{case['study']}/measurements")
    assert [row["retracted_at"] for row in saved] == [None] * count

    # Left within the ten seconds, the page still sends what it showed as done.
    rows.first.click()
    expect(rows).to_have_count(count - 1)
    page.goto(f"{window.address}/studies/{case['study']}/")
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.get_by_role("button", name="Show 1 retracted")).to_be_visible()
    saved = window.api(f"/studies/{case['study']}/measurements")
    assert sum(row["retracted_at"] is not None for row in saved) == 1


def test_the_report_shows_what_was_saved_and_says_what_it_is_not(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    open_film(window, case)
    page = window.page
    page.keyboard.press("s")
    expect(part(page, "Saved").get_by_role("listitem").first).to_contain_text("°")
    saved = window.api(f"/studies/{case['study']}/measurements")
    page.get_by_role("link", name="Report").click()
    expect(page).to_have_url(f"{window.address}/studies/{case['study']}/report/")
    report = page.get_by_role("article")
    for row in saved:
        expect(report).to_contain_text(f"{row['angle_deg']:.1f}°")
        expect(report).to_contain_text(row["upper_level"])
    expect(report.get_by_text("For research use only. Not a diagnostic device.").first).to_be_visible()
    film = report.get_by_role("figure")
    expect(film).to_contain_text("shown as from behind")
    expect(film.get_by_text("R", exact=True)).to_be_visible()
    balance = part(page, "Balance and surface")
    expect(balance.get_by_role("table", name=re.compile("“Vertebrae, T1 to L5” by"))).to_be_visible()
    expect(balance.get_by_role("row", name=re.compile("^T1 tilt"))).to_contain_text(
        re.compile("(left|right) higher")
    )
    page.emulate_media(media="print")
    expect(report.get_by_text("For research use only. Not a diagnostic device.").first).to_be_visible()
    expect(page.get_by_role("button", name="Print or save as PDF")).to_be_hidden()
    page.emulate_media(media="screen")


def test_no_side_is_named_before_a_person_confirmed_it(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"], side_confirmed=False)
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    film, page = open_film(window, case), window.page
    expect(film.element).to_contain_text("Side not confirmed")
    expect(film.element.get_by_title("The patient's left")).to_have_count(0)
    curves = part(page, "Curves")
    expect(curves.get_by_role("listitem").first).to_contain_text("°")
    assert not re.search("left|right", curves.inner_text())
    page.keyboard.press("s")
    expect(curves.get_by_role("button", name="Saved")).to_be_disabled()
    assert not re.search("left|right", part(page, "Saved").inner_text())
    saved = window.api(f"/studies/{case['study']}/measurements")
    assert {row["side"] for row in saved} == {""}
    page.goto(f"{window.address}/studies/{case['study']}/report/")
    expect(page.get_by_text("has not been confirmed")).to_be_visible()
    film = page.get_by_role("figure")
    expect(film.get_by_role("img")).to_be_visible()
    expect(film.get_by_text("side not confirmed").first).to_be_visible()
    assert film.get_by_text("R", exact=True).count() == 0
    assert not re.search("(left|right) higher", part(page, "Balance and surface").inner_text())

    page.goto(f"{window.address}/images/{case['image']}/label/?schema=vertebrae68")
    labelled = Pane(page, "X-ray")
    labelled.wait_for_picture()
    expect(labelled.element.get_by_text("Side not confirmed")).to_be_visible()
    expect(labelled.element.get_by_title("The patient's left")).to_have_count(0)


def test_home_asks_for_the_side_and_the_answer_turns_the_film(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], side_confirmed=False)
    window = visit(person("assistant"))
    page = window.go("/")
    page.get_by_role("link", name=re.compile("side nobody has confirmed")).click()
    expect(page).to_have_url(f"{window.address}/studies/{case['study']}/")
    question = page.get_by_role("heading", name="Is the patient’s right on your right?")
    expect(question).to_be_visible()
    page.get_by_role("button", name="Turn it round").click()
    page.get_by_role("button", name="It is right like this").click()
    expect(question).to_have_count(0)
    (shot,) = window.api(f"/studies/{case['study']}")["acquisitions"]
    assert (shot["display_flip"], shot["side_confirmed"]) == (True, True)
    page.reload()
    expect(page.get_by_text("side confirmed, shown mirrored")).to_be_visible()
    page.goto(f"{window.address}/")
    expect(page.get_by_role("link", name=re.compile("side nobody has confirmed"))).to_have_count(0)


def test_a_models_vertebrae_are_marked_as_such(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage("spine", username="", image=case["image"], bend_px=40, model="spine-net 3")
    window = visit(person("doctor"))
    open_film(window, case)
    expect(part(window.page, "Curves")).to_contain_text("From a model's points. Check them before you save.")


def test_an_assistant_may_look_but_not_measure(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(person("assistant"))
    open_film(window, case)
    page = window.page
    expect(part(page, "Curves").get_by_role("listitem").first).to_contain_text("°")
    expect(page.get_by_role("button", name=re.compile("^Save "))).to_have_count(0)
    page.keyboard.press("s")
    page.keyboard.press("l")
    assert window.api(f"/studies/{case['study']}/measurements") == []
