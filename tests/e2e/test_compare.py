"""A real film beside the one a network made: side by side, blended, swiped, in turn, subtracted."""

import hashlib

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def drawn(pane: Pane) -> str:
    """A digest of what the canvas of a pane shows."""
    data = pane.element.locator("canvas").first.evaluate("(canvas) => canvas.toDataURL()")
    return hashlib.sha256(data.encode()).hexdigest()


def test_the_two_films_are_compared_in_every_way(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    backstage("synthetic", study=case["study"])
    page = visit(person("doctor")).go(f"/studies/{case['study']}/read/")
    film, made = Pane(page, "X-ray"), Pane(page, "Synthetic X-ray")
    film.wait_for_picture()
    made.wait_for_picture()
    ways = page.get_by_role("group", name="How the films are compared")

    def choose(way: str) -> str:
        ways.get_by_role("button", name=way, exact=True).click()
        page.wait_for_timeout(250)
        return drawn(film)

    alone = choose("Film")
    expect(made.element).to_have_count(0)
    shown = {way: choose(way) for way in ("Blend", "Swipe", "Difference")}
    assert len({alone, *shown.values()}) == 4
    expect(film.element.get_by_text("Partly synthetic")).to_be_visible()

    choose("Flicker")
    ways.get_by_label("How often they change").fill("1")
    seen = set()
    for _ in range(12):
        seen.add(drawn(film))
        page.wait_for_timeout(130)
    # The real film and the other, in turn, and nothing between.
    assert len(seen) == 2
    assert alone in seen
    page.keyboard.press("c")
    expect(ways.get_by_role("button", name="Difference")).to_have_attribute("aria-pressed", "true")


def test_the_other_film_is_laid_over_by_c7_and_the_sacrum(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"])
    made = backstage("synthetic", study=case["study"], size=[128, 256])
    page = visit(doctor).go(f"/studies/{case['study']}/read/")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    ways = page.get_by_role("group", name="How the films are compared")
    ways.get_by_role("button", name="Blend").click()
    expect(page.get_by_text("Not aligned: place C7 and the sacrum on")).to_be_visible()
    page.wait_for_timeout(300)
    stretched = drawn(film)
    page.get_by_role("link", name="the synthetic one").click()
    page.wait_for_url(f"**/images/{made['image']}/label/**")
    page.go_back()
    film.wait_for_picture()

    username = doctor["username"]
    backstage("ends", username=username, image=case["image"], c7=[150, 100], sacrum=[140, 600])
    backstage("ends", username=username, image=made["image"], c7=[64, 1], sacrum=[64, 255])
    page.reload()
    film.wait_for_picture()
    ways.get_by_role("button", name="Blend").click()
    expect(page.get_by_text("Aligned by C7 and the sacrum")).to_be_visible()
    page.wait_for_timeout(300)
    assert drawn(film) != stretched


@pytest.mark.parametrize("flip", [False, True])
def test_side_by_side_the_synthetic_film_lies_in_the_frame_of_the_real_one(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, flip: bool
) -> None:
    """The same anatomy is as far from the edge in both panes, zoomed and moved too."""
    doctor = person("doctor")
    case = backstage("film", project=project["id"], bright=[150, 350])
    # Half as large, shifted by (20, 10), stored mirrored or not: what lies at (150, 350) there lies here.
    bright = [95, 185]
    made = backstage(
        "synthetic", study=case["study"], size=[200, 400], flip=flip,
        bright=[199 - bright[0], bright[1]] if flip else bright,
    )  # fmt: skip
    c7, sacrum = [95.5, 60.0], [85.5, 310.0]
    backstage(
        "ends", username=doctor["username"], image=case["image"], c7=[150.5, 100.5], sacrum=[130.5, 600.5]
    )
    mirrored = [[200 - x, y] for x, y in (c7, sacrum)]
    backstage(
        "ends", username=doctor["username"], image=made["image"],
        c7=mirrored[0] if flip else c7, sacrum=mirrored[1] if flip else sacrum,
    )  # fmt: skip
    page = visit(doctor).go(f"/studies/{case['study']}/read/")
    panes = [Pane(page, name) for name in ("X-ray", "Synthetic X-ray")]
    for pane in panes:
        pane.wait_for_picture()
    expect(panes[1].element.get_by_text("Aligned by C7 and the sacrum")).to_be_visible()
    page.keyboard.down("h")
    for act in ("as it opens", "zoomed and moved"):
        if act != "as it opens":
            page.mouse.move(*panes[0].at(0.6, 0.45))
            page.mouse.wheel(0, -300)
            panes[0].drag(panes[0].at(0.5, 0.3), panes[0].at(0.45, 0.35))
        page.wait_for_timeout(300)
        places = []
        for pane in panes:
            # Without the violet frame, and above the badge.
            grey, corner = pane.screenshot(1, margin=90)
            rows, columns = np.nonzero(grey[:, 6:-6] > 60)
            left, top, *_ = pane.box()
            places.append((corner[0] + 6 + columns.mean() - left, corner[1] + rows.mean() - top))
        assert places[1] == pytest.approx(places[0], abs=1.5), act


@pytest.mark.parametrize("size", [(1280, 720), (1180, 820), (1024, 768)])
def test_every_control_of_the_bar_is_in_sight_on_a_tablet(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    size: tuple[int, int],
) -> None:
    case = backstage("film", project=project["id"])
    backstage("synthetic", study=case["study"])
    page = visit(person("doctor"), size=size).go(f"/studies/{case['study']}/read/")
    Pane(page, "X-ray").wait_for_picture()
    bar = page.get_by_role("contentinfo")
    # The widest: with its slider.
    bar.get_by_role("button", name="Blend").click()
    for name in ("Side by side", "2-98 %", "Invert", "Reset", "Fit"):
        expect(bar.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)
    expect(bar).to_have_js_property("scrollWidth", bar.evaluate("(element) => element.clientWidth"))
