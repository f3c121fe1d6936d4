"""A real film beside the one a network made: side by side, blended, swiped, in turn, subtracted."""

import hashlib

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
