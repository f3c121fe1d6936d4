"""The labelling page: points by mouse and by keyboard, on colour and depth at once."""

import re
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane, expect_saved
from tests.e2e.visiting import Personing, Visit, Visiting

BACK6 = ["C7", "scapula_L", "scapula_R", "PSIS_L", "PSIS_R", "sacrum"]
PLACES = [(0.5, 0.25), (0.38, 0.4), (0.62, 0.4), (0.42, 0.7), (0.58, 0.7), (0.5, 0.75)]


def open_back(window: Visit, case: dict[str, Any]) -> Pane:
    pane = Pane(window.go(f"/images/{case['image']}/label/"), "Colour")
    pane.wait_for_picture()
    return pane


def test_six_clicks_place_six_points_on_colour_and_depth(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    colour = open_back(window, case)
    page, depth = window.page, Pane(window.page, "Depth")
    depth.wait_for_picture()
    heading = page.get_by_role("region", name="Next point").get_by_role("heading")
    expect(heading).to_contain_text("C7")
    clicked = {}
    for done, (name, place) in enumerate(zip(BACK6, PLACES, strict=True), start=1):
        clicked[name] = colour.click(*place)
        expect(colour.mark(name)).to_have_count(1)
        if done < 6:
            expect(page.get_by_text(f"Next, {done} of 6 done")).to_be_visible()
    expect(heading).to_have_text("All points have a state")
    expect_saved(page)

    (left, top, *_), (depth_left, depth_top, *_) = colour.box(), depth.box()
    for name, (x, y) in clicked.items():
        assert colour.centre_of(name) == pytest.approx((x, y), abs=0.6)
        twin = depth.centre_of(name)
        assert (twin[0] - depth_left, twin[1] - depth_top) == pytest.approx((x - left, y - top), abs=0.6)

    stored = window.points(case["image"])
    assert sorted(stored) == sorted(BACK6)
    # One scale for all: what lies twice as far apart on screen lies twice as far apart in the image.
    c7, sacrum = stored["C7"], stored["sacrum"]
    scale = (sacrum["y"] - c7["y"]) / (clicked["sacrum"][1] - clicked["C7"][1])
    for name, point in stored.items():
        assert point["state"] == "placed"
        assert point["x"] - c7["x"] == pytest.approx(scale * (clicked[name][0] - clicked["C7"][0]), abs=0.05)
        assert point["y"] - c7["y"] == pytest.approx(scale * (clicked[name][1] - clicked["C7"][1]), abs=0.05)
    assert window.api(f"/studies/{case['study']}")["label_state"] == "done"


def test_points_are_there_again_after_a_reload(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    colour = open_back(window, case)
    colour.click(0.5, 0.3)
    expect_saved(window.page)
    before = colour.centre_of("C7")
    window.page.reload()
    colour.wait_for_picture()
    assert colour.centre_of("C7") == pytest.approx(before, abs=0.2)
    expect(window.page.get_by_text("Next, 1 of 6 done")).to_be_visible()


def test_drag_undo_and_redo(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    page, colour = window.page, open_back(window, case)
    colour.click(0.5, 0.3)
    expect_saved(page)
    first = window.points(case["image"])["C7"]
    start = colour.centre_of("C7")
    colour.drag(start, (start[0] + 60, start[1] + 30))
    assert colour.centre_of("C7") == pytest.approx((start[0] + 60, start[1] + 30), abs=0.6)
    expect_saved(page)
    moved = window.points(case["image"])["C7"]
    assert moved["x"] > first["x"] + 5
    page.keyboard.press("Control+z")
    assert colour.centre_of("C7") == pytest.approx(start, abs=0.2)
    expect_saved(page)
    assert window.points(case["image"])["C7"] == first
    page.keyboard.press("Control+Shift+z")
    expect_saved(page)
    assert window.points(case["image"])["C7"] == moved
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(colour.mark("C7")).to_have_count(0)
    expect_saved(page)
    assert window.points(case["image"]) == {}
    kept = [each["number"] for each in backstage("revisions", image=case["image"])]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= 5


def test_the_keyboard_alone_places_nudges_and_takes_away(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    page, colour = window.page, open_back(window, case)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(colour.mark("C7")).to_have_count(1)
    expect_saved(page)
    first = window.points(case["image"])["C7"]
    for keys, dx, dy in (
        ("ArrowRight", 1, 0),
        ("ArrowDown", 0, 1),
        ("Shift+ArrowLeft", -10, 0),
        ("Alt+ArrowUp", 0, -0.1),
    ):
        before = window.points(case["image"])["C7"]
        page.keyboard.press(keys)
        expect_saved(page)
        after = window.points(case["image"])["C7"]
        assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((dx, dy), abs=1e-6), keys
    page.keyboard.press("Delete")
    expect(colour.mark("C7")).to_have_count(0)
    expect_saved(page)
    assert window.points(case["image"]) == {}
    assert first["state"] == "placed"


def test_states_have_keys_and_are_told_in_words(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("doctor"))
    page, colour = window.page, open_back(window, case)
    points = page.get_by_role("list", name="Points", exact=True)
    colour.click(0.5, 0.3)
    page.keyboard.press("u")
    expect(points.get_by_role("button", name="C7")).to_contain_text("uncertain")
    colour.click(0.4, 0.45)
    page.keyboard.press("o")
    expect(points.get_by_role("button").nth(1)).to_contain_text("occluded")
    page.keyboard.press("3")
    page.keyboard.press("m")
    expect(points.get_by_role("button").nth(2)).to_contain_text("missing")
    expect_saved(page)
    stored = window.points(case["image"])
    assert {name: point["state"] for name, point in stored.items()} == {
        "C7": "uncertain",
        "scapula_L": "occluded",
        "scapula_R": "missing",
    }
    assert (stored["scapula_R"]["x"], stored["scapula_R"]["y"]) == (None, None)
    page.keyboard.press("1")
    page.keyboard.press("u")
    expect(points.get_by_role("button", name="C7")).to_contain_text("placed")


def test_the_next_case_was_fetched_before_it_is_asked_for(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    first, second = (backstage("back", project=project["id"]) for _ in range(2))
    window = visit(person("assistant"))
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    window.page.on("request", note)
    with window.page.expect_response(f"**/images/{second['image']}/view*"):
        colour = open_back(window, first)
    colour.click(0.5, 0.3)
    expect_saved(window.page)
    window.page.wait_for_load_state("networkidle")
    asked.clear()
    window.page.keyboard.press("n")
    expect(window.page).to_have_url(f"{window.address}/images/{second['image']}/label/?schema=back6")
    colour.wait_for_picture()
    # Why a model has no proposal is asked beside, once the case is there: nobody waits for it.
    asked = [url for url in asked if "/refusals" not in url]
    assert [url for url in asked if second["image"] in url] == []
    colour.click(0.5, 0.3)
    expect_saved(window.page)
    assert set(window.points(second["image"])) == {"C7"}
    window.page.keyboard.press("p")
    expect(window.page).to_have_url(f"{window.address}/images/{first['image']}/label/?schema=back6")
    expect(colour.mark("C7")).to_have_count(1)
    window.page.go_back()
    expect(window.page).to_have_url(f"{window.address}/images/{second['image']}/label/?schema=back6")


def test_four_clicks_make_a_vertebra(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    window = visit(person("doctor"))
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    for place in ((0.48, 0.2), (0.52, 0.2), (0.48, 0.24), (0.52, 0.24)):
        film.click(*place)
    outline = film.element.locator(".vertebrae path:not(.halo)")
    expect(outline).to_have_count(1)
    assert (outline.get_attribute("d") or "").endswith("Z")
    expect(page.get_by_role("region", name="Next point")).to_contain_text("T2")
    expect_saved(page)
    stored = window.points(case["image"], "vertebrae68")
    assert sorted(stored) == ["T1_BL", "T1_BR", "T1_TL", "T1_TR"]
    assert stored["T1_TL"]["x"] < stored["T1_TR"]["x"]
    assert stored["T1_TL"]["y"] < stored["T1_BL"]["y"]
    # With Shift the whole vertebra goes along.
    start = film.centre_of("T1_TL")
    page.keyboard.down("Shift")
    film.drag(start, (start[0] + 20, start[1]))
    page.keyboard.up("Shift")
    expect_saved(page)
    moved = window.points(case["image"], "vertebrae68")
    steps = [moved[name]["x"] - stored[name]["x"] for name in stored]
    assert min(steps) > 1
    assert max(steps) - min(steps) < 0.01


def test_on_a_mirrored_film_left_is_what_the_person_sees_left(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], display_flip=True)
    window = visit(person("doctor"))
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    heading = page.get_by_role("region", name="Next point").get_by_role("heading")
    expect(heading).to_contain_text("T1 top left")
    film.click(0.48, 0.2)
    expect(heading).to_contain_text("T1 top right")
    film.click(0.52, 0.2)
    expect_saved(page)
    # Names are of the stored picture, in which what is seen left lies right.
    stored = window.points(case["image"], "vertebrae68")
    assert sorted(stored) == ["T1_TL", "T1_TR"]
    assert stored["T1_TR"]["x"] > stored["T1_TL"]["x"]
    assert film.centre_of("T1_TR")[0] < film.centre_of("T1_TL")[0]
    expect(film.mark("T1_TR")).to_have_attribute("aria-label", re.compile("^T1 top left"))


def test_brightness_window_zoom_and_help_change_no_point(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    page, colour = window.page, open_back(window, case)
    colour.click(0.5, 0.3)
    expect_saved(page)
    before = window.points(case["image"])
    plain, _ = colour.screenshot(1)
    colour.drag(colour.at(0.4, 0.5), colour.at(0.5, 0.35), button="right")
    changed, _ = colour.screenshot(1)
    assert abs(float(changed.mean()) - float(plain.mean())) > 3
    page.mouse.move(*colour.at(0.5, 0.5))
    page.mouse.wheel(0, -400)
    page.keyboard.press("c")
    expect(Pane(page, "Depth").element).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Ctrl+Z")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("f")
    assert window.points(case["image"]) == before
    assert len(backstage("revisions", image=case["image"])) == 1


def test_an_image_of_another_project_is_not_there(
    visit: Visiting, person: Personing, backstage: Backstage
) -> None:
    other = backstage("project", name="Somebody else's")
    case = backstage("back", project=other["id"])
    window = visit(person("assistant"))
    window.watch.expected.append("status of 404")
    page = window.go(f"/images/{case['image']}/label/")
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.get_by_role("group", name="Colour")).to_have_count(0)


def test_a_models_points_are_accepted_and_the_save_says_where_they_came_from(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    model = backstage("spine", username="", image=case["image"], bend_px=40, model="spine-net 3")
    window = visit(person("doctor"))
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    expect(page.get_by_label("Whose points are drawn behind yours")).to_contain_text("model spine-net 3")
    ghosts = film.element.locator('[data-grip^="other:"]')
    expect(ghosts).to_have_count(68)
    page.mouse.click(*film.centre_of("other:T3_TR"))
    expect(film.element.locator("[data-grip^=T3]")).to_have_count(4)
    expect(ghosts).to_have_count(64)
    expect_saved(page)
    film.mark("other:T5_BL").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    expect(ghosts).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(ghosts).to_have_count(60)
    expect_saved(page)
    levels = {name.partition("_")[0] for name in window.points(case["image"], "vertebrae68")}
    assert levels == {"T3", "T5"}
    sets = window.api(f"/images/{case['image']}/landmarks")
    own = next(each for each in sets if each["author"]["kind"] == "person")
    newest = window.api(f"/landmark-sets/{own['id']}/revisions/{own['revision']}")
    assert newest["began_from"] == {"set": model["id"], "revision": model["revision"]}
    page.keyboard.press("v")
    expect(ghosts).to_have_count(0)


def test_a_model_says_how_unsure_it_is_of_each_place(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage("spine", username="", image=case["image"], bend_px=40, model="spine-net 3")
    window = visit(person("doctor"))
    page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    ellipses = film.element.locator("[data-ellipse]")
    expect(ellipses).to_have_count(68)
    row = page.get_by_role("list", name="Points").get_by_role("button", name=re.compile("^T3"))
    expect(row).to_contain_text("the model is unsure by ±6.0 px")
    left, right = film.centre_of("other:T3_TL"), film.centre_of("other:T3_TR")
    points = backstage("revisions", image=case["image"])[0]["points"]
    stored = {point["name"]: point for point in points}
    scale = (right[0] - left[0]) / (stored["T3_TR"]["x"] - stored["T3_TL"]["x"])
    box = film.element.locator('[data-ellipse="T3_TL"] .one').bounding_box()
    assert box is not None
    # Bounding boxes count the stroke: 1.25 px.
    assert box["width"] == pytest.approx(2 * 6 * scale, abs=1.5)
    assert box["height"] == pytest.approx(2 * 2 * scale, abs=1.5)
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx(left, abs=0.6)

    page.keyboard.press("w")
    expect(ellipses).to_have_count(0)
    page.get_by_role("button", name="Ellipses").click()
    expect(ellipses).to_have_count(68)
    # What is accepted is one's own: nobody doubts it any more.
    page.mouse.click(*left)
    expect(ellipses).to_have_count(64)
    expect(row).not_to_contain_text("unsure")
    expect_saved(page)
