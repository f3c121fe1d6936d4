"""C7 and the sacrum on a film: the aligned crop is previewed while they are placed."""

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def test_the_aligned_film_is_previewed_while_its_points_are_placed(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"])
    page = visit(person("assistant")).go(f"/images/{case['image']}/label/?schema=xray2")
    film = Pane(page, "X-ray")
    film.wait_for_picture()
    preview = page.get_by_label("The aligned film")
    film.click(0.5, 0.2)
    expect(preview).to_have_count(0)
    film.click(0.5, 0.8)
    expect(preview).to_be_visible()

    def shown() -> str:
        return str(preview.evaluate("(canvas) => canvas.toDataURL()"))

    before = shown()
    film.drag(film.centre_of("sacrum"), film.at(0.52, 0.6))
    page.wait_for_timeout(300)
    assert shown() != before
