"""What admins do: members, tokens, accounts, schemas, consent."""

import re

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.visiting import Personing, Visiting


def test_a_member_is_added_changed_and_removed_with_undo(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    newcomer = person("assistant", project="")
    window = visit(person("admin"))
    page = window.go(f"/projects/{project['id']}/?tab=members")
    page.get_by_label(re.compile("^User name")).fill(newcomer["username"])
    page.get_by_role("button", name=re.compile("^Add")).click()
    row = page.get_by_role("row").filter(has_text=newcomer["username"])
    expect(row).to_have_count(1)
    guest = visit(newcomer)
    assert [each["role"] for each in guest.api("/session")["memberships"]] == ["assistant"]
    row.get_by_role("combobox").select_option("doctor")
    expect(page.get_by_role("status").filter(has_text="doctor")).to_be_visible()
    assert [each["role"] for each in guest.api("/session")["memberships"]] == ["doctor"]
    row.get_by_role("button", name=re.compile("Remove")).click()
    expect(row).to_have_count(0)
    assert guest.api("/session")["memberships"] == []
    page.get_by_role("button", name="Undo").last.click()
    expect(row).to_have_count(1)
    assert [each["role"] for each in guest.api("/session")["memberships"]] == ["doctor"]


def test_an_agent_token_is_shown_once(visit: Visiting, person: Personing, project: dict[str, str]) -> None:
    window = visit(person("admin"))
    page = window.go(f"/projects/{project['id']}/?tab=tokens")
    page.get_by_label("Name of the agent").fill("Camera, room 2")
    page.get_by_role("button", name="Make token").click()
    field = page.locator("input[readonly]")
    expect(field).to_be_visible()
    token = field.input_value()
    assert len(token) >= 32
    row = page.get_by_role("row").filter(has_text="Camera, room 2")
    expect(row).to_contain_text(token[:8])
    page.reload()
    expect(row).to_contain_text(token[:8])
    assert token not in page.content()
    row.get_by_role("button", name=re.compile("^Revoke")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Revoke")).click()
    expect(row).to_contain_text("revoked")


def test_a_withdrawn_subject_is_gone_at_once(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], subject="W001")
    backstage("film", project=project["id"], subject="W002")
    reader = visit(person("doctor"))
    reader.go("/studies/")
    expect(reader.page.locator("tbody a.row-link")).to_have_count(2)
    admin = visit(person("admin"))
    page = admin.go(f"/subjects/{case['subject']}/")
    page.get_by_role("button", name="Withdraw consent").click()
    expect(page.get_by_text("Consent withdrawn", exact=True)).to_be_visible()

    reader.watch.expected.append("status of 404")
    reader.page.reload()
    expect(reader.page.locator("tbody a.row-link")).to_have_text(["W002"])
    for path in (f"/studies/{case['study']}/", f"/studies/{case['study']}/read/"):
        answer = reader.page.goto(reader.address + path)
        assert answer is not None
        assert answer.status == 404
    export = reader.context.request.get(
        f"{reader.address}/api/v1/projects/{project['id']}/export/landmarks.csv"
    )
    assert "W001" not in export.text()

    # Only an admin finds the subject, without images, and can take it back.
    listed = admin.go(f"/subjects/?project={project['id']}&consent=withdrawn")
    expect(listed.get_by_role("row").filter(has_text="W001")).to_be_visible()
    expect(listed.locator("tbody img")).to_have_count(0)
    listed.get_by_role("button", name="Given again").click()
    expect(listed.get_by_text("W001 is back in lists and exports.")).to_be_visible()
    reader.go("/studies/")
    expect(reader.page.locator("tbody a.row-link")).to_have_count(2)


def test_an_account_is_made_and_its_first_password_is_shown_once(visit: Visiting, person: Personing) -> None:
    window = visit(person("site"))
    # However many accounts other tests have made, this one is on the first page of what is searched for.
    page = window.go("/people/?q=newcomer")
    page.get_by_role("button", name=re.compile("New account|New user|Add")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("newcomer")
    dialog.get_by_label("Name", exact=True).fill("Nora Newcomer")
    dialog.get_by_role("button", name=re.compile("Make|Create|Add")).click()
    secret = dialog.locator("input[readonly]")
    expect(secret).to_be_visible()
    password = secret.input_value()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text="newcomer")).to_contain_text("First password")
    page.reload()
    assert password not in page.content()
    guest = visit()
    entry = guest.go("/login/")
    entry.get_by_label("User name").fill("newcomer")
    entry.get_by_label("Password").fill(password)
    entry.get_by_role("button", name="Sign in").click()
    expect(entry).to_have_url(f"{guest.address}/account/")


def test_what_was_done_is_in_the_audit(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], subject="A001")
    window = visit(person("admin"))
    page = window.go(f"/subjects/{case['subject']}/")
    page.get_by_role("button", name="Withdraw consent").click()
    expect(page.get_by_text("Consent withdrawn", exact=True)).to_be_visible()
    page = window.go(f"/audit/?project={project['id']}")
    expect(page.get_by_role("row").filter(has_text="Consent changed")).to_have_count(1)
    page.get_by_role("button", name="Consent changed").click()
    expect(page).to_have_url(re.compile("action=subject.consent"))


def test_what_was_said_of_a_withdrawal_goes_once_consent_is_given_again(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("film", project=project["id"], subject="B001")
    page = visit(person("admin")).go(f"/subjects/{case['subject']}/")
    page.get_by_role("button", name="Withdraw consent").click()
    said = page.get_by_text("gone from lists, exports and new snapshots")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Consent given again").click()
    expect(page.get_by_role("button", name="Withdraw consent")).to_be_visible()
    expect(said).to_have_count(0)


def test_exports_download_what_was_labelled_and_measured(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    doctor = person("doctor")
    case = backstage("film", project=project["id"], subject="E001")
    backstage("spine", username=doctor["username"], image=case["image"], bend_px=40)
    window = visit(doctor)
    page = window.go(f"/projects/{project['id']}/?tab=export")
    files = {}
    for name in (
        "Landmarks as CSV",
        "Landmarks as JSON",
        "Landmarks as COCO keypoints",
        "Measurements as CSV",
    ):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name).click()
        files[name] = waiting.value.path().read_text()
    rows = [line for line in files["Landmarks as CSV"].splitlines() if "T1_TL" in line]
    assert len(rows) == 1
    assert "E001" in rows[0]
    assert '"keypoints"' in files["Landmarks as COCO keypoints"]
    assert "E001" in files["Landmarks as JSON"]
    assert files["Measurements as CSV"].splitlines()
