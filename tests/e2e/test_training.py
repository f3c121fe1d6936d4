"""A dataset is frozen, looked at, trained on twice, compared, promoted and rolled back; a real worker."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.backstage import Backstage
from tests.e2e.visiting import Personing, Visiting

# Two epochs of a tiny network, on a machine that does other things beside.
TRAINED_WITHIN_MS = 240_000


def train(page: Page, name: str, begin: str = "Anew") -> str:
    """Train the trial recipe from the list of trainings, and see it to its end; the model's label."""
    page.get_by_role("button", name="Start a training").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^Recipe")).select_option(label="Back, trial run")
    if begin != "Anew":
        dialog.get_by_label(re.compile("^Begin")).select_option(label=begin)
    dialog.get_by_label(re.compile("^Name")).fill(name)
    dialog.get_by_role("button", name="Train").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("link", name="Open the model").wait_for(timeout=TRAINED_WITHIN_MS)
    return name


def promote(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_role("dialog").get_by_role("button", name=button).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("In use", exact=True)).to_be_visible()


def test_from_frozen_images_to_a_model_in_use_and_back(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    admin = person("admin")
    backstage("labelled_backs", project=project["id"], username=admin["username"], count=6)
    window = visit(admin)
    page = window.go(f"/training/?project={project['id']}")

    page.get_by_role("button", name="Freeze a snapshot").click()
    dialog = page.get_by_role("dialog")
    preview = dialog.get_by_role("region", name="What would be frozen")
    expect(preview).to_contain_text("6 images of 6 subjects")
    dialog.get_by_label(re.compile("^Labelled how far")).select_option("signed")
    expect(preview).to_contain_text("6 not reviewed as asked")
    expect(dialog.get_by_role("button", name="Freeze")).to_be_disabled()
    dialog.get_by_label(re.compile("^Labelled how far")).select_option("complete")
    dialog.get_by_label(re.compile("^To test")).fill("40")
    expect(preview).to_contain_text("Test 2 images, 2 subjects")
    dialog.get_by_label(re.compile("^Name")).fill("Autumn")
    dialog.get_by_role("button", name="Freeze").click()

    page.get_by_role("link", name="Autumn").click()
    expect(page.get_by_role("heading", name="Autumn", level=1)).to_be_visible()
    expect(page.locator(".picture svg")).to_have_count(6)
    expect(page.get_by_role("rowheader", name="Depth, 1200 to 1800 mm")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name=re.compile("^Test")).click()
    expect(page.locator(".picture svg")).to_have_count(2)

    page.goto(window.address + f"/training/?project={project['id']}")
    first = train(page, "First")
    expect(page.get_by_role("img", name=re.compile("What First made"))).to_be_visible()
    page.get_by_label("Epoch of the sample").fill("0")
    expect(page.get_by_text("epoch 1", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Loss per epoch"))).to_be_visible()
    page.goto(window.address + f"/training/?project={project['id']}")
    second = train(page, "Second", "From First #1")
    expect(page.get_by_text("Begins from", exact=True)).to_be_visible()

    page.goto(window.address + f"/training/?project={project['id']}")
    for name in (first, second):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text("Their settings are all the same.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Began"))).to_have_text(
        re.compile(r"anew\s*from First #1")
    )
    expect(page.get_by_role("heading", name="Results on test images")).to_be_visible()
    assert len(re.findall(r"job=[0-9a-f-]{36}", page.url)) == 2

    page.get_by_role("link", name="First #1").first.click()
    promote(page, "Promote")
    old = page.url
    page.goto(window.address + f"/models/?project={project['id']}")
    page.get_by_role("link", name="Second #2").click()
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_role("dialog")).to_contain_text("First #1, which is in use now, retires")
    page.get_by_role("button", name="Cancel").click()
    promote(page, "Promote")
    page.goto(old)
    expect(page.get_by_text("Retired", exact=True)).to_be_visible()
    promote(page, "Roll back to this")
    expect(page.get_by_text("Model promoted")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Card").click()
    assert download.value.suggested_filename == "model-1-card.json"

    page.goto(window.address + f"/training/?project={project['id']}")
    page.get_by_role("button", name="Start a training").click()
    expect(page.get_by_role("dialog").get_by_label(re.compile("^Recipe"))).to_have_value("back-trial")


def test_a_snapshot_is_split_as_an_earlier_one(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    admin = person("admin")
    backstage("labelled_backs", project=project["id"], username=admin["username"], count=6)
    page = visit(admin).go(f"/training/?project={project['id']}")
    for name in ("Spring", "Autumn"):
        page.get_by_role("button", name="Freeze a snapshot").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label(re.compile("^Seed")).fill(str(len(name)))
        split = dialog.get_by_label(re.compile("^Split"))
        if name == "Spring":
            expect(split).to_have_count(0)
        else:
            split.select_option(label="As in Spring")
        dialog.get_by_label(re.compile("^Name")).fill(name)
        dialog.get_by_role("button", name="Freeze").click()
        expect(dialog).to_have_count(0)
    page.get_by_role("link", name="Autumn").click()
    expect(page.get_by_text("Split as in")).to_be_visible()
    page.get_by_label("What changed since another snapshot").select_option(label="Spring")
    expect(page.get_by_text("none → Spring")).to_be_visible()
    expect(page.get_by_text("Other split")).to_be_visible()
    expect(page.get_by_text("Nothing differs")).to_be_visible()


def test_a_failed_training_is_tried_again(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    backstage("training", project=project["id"])
    page = visit(person("admin")).go(f"/training/?project={project['id']}&state=failed")
    page.locator("tbody a.row-link").first.click()
    expect(page.get_by_role("alert")).to_contain_text("The loss became nan in epoch 3.")
    page.get_by_role("button", name="Try again").click()
    # The worker takes it up again, and says at once what is wrong with this made-up snapshot.
    expect(page.get_by_role("alert")).to_contain_text("The run folder cannot be filled", timeout=60_000)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_an_admin_sees_what_was_trained_with_a_subject(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    admin = person("admin")
    made = backstage("frozen", project=project["id"], username=admin["username"])
    page = visit(admin).go(f"/subjects/?project={project['id']}&consent=withdrawn")
    panel = page.get_by_role("region", name="Trained with pictures of those who withdrew since")
    expect(panel.get_by_role("link", name="Before")).to_be_visible()
    panel.get_by_role("link", name="Before").click()
    expect(page.get_by_text("1 image was withdrawn or deleted since this was frozen")).to_be_visible()
    expect(page.get_by_text("withdrawn or deleted", exact=True)).to_have_count(1)
    page.get_by_label("What changed since another snapshot").select_option(label="After")
    expect(page.get_by_role("heading", name="After → Before")).to_be_visible()
    assert made["snapshot"] in page.url
