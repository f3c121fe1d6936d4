"""A blinded reader study from its making to its results, by the keyboard, over a reload."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def make_study(page: Page) -> str:
    """As an admin does it; the address of the study."""
    page.get_by_role("button", name="New reader study").click()
    page.get_by_label("Name").fill("Autumn")
    each = page.get_by_label("Films of each kind")
    each.fill("3")
    page.get_by_role("button", name="Draw the films").click()
    expect(page.get_by_text("Only 2 visits of this project have a real film")).to_be_visible()
    each.fill("2")
    page.get_by_role("button", name="Draw the films").click()
    expect(page.get_by_role("heading", name="Autumn")).to_be_visible()
    return page.url


def background_of(page: Page, name: str) -> str:
    """The colour behind a button's name."""
    found: str = page.get_by_role("button", name=name).first.evaluate(
        "(button) => getComputedStyle(button).backgroundColor"
    )
    return found


def draw_lines(page: Page, film: Pane) -> None:
    page.keyboard.press("l")
    film.drag(film.at(0.44, 0.3), film.at(0.56, 0.26))
    film.drag(film.at(0.44, 0.7), film.at(0.56, 0.76))
    page.get_by_label("upper").select_option("T5")
    page.get_by_label("lower").select_option("T12")


def test_a_study_is_made_read_by_keys_over_a_reload_and_closed(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    admin, doctor = person("admin"), person("doctor")
    for size in ([400, 420], [512, 512]):
        backstage("synthetic", study=backstage("film", project=project["id"])["study"], size=size)
    managing = visit(admin)
    managing.watch.expected.append("status of 400")
    address = make_study(managing.go("/reader-studies/"))

    window = visit(doctor)
    page = window.go("/reader-studies/")
    films: list[tuple[str, dict[str, str]]] = []

    def keep(answer: Any) -> None:
        if "/films/" in answer.url and answer.request.method == "GET":
            films.append((answer.url, answer.headers))

    page.on("response", keep)
    page.get_by_role("link", name="Begin").click()
    film = Pane(page, "Film")
    film.wait_for_picture()
    expect(page.get_by_text("Film 1 of 4")).to_be_visible()
    next_one = page.get_by_role("button", name="Save and next")
    expect(next_one).to_be_disabled()
    page.keyboard.press("s")
    page.keyboard.press("4")
    for name in ("Synthetic", "4"):
        chosen = page.get_by_role("button", name=name, exact=False).first
        expect(chosen).to_have_attribute("aria-pressed", "true")
        expect(chosen).not_to_have_css("background-color", background_of(page, "Real"))
    expect(page.get_by_text("Still to say: the angle, by two lines.")).to_be_visible()
    draw_lines(page, film)
    expect(page.get_by_text("A reading is final.")).to_be_visible()
    shown = float(page.get_by_role("group", name="Cobb angle").locator("output").inner_text().rstrip("°"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Film 2 of 4")).to_be_visible()
    expect(next_one).to_be_disabled()

    page.reload()
    film.wait_for_picture()
    expect(page.get_by_text("Film 2 of 4")).to_be_visible()
    for number in (3, 4, 5):
        film.wait_for_picture()
        page.keyboard.press("r")
        page.keyboard.press("2")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        if number < 5:
            expect(page.get_by_text(f"Film {number} of 4")).to_be_visible()
    expect(page.get_by_role("heading", name="You have read all 4 films")).to_be_visible()
    lengths = {headers["content-length"] for _, headers in films}
    assert len({url for url, _ in films}) == 4
    assert len(lengths) == 1
    page.get_by_role("link", name="To the reader study").click()
    expect(page.get_by_text("4 of 4")).to_be_visible()
    expect(page.get_by_role("img", name="ROC curve")).to_have_count(0)

    page = managing.go(address.removeprefix(managing.address))
    expect(page.get_by_role("img", name="ROC curve")).to_be_visible()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("dialog").get_by_role("button", name="Close the study").click()
    expect(page.get_by_text("Closed 2")).to_be_visible()
    href = page.get_by_role("link", name="Readings, CSV").get_attribute("href")
    table = managing.context.request.get(f"{managing.address}{href}")
    lines = table.text().splitlines()
    assert len(lines) == 5
    (angle,) = [float(cells[9]) for cells in (line.split(",") for line in lines[1:]) if cells[9]]
    assert abs(abs(angle) - shown) <= 0.06

    page = window.go(address.removeprefix(window.address))
    expect(page.get_by_role("img", name="ROC curve")).to_be_visible()


def test_a_film_that_does_not_come_and_one_read_in_another_tab(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    admin, doctor = person("admin"), person("doctor")
    made = backstage(
        "reader_study", project=project["id"], username=admin["username"], films_each=2, readers=[]
    )
    window = visit(doctor)
    window.watch.expected += ["status of 503", "status of 409"]
    window.page.route("**/films/*", lambda route: route.fulfill(status=503))
    page = window.go(f"/reader-studies/{made['id']}/read/")
    expect(page.get_by_role("alert").get_by_text("The picture did not load (503).")).to_be_visible()
    expect(page.get_by_text("Still to say: the film.")).to_be_visible()
    page.unroute("**/films/*")
    page.get_by_role("button", name="Try again").click()
    Pane(page, "Film").wait_for_picture()
    expect(page.get_by_role("alert")).to_have_count(0)

    other = window.another_tab(f"/reader-studies/{made['id']}/read/")
    for tab in (other, page):
        Pane(tab, "Film").wait_for_picture()
        for key in ("r", "5", "n"):
            tab.keyboard.press(key)
        tab.keyboard.press("Enter")
        # The second tab learns that its film is read already, and goes on to the next.
        expect(tab.get_by_text("Film 2 of 4")).to_be_visible()
    expect(page.get_by_text("You have read this film; a reading is final.")).to_be_visible()


def test_where_there_is_no_reader_study_it_says_so(visit: Visiting, person: Personing) -> None:
    page = visit(person("doctor")).go("/reader-studies/")
    expect(page.get_by_role("heading", name="No reader study yet")).to_be_visible()
    expect(page.get_by_text("An admin of the project makes one.")).to_be_visible()
    expect(page.get_by_role("button", name="New reader study")).to_have_count(0)
