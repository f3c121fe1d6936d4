"""The surface in 3D: fetched when asked for, turned by mouse and keys, with the points on it; no WebGL."""

from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visit, Visiting


def surface_of(window: Visit) -> Locator:
    return window.page.get_by_role("group", name="Surface in 3D")


def names_at(surface: Locator) -> dict[str, tuple[float, float]]:
    """Where the names of the points stand, CSS px of the surface."""
    found = surface.locator("svg text").evaluate_all(
        "(all) => all.map((text) => [text.textContent, +text.getAttribute('x'), +text.getAttribute('y')])"
    )
    return {name: (x, y) for name, x, y in found}


def test_the_surface_is_turned_by_mouse_and_keys_with_the_points_on_it(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    # The software renderer of the tests says that it is slow.
    window.watch.expected.append("GPU stall due to ReadPixels")
    colour, page = open_back(window, case), window.page
    Pane(page, "Depth").wait_for_picture()
    colour.click(0.5, 0.3)
    assert not any("three" in Path(url).name for url in window.watch.scripts)

    page.keyboard.press("z")
    surface = surface_of(window)
    expect(surface.get_by_role("status")).to_have_count(0)
    expect(surface.locator("text")).to_have_text(["C7"])
    assert any("three" in Path(url).name for url in window.watch.scripts)
    begun = names_at(surface)["C7"]
    before = surface.screenshot()

    # A point placed in the picture is on the surface at once.
    colour.click(0.4, 0.45)
    expect(surface.locator("text")).to_have_count(2)
    surface.focus()
    stored = window.points(case["image"])["C7"]
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    turned = names_at(surface)["C7"]
    assert turned != begun
    assert surface.screenshot() != before
    assert window.points(case["image"])["C7"] == stored

    page.keyboard.press("Home")
    assert names_at(surface)["C7"] == begun
    box = surface.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 80, middle[1] + 30, steps=4)
    page.mouse.up()
    assert names_at(surface)["C7"] != begun
    apart = abs(names_at(surface)["C7"][1] - names_at(surface)["scapula L"][1])
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(200)
    assert abs(names_at(surface)["C7"][1] - names_at(surface)["scapula L"][1]) > apart
    surface.get_by_role("button", name="Reset").click()
    assert names_at(surface)["C7"] == begun

    surface.get_by_role("button", name="Close").click()
    expect(surface).to_have_count(0)
    expect(Pane(page, "Depth").element).to_be_visible()


def test_without_webgl_the_page_says_so_and_labelling_goes_on(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    browser_without_gl: Browser,
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"), chromium=browser_without_gl)
    colour = open_back(window, case)
    Pane(window.page, "Depth").wait_for_picture()
    window.page.get_by_role("button", name="3D").click()
    expect(surface_of(window).get_by_role("status")).to_contain_text("WebGL is off or missing")
    assert not any("three" in Path(url).name for url in window.watch.scripts)
    colour.click(0.5, 0.3)
    expect(colour.mark("C7")).to_have_count(1)
