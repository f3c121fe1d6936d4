"""Levels beyond what the golden cases hold: neighbours, ranks, stretches of a spine."""

import pytest

from annotation.spine.levels import (
    Level,
    check_levels,
    count_note,
    disc_name,
    height_rank,
    is_above,
    neighbour_above,
    neighbour_below,
    parse_level,
    spine_levels,
)


def test_a_level_is_its_name() -> None:
    assert Level.T4 == "T4"
    assert f"{Level.T4}" == "T4"
    assert [level.ordinal for level in (Level.C7, Level.T13, Level.L1, Level.S1)] == [0, 13, 14, 20]


def test_neighbours_are_those_of_this_patient() -> None:
    eleven = spine_levels(11, 5, with_c7=True)
    assert neighbour_below("T11", eleven) == "L1"
    assert neighbour_above("L1", eleven) == "T11"
    assert neighbour_above("C7", eleven) is None
    assert neighbour_below("L5", eleven) is None
    with pytest.raises(ValueError, match="T12 is not among the levels"):
        neighbour_below("T12", eleven)


def test_order_goes_by_height_not_by_spelling() -> None:
    assert is_above("T9", "T10")
    assert is_above("C7", "T1")
    assert not is_above("L1", "T13")
    assert not is_above("T5", "t5")


def test_any_stretch_will_do() -> None:
    assert check_levels(["t5", "T6", "T7"]) == ("T5", "T6", "T7")
    assert check_levels(spine_levels(13, 6, with_c7=True, with_s1=True))[-3:] == ("L5", "L6", "S1")
    assert check_levels([]) == ()


@pytest.mark.parametrize("counts", [(10, 5), (14, 5), (12, 3), (12, 7)])
def test_impossible_counts(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="11-13 and 4-6"):
        spine_levels(*counts)


def test_discs() -> None:
    assert disc_name("t11", "T12") == "T11/T12"
    assert height_rank("T11/L1") == 12.5
    with pytest.raises(ValueError, match="neither a vertebra nor a disc"):
        height_rank("T4/T5/T6")
    with pytest.raises(ValueError, match="'Atlas' is not a vertebral level"):
        parse_level("Atlas")


@pytest.mark.parametrize(
    ("levels", "note"),
    [
        (spine_levels(), ""),
        (spine_levels(13, 6), "13 thoracic, 6 lumbar"),
        (spine_levels(11, 5), "11 thoracic"),
        (spine_levels(12, 4, with_s1=True), "4 lumbar"),
        # Cut off by the edge of the film, for all one can tell.
        (spine_levels(12, 4), ""),
        (["T1", "T2", "T11"], ""),
        ([], ""),
    ],
)
def test_an_unusual_number_of_vertebrae_is_told_where_the_levels_prove_it(
    levels: list[str], note: str
) -> None:
    assert count_note(levels) == note
