"""The rows of the report's tables differ in what their table is about, and carry its figures."""

from dataclasses import fields

import pytest

from inference.experiments.tables import TABLES, AnyRecipe, Table, small
from inference.recipes.catalogue import recipe_of

ABOUT = {
    4: {"channels"},
    5: {"moved"},
    6: {"standardise"},
    9: {"channels", "landmarks"},
    13: {"dropout", "flip_probability", "move_probability", "depth_offset_mm"},
    15: {"architecture", "film_width_px", "film_height_px"},
    17: {"l1_weight"},
}
TABLE_IDS = [f"table {number}" for number in TABLES]


def differing(table: Table) -> set[str]:
    recipes = [row.recipe for row in table.rows]
    names = [field.name for field in fields(recipes[0])]
    return {name for name in names if len({getattr(recipe, name) for recipe in recipes}) > 1}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLE_IDS)
def test_rows_differ_in_what_the_table_is_about_and_in_nothing_else(table: Table) -> None:
    assert differing(table) == ABOUT[table.number]
    assert len({row.recipe for row in table.rows}) == len(table.rows)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLE_IDS)
def test_small_rows_differ_in_the_same(table: Table) -> None:
    def shrunk(recipe: AnyRecipe) -> AnyRecipe:
        # Through JSON, as a run folder has it.
        again = recipe_of(small(recipe).to_dict())
        assert again == small(recipe)
        return small(recipe)

    recipes = [shrunk(row.recipe) for row in table.rows]
    assert len(set(recipes)) == len(recipes)


def test_the_reports_own_choice_stands_in_every_table_with_its_figures() -> None:
    """4.747e-5 for landmarks and 0.900, 5.675 for films, once each."""
    for table in TABLES.values():
        best = {"heatmap_mse": 4.747e-5} if table.kind == "landmarks" else {"hash": 5.675}
        [name] = best
        found = [row for row in table.rows if row.paper[name] == pytest.approx(best[name])]
        assert len(found) == 1
        assert all(row.paper[name] >= best[name] for row in table.rows)
    assert TABLES[9].rows[-1].paper["histogram_intersection"] == 0.9
