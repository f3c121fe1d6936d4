"""Home and the lists: what waits leads there; search, filters, sorting and paging live in the URL."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.visiting import Person, Personing, Visit, Visiting

COUNT = 63


@pytest.fixture(scope="module")
def crowd(backstage: Backstage) -> Person:
    """A doctor in a project of many studies."""
    project = backstage("project", name="Crowd")
    backstage("many_studies", project=project["id"], count=COUNT)
    made: Person = backstage("account", username="reader-of-many", role="doctor", project=project["id"])
    return made


def subjects_of(page: Page) -> list[str]:
    return page.get_by_role("table", name="Studies").locator("tbody a.row-link").all_inner_texts()


def pages_of(page: Page) -> str:
    return page.get_by_role("navigation", name="Pages").inner_text()


def test_home_says_what_waits_and_leads_there(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    backs = [backstage("back", project=project["id"]) for _ in range(2)]
    film = backstage("film", project=project["id"])
    window = visit(person("doctor"))
    page = window.go("/")
    to_label = page.get_by_role("link", name=re.compile("images to label"))
    expect(to_label).to_contain_text("3")
    expect(page.get_by_role("link", name=re.compile("films? to read"))).to_contain_text("1")
    expect(page.get_by_role("table", name="The latest studies").locator("tbody tr")).to_have_count(3)
    to_label.click()
    expect(page).to_have_url(re.compile(f"/images/{backs[0]['image']}/label/"))
    page.go_back()
    page.get_by_role("link", name=re.compile("films? to read")).click()
    expect(page).to_have_url(f"{window.address}/studies/{film['study']}/read/")


def test_with_nothing_to_do_home_says_so(visit: Visiting, person: Personing) -> None:
    page = visit(person("doctor")).go("/")
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    expect(page.get_by_text("No studies yet")).to_be_visible()


def test_search_and_chips_live_in_the_url(visit: Visiting, crowd: Person) -> None:
    window = visit(crowd)
    page = window.go("/studies/")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"1–50 of {COUNT}")
    page.get_by_role("searchbox", name="Pseudonym or note").fill("M01")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("of 10")
    expect(page).to_have_url(re.compile(r"[?&]q=M01"))
    page.get_by_role("button", name="X-ray", exact=True).click()
    expect(page).to_have_url(re.compile(r"[?&]has=radiograph"))
    address = page.url
    shown = subjects_of(page)
    assert all(name.startswith("M01") for name in shown)

    # A link shares the view; going back undoes the last filter.
    again = window.another_tab(address.removeprefix(window.address))
    expect(again.get_by_role("button", name="X-ray", exact=True)).to_have_attribute("aria-pressed", "true")
    assert subjects_of(again) == shown
    again.close()
    page.get_by_role("button", name="RGB-D", exact=True).click()
    expect(page.get_by_text("No study matches")).to_be_visible()
    page.get_by_role("button", name="Clear filters").first.click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"of {COUNT}")
    assert "q=" not in page.url


def test_sorting_and_paging(visit: Visiting, crowd: Person) -> None:
    window = visit(crowd)
    page = window.go("/studies/")
    page.get_by_role("button", name="Subject", exact=True).click()
    expect(page).to_have_url(re.compile("ordering=subject"))
    expect(page.get_by_role("columnheader", name="Subject")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("tbody a.row-link").first).to_have_text("M000")
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile("page=2"))
    expect(page.locator("tbody a.row-link").first).to_have_text("M050")
    assert len(subjects_of(page)) == COUNT - 50
    page.reload()
    assert subjects_of(page)[0] == "M050"
    page.get_by_role("button", name="Subject", exact=True).click()
    expect(page.locator("tbody a.row-link").first).to_have_text(f"M{COUNT - 1:03d}")
    assert "page=2" not in page.url


def test_the_keyboard_walks_the_list_and_opens_a_study(visit: Visiting, crowd: Person) -> None:
    window = visit(crowd)
    page = window.go("/studies/?ordering=subject")
    links = page.locator("tbody a.row-link")
    page.keyboard.press("ArrowDown")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name=re.compile("M001"))).to_be_checked()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/studies/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("M001")
    page.keyboard.press("/")
    page.keyboard.type("M033")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/studies/.*q=M033"))
    expect(links).to_have_count(1)


def test_chosen_studies_are_saved_as_csv(visit: Visiting, crowd: Person) -> None:
    window = visit(crowd)
    page = window.go("/studies/?ordering=subject")
    page.get_by_role("checkbox", name=re.compile("M000")).check()
    page.get_by_role("checkbox", name=re.compile("M002")).click(modifiers=["Shift"])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as CSV").click()
    text = waiting.value.path().read_text()
    assert [line.split(",")[1] for line in text.splitlines()] == ["subject", "M000", "M001", "M002"]
    assert "For research use only" in text


def test_the_list_says_when_the_server_does_not_answer_and_tries_again(
    visit: Visiting, crowd: Person
) -> None:
    window: Visit = visit(crowd)
    window.watch.expected.append("net::ERR_INTERNET_DISCONNECTED")
    page = window.go("/studies/")
    window.context.set_offline(True)
    page.get_by_role("button", name="Measured", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    window.context.set_offline(False)
    page.get_by_role("button", name=re.compile("again", re.IGNORECASE)).click()
    expect(page.get_by_text("No study matches")).to_be_visible()
