"""What people do on the two pages, done again without WebGL and on a screen of two device pixels to one.

The other tests run with WebGL (in software) at one device pixel; these are the same tests, in other windows.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e import (
    test_compare,
    test_curve_ends,
    test_label,
    test_label_crop,
    test_label_depth,
    test_label_levels,
    test_label_local_contrast,
    test_read,
    test_read_notes,
    test_scale,
)
from tests.e2e.backstage import Backstage
from tests.e2e.visiting import Person, Personing, Visit, Visiting

Act = Callable[[Visiting, Personing, dict[str, str], Backstage], None]
ACTS: list[Act] = [
    test_label.test_six_clicks_place_six_points_on_colour_and_depth,
    test_label.test_drag_undo_and_redo,
    test_label.test_the_keyboard_alone_places_nudges_and_takes_away,
    test_label.test_four_clicks_make_a_vertebra,
    test_label.test_a_model_says_how_unsure_it_is_of_each_place,
    test_label_levels.test_a_thirteenth_vertebra_is_added_placed_and_read,
    test_label_crop.test_the_aligned_film_is_previewed_while_its_points_are_placed,
    test_label_depth.test_the_depth_is_drawn_three_ways_and_in_place_of_the_colours,
    test_label_local_contrast.test_local_contrast_is_raised_and_taken_back,
    test_compare.test_the_two_films_are_compared_in_every_way,
    test_compare.test_the_other_film_is_laid_over_by_c7_and_the_sacrum,
    test_curve_ends.test_an_end_is_dragged_to_another_vertebra_and_saved_there,
    test_read.test_two_lines_are_saved_as_a_measurement_with_its_levels,
    test_read.test_an_end_of_a_line_is_dragged_and_nudged,
    test_read_notes.test_a_note_is_written_shown_taken_back_and_printed,
    test_scale.test_a_line_of_known_length_gives_the_scale_and_the_next_one_is_read_in_millimetres,
]


@pytest.mark.parametrize(
    ("graphics", "pixel_ratio"), [("no GL", 1), ("no GL", 2), ("software GL", 2)], ids=str
)
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__.removeprefix("test_"))
def test_done_elsewhere(
    visit: Visiting,
    person: Personing,
    project: dict[str, str],
    backstage: Backstage,
    request: pytest.FixtureRequest,
    act: Act,
    graphics: str,
    pixel_ratio: int,
) -> None:
    name = "browser" if graphics == "software GL" else "browser_without_gl"
    chromium: Browser = request.getfixturevalue(name)

    def elsewhere(who: Person | None = None, **options: Any) -> Visit:
        return visit(who, chromium=chromium, device_scale_factor=pixel_ratio, **options)

    act(elsewhere, person, project, backstage)
