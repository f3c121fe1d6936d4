"""A small picture shows where the armed point lies: on a back from behind, or at a vertebra."""

from playwright.sync_api import Page, expect

from annotation.spine.schemas import BUILT_IN
from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def spot(page: Page) -> tuple[float, float]:
    """Where the picture marks the armed point; the picture is 60 wide and 72 high."""
    mark = page.get_by_role("region", name="Next point").locator("[data-spot]")
    expect(mark).to_have_count(1)
    x, y = (mark.get_attribute("data-spot") or "").split()
    return float(x), float(y)


def test_every_point_of_the_back_schemas_has_its_place_in_the_picture(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    open_back(window, case)
    for schema in ("back6", "back10"):
        page = window.go(f"/images/{case['image']}/label/?schema={schema}")
        seen = {}
        for name in BUILT_IN[schema].point_names:
            seen[name] = spot(page)
            page.keyboard.press("]")
        assert len(set(seen.values())) == len(seen)
        for left, right in BUILT_IN[schema].mirror_pairs:
            assert seen[left][0] < 30 < seen[right][0]
            assert seen[left][1] == seen[right][1]


def test_a_corner_is_shown_where_it_lies_on_the_picture_as_it_is_drawn(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    window = visit(person("assistant"))
    for flip in (False, True):
        case = backstage("film", project=project["id"], display_flip=flip)
        page = window.go(f"/images/{case['image']}/label/?schema=vertebrae68")
        Pane(page, "X-ray").wait_for_picture()
        expect(page.get_by_role("region", name="Next point")).to_contain_text("T1 top left")
        top_left = spot(page)
        page.keyboard.press("]")
        expect(page.get_by_role("region", name="Next point")).to_contain_text("T1 top right")
        assert spot(page)[0] > top_left[0]
        assert spot(page)[1] == top_left[1]
        page.keyboard.press("]")
        assert spot(page)[0] == top_left[0]
        assert spot(page)[1] > top_left[1]
