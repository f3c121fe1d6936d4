"""No point is ever lost or silently overwritten: network gone, server broken, session over, two tabs."""

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.viewer import Pane, expect_phase, expect_saved
from tests.e2e.visiting import Personing, Visiting

PASSWORD = "correct-horse-battery"
SAVES = "**/api/v1/images/*/landmarks/*"


def test_offline_then_online_nothing_is_lost(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("net::ERR_INTERNET_DISCONNECTED")
    page, colour = window.page, open_back(window, case)
    window.context.set_offline(True)
    colour.click(0.5, 0.3)
    expect_phase(page, "offline")
    expect(page.locator("[data-phase]")).to_contain_text("kept on this computer")
    colour.click(0.4, 0.4)
    colour.click(0.6, 0.4)
    window.context.set_offline(False)
    expect_saved(page)
    assert sorted(window.points(case["image"])) == ["C7", "scapula_L", "scapula_R"]


def test_a_page_closed_offline_is_taken_up_by_the_next(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("net::ERR_INTERNET_DISCONNECTED")
    page, colour = window.page, open_back(window, case)
    window.context.set_offline(True)
    colour.click(0.5, 0.3)
    colour.click(0.4, 0.4)
    expect_phase(page, "offline")
    page.close()
    window.context.set_offline(False)
    window.page = window.another_tab(f"/images/{case['image']}/label/")
    again = Pane(window.page, "Colour")
    expect(again.mark("scapula_L")).to_have_count(1)
    expect_saved(window.page)
    assert sorted(window.points(case["image"])) == ["C7", "scapula_L"]


def test_a_server_that_fails_twice_gets_the_points_in_the_end(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("status of 500")
    page, colour = window.page, open_back(window, case)
    keys: list[str] = []

    def fail_twice(route: Route) -> None:
        if route.request.method != "PUT":
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) <= 2:
            return route.fulfill(status=500, json={"detail": "The disk is full.", "code": "server"})
        return route.continue_()

    page.route(SAVES, fail_twice)
    colour.click(0.5, 0.3)
    expect_phase(page, "offline")
    expect(page.locator("[data-phase]")).to_contain_text("next try")
    expect_saved(page)
    assert sorted(window.points(case["image"])) == ["C7"]
    assert len(set(keys[:3])) == 1
    assert len(backstage("revisions", image=case["image"])) == 1


def test_a_save_whose_answer_was_lost_is_saved_once(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("net::ERR_FAILED")
    page, colour = window.page, open_back(window, case)
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method == "PUT" and not lost:
            lost.append(route.fetch().status)
            return route.abort()
        return route.continue_()

    page.route(SAVES, lose_the_first_answer)
    colour.click(0.5, 0.3)
    expect_phase(page, "offline")
    expect_saved(page)
    assert lost == [200]
    assert len(backstage("revisions", image=case["image"])) == 1


def test_a_session_that_ended_is_taken_up_in_place(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant", password=PASSWORD))
    window.watch.expected.append("status of 401")
    page, colour = window.page, open_back(window, case)
    colour.click(0.5, 0.3)
    expect_saved(page)
    window.end_session()
    colour.click(0.4, 0.4)
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_contain_text("Nothing on this page is lost")
    expect_phase(page, "signed_out")
    told = page.locator("[data-phase]")
    expect(told).to_contain_text("Signed out: 1 point kept on this computer")
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_contain_text("This password is not right")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect_saved(page)
    colour.click(0.6, 0.4)
    expect_saved(page)
    assert sorted(window.points(case["image"])) == ["C7", "scapula_L", "scapula_R"]


@pytest.mark.parametrize(
    ("choice", "winner"), [("Go on with mine", "second"), ("Go on with the other", "first")]
)
def test_two_tabs_show_both_versions_and_neither_is_overwritten_unseen(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    choice: str,
    winner: str,
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("status of 412")
    first = open_back(window, case)
    second = Pane(window.another_tab(f"/images/{case['image']}/label/"), "Colour")
    second.wait_for_picture()

    first.page.bring_to_front()
    first.click(0.5, 0.3)
    expect_saved(first.page)
    theirs = window.points(case["image"])["C7"]

    second.page.bring_to_front()
    second.click(0.5, 0.5)
    expect_phase(second.page, "conflict")
    notice = second.page.get_by_role("region", name="This set was saved elsewhere meanwhile")
    expect(notice).to_contain_text("differs from yours in 1 point")
    assert window.points(case["image"])["C7"] == theirs

    notice.get_by_role("button", name=choice).click()
    expect(notice).to_have_count(0)
    expect_saved(second.page)
    now = window.points(case["image"])["C7"]
    assert (now == theirs) == (winner == "first")
    kept = [each["points"][0]["y"] for each in backstage("revisions", image=case["image"])]
    assert kept[0] == theirs["y"]
    assert kept[-1] == now["y"]


def test_saving_waits_until_the_pointer_lets_go(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    page, colour = window.page, open_back(window, case)
    colour.click(0.5, 0.3)
    expect_saved(page)
    start = colour.centre_of("C7")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 40, start[1], steps=4)
    page.wait_for_timeout(1200)
    assert len(backstage("revisions", image=case["image"])) == 1
    page.mouse.up()
    expect_saved(page)
    assert len(backstage("revisions", image=case["image"])) == 2
