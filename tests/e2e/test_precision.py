"""A click on a pixel is stored as that pixel, to a twentieth of it: zoomed, panned, mirrored."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane, expect_saved
from tests.e2e.visiting import Personing, Visiting

WIDTH, HEIGHT, COLUMN, ROW = 401, 701, 137, 411


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("pixel_ratio", [1, 2])
@pytest.mark.parametrize("graphics", ["software GL", "no GL"])
def test_a_click_on_the_one_bright_pixel_is_stored_at_its_centre(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    browser: Browser,
    request: pytest.FixtureRequest,
    graphics: str,
    pixel_ratio: int,
    mirrored: bool,
) -> None:
    case = backstage(
        "film", project=project["id"], bright=[COLUMN, ROW], size=[WIDTH, HEIGHT], display_flip=mirrored
    )
    chromium = browser if graphics == "software GL" else request.getfixturevalue("browser_without_gl")
    window = visit(person("doctor"), chromium=chromium, device_scale_factor=pixel_ratio)
    page = window.go(f"/images/{case['image']}/label/?schema=xray2")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    # Zoom in on it and push it aside by odd amounts; every step keeps it in sight.
    page.mouse.move(*film.bright_spot(pixel_ratio))
    page.mouse.wheel(0, -1300)
    spot = film.bright_spot(pixel_ratio)
    film.drag(spot, (spot[0] + 83, spot[1] - 41), button="middle")
    spot = film.bright_spot(pixel_ratio)
    page.mouse.move(spot[0] + 9, spot[1] + 7, steps=3)
    page.mouse.move(*spot, steps=3)
    page.mouse.down()
    page.mouse.up()
    expect_saved(page)
    point = window.points(case["image"], "xray2")["C7"]
    assert (point["x"], point["y"]) == pytest.approx((COLUMN + 0.5, ROW + 0.5), abs=0.05)
    # And the mark is drawn on that pixel.
    assert film.centre_of("C7") == pytest.approx(spot, abs=0.6)
