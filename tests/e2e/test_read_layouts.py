"""Fifty films shown in fifty ways: the angle on the page is the one that Python finds in the same lines.

Size of film and window, device pixels, zoom, pan, mirroring and the film's scale are drawn by seed.
"""

import math
import random
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from annotation.spine.cobb import cobb_between
from tests.e2e.backstage import Backstage
from tests.e2e.viewer import Pane, Spot
from tests.e2e.visiting import Personing, Visiting

UNROUNDED = re.compile(r"(\d+\.\d{2})° before rounding")


def random_film(rng: random.Random) -> dict[str, Any]:
    width = rng.randint(180, 1300)
    return {
        "size": [width, round(width * rng.uniform(1.2, 2.8))],
        "display_flip": rng.random() < 0.5,
        "side_confirmed": rng.random() < 0.8,
        "spacing_mm": rng.choice([None, 0.143, 0.2, 0.388]),
    }


def random_line(rng: random.Random, film: Pane, down: float) -> tuple[Spot, Spot]:
    """A line across the pane, so far down, drawn in either direction and leaning by up to 40 degrees."""
    lean, reach = math.radians(rng.uniform(-40, 40)), rng.uniform(30, 70)
    x, y = film.at(rng.uniform(0.45, 0.55), down)
    ends = [(x + way * reach * math.cos(lean), y + way * reach * math.sin(lean)) for way in (-1, 1)]
    rng.shuffle(ends)
    return ends[0], ends[1]


@pytest.mark.parametrize("pixel_ratio", [1, 1.25, 1.5, 2, 3])
def test_the_angle_on_the_page_is_pythons(
    visit: Visiting, person: Personing, project: dict[str, str], backstage: Backstage, pixel_ratio: float
) -> None:
    rng = random.Random(f"layouts {pixel_ratio}")
    window = visit(person("doctor"), device_scale_factor=pixel_ratio)
    page = window.page
    film = Pane(page, "X-ray")
    for layout in range(10):
        drawn = random_film(rng)
        case = backstage("film", project=project["id"], **drawn)
        page.set_viewport_size({"width": rng.randint(1100, 1700), "height": rng.randint(640, 1000)})
        window.go(f"/studies/{case['study']}/read/")
        film.wait_for_picture()
        page.mouse.move(*film.at(rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6)))
        page.mouse.wheel(0, rng.uniform(-400, 100))
        start = film.at(0.5, 0.5)
        film.drag(start, (start[0] + rng.uniform(-40, 40), start[1] + rng.uniform(-40, 40)))
        page.keyboard.press("l")
        lines = [random_line(rng, film, down) for down in (0.3, 0.7)]
        for line in lines:
            film.drag(*line)
        tool = page.get_by_role("region", name=re.compile("^Two lines"))
        found = UNROUNDED.fullmatch(tool.locator("output").get_attribute("title") or "")
        assert found, layout
        shown = float(found[1])
        tool.get_by_label("upper").select_option("T5")
        tool.get_by_label("lower").select_option("T12")
        tool.get_by_role("button", name="Save").click()
        expect(page.get_by_role("region", name="Saved", exact=True).get_by_role("listitem")).to_contain_text(
            ["T5–T12"]
        )
        (row,) = window.api(f"/studies/{case['study']}/measurements")
        python = abs(cobb_between(row["upper_line"], row["lower_line"]))
        assert shown == pytest.approx(python, abs=0.01), (layout, drawn)
        assert row["angle_deg"] == pytest.approx(python, abs=1e-9)
        # And it is the angle that the pointer drew on the screen, to the pixel it was let go on.
        screen = abs(cobb_between(*lines))
        assert shown == pytest.approx(screen, abs=2.5), (layout, drawn)
