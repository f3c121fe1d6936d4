"""The depth beside the colour picture: as distances, as a lit surface, by curvature, and in place of it."""

import hashlib

from playwright.sync_api import expect

from tests.e2e.backstage import Backstage
from tests.e2e.test_label import open_back
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Personing, Visiting


def drawn(pane: Pane) -> str:
    """A digest of what the canvas of a pane shows."""
    data = pane.element.locator("canvas").first.evaluate("(canvas) => canvas.toDataURL()")
    return hashlib.sha256(data.encode()).hexdigest()


def test_the_depth_is_drawn_three_ways_and_in_place_of_the_colours(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage
) -> None:
    case = backstage("back", project=project["id"])
    window = visit(person("assistant"))
    colour = open_back(window, case)
    page, depth = window.page, Pane(window.page, "Depth")
    depth.wait_for_picture()
    way = page.get_by_label("drawn as")
    seen = [drawn(depth)]
    for name in ("relief", "curvature", "viridis"):
        page.keyboard.press("d")
        expect(way).to_have_value(name)
        page.wait_for_timeout(300)
        seen.append(drawn(depth))
    assert seen[3] == seen[0]
    assert len(set(seen)) == 3

    plain = drawn(colour)
    page.keyboard.down("b")
    page.wait_for_timeout(200)
    assert drawn(colour) != plain
    page.keyboard.up("b")
    page.wait_for_timeout(200)
    assert drawn(colour) == plain
    # The marks stay where they are, and a click places in either.
    colour.click(0.5, 0.3)
    expect(depth.mark("C7")).to_have_count(1)
