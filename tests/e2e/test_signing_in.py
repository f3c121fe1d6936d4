"""The way in: each role, a wrong password, the first password, and out again."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.visiting import Personing, Visit, Visiting

PASSWORD = "correct-horse-battery"
NEW = re.compile("New password(?!, again)")


def sign_in(window: Visit, username: str, password: str) -> None:
    page = window.page
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(
    ("role", "places", "not_places"),
    [
        ("assistant", ["Home", "Subjects", "Studies"], ["Training"]),
        ("doctor", ["Home", "Subjects", "Studies"], ["Training"]),
        ("admin", ["Home", "Subjects", "Studies", "Training"], []),
        ("site", ["Home", "Subjects", "Studies", "Training"], []),
    ],
)
def test_each_role_signs_in_and_finds_its_places(
    visit: Visiting,
    person: Personing,
    role: str,
    places: list[str],
    not_places: list[str],
) -> None:
    somebody = person(role, password=PASSWORD)
    window = visit()
    page = window.go("/studies/")
    expect(page).to_have_url(f"{window.address}/login/?next=/studies/")
    sign_in(window, somebody["username"], PASSWORD)
    expect(page).to_have_url(f"{window.address}/studies/")
    main = page.get_by_role("navigation", name="Main")
    for place in places:
        expect(main.get_by_role("link", name=place, exact=True)).to_be_visible()
    for place in not_places:
        expect(main.get_by_role("link", name=place, exact=True)).to_have_count(0)
    page.get_by_role("button", name="account and more").click()
    expect(page.get_by_role("link", name="People")).to_have_count(1 if role == "site" else 0)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{window.address}/login/")
    page.goto(f"{window.address}/studies/")
    expect(page).to_have_url(f"{window.address}/login/?next=/studies/")


def test_a_wrong_password_says_so_and_keeps_the_name(visit: Visiting, person: Personing) -> None:
    somebody = person("doctor", password=PASSWORD)
    window = visit()
    window.watch.expected.append("status of 401")
    page = window.go("/login/")
    sign_in(window, somebody["username"], "not the password")
    expect(page.get_by_role("alert")).to_contain_text("password")
    expect(page.get_by_label("User name")).to_have_value(somebody["username"])
    sign_in(window, somebody["username"], PASSWORD)
    expect(page).to_have_url(f"{window.address}/")


def test_the_way_back_never_leads_to_another_site(visit: Visiting, person: Personing) -> None:
    somebody = person("doctor", password=PASSWORD)
    window = visit()
    page = window.go("/login/?next=https://example.com/")
    sign_in(window, somebody["username"], PASSWORD)
    expect(page).to_have_url(f"{window.address}/")


def test_the_first_password_has_to_be_changed_before_anything_else(
    visit: Visiting, person: Personing
) -> None:
    somebody = person("assistant", password="given-by-the-admin", first=True)
    window = visit()
    window.watch.expected.append("status of 400")
    page = window.go("/login/")
    sign_in(window, somebody["username"], "given-by-the-admin")
    expect(page).to_have_url(f"{window.address}/account/")
    page.goto(f"{window.address}/studies/")
    expect(page).to_have_url(f"{window.address}/account/")

    page.get_by_label("Current password").fill("given-by-the-admin")
    page.get_by_label(NEW).fill("password12")
    page.get_by_label("New password, again").fill("password12")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("too common")).to_be_visible()

    page.get_by_label(NEW).fill("a gate beside the harbour")
    page.get_by_label("New password, again").fill("a gate beside the harbour")
    page.get_by_role("button", name="Change password").click()
    expect(page).to_have_url(f"{window.address}/")
    page.goto(f"{window.address}/studies/")
    expect(page).to_have_url(f"{window.address}/studies/")
