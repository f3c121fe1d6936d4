"""Vertebral levels: names, order, neighbours, discs; also for 11 or 13 thoracic and 4 or 6 lumbar vertebrae.

About one adolescent in ten with idiopathic scoliosis has an atypical number (PMC5400342), so nothing here
counts on 12 + 5: what depends on the count takes the patient's own list of levels, from above downward.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise


class Level(StrEnum):
    """One vertebra, equal to its name: `Level.T4 == "T4"`. Compare heights by `ordinal`, never by `<`."""

    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    S1 = "S1"

    @property
    def ordinal(self) -> int:
        """Rank from above: C7 is 0, T1 is 1, ... T13 is 13, L1 is 14, ... L6 is 19, S1 is 20."""
        return _ORDINALS[self]


_ORDINALS = {level: rank for rank, level in enumerate(Level)}
_SPELLING = re.compile(r"(C|TH|T|D|L|S)0?(\d{1,2})")
_THORACIC_COUNTS = (11, 12, 13)
_LUMBAR_COUNTS = (4, 5, 6)
# What may follow the last thoracic and the last lumbar vertebra of a typical or atypical spine.
_SKIPS = {(f"T{n}", "L1") for n in _THORACIC_COUNTS} | {(f"L{n}", "S1") for n in _LUMBAR_COUNTS}


def parse_level(text: str) -> Level:
    """The level named by `text` as people write it: "T4", " t04 ", "Th4" and "D4" (dorsal) are all T4.

    Raises ValueError, naming the levels there are, when the text names none of them.
    """
    match = _SPELLING.fullmatch(text.strip().upper())
    if match:
        letter = {"TH": "T", "D": "T"}.get(match[1], match[1])
        name = f"{letter}{match[2]}"
        if name in _ORDINALS:
            return Level(name)
    raise ValueError(f"{text!r} is not a vertebral level: use C7, T1-T13, L1-L6 or S1")


def spine_levels(
    thoracic: int = 12, lumbar: int = 5, *, with_c7: bool = False, with_s1: bool = False
) -> tuple[Level, ...]:
    """A patient's levels from above downward; T1-T12 and L1-L5 unless the counts say otherwise.

    Raises ValueError for a count other than 11-13 thoracic and 4-6 lumbar vertebrae.
    """
    if thoracic not in _THORACIC_COUNTS or lumbar not in _LUMBAR_COUNTS:
        raise ValueError(
            f"{thoracic} thoracic and {lumbar} lumbar vertebrae: this program knows 11-13 and 4-6"
        )
    names = [f"T{n}" for n in range(1, thoracic + 1)] + [f"L{n}" for n in range(1, lumbar + 1)]
    return tuple(Level(name) for name in ["C7"] * with_c7 + names + ["S1"] * with_s1)


def count_note(levels: Iterable[str]) -> str:
    """What is unusual about how many vertebrae are named: "13 thoracic, 6 lumbar"; empty for 12 and 5.

    Only what these levels prove: a stretch that ends above L5 says nothing of how many there are.
    """
    named = {parse_level(level) for level in levels}
    notes = []
    if Level.T13 in named:
        notes.append("13 thoracic")
    elif {Level.T11, Level.L1} <= named and Level.T12 not in named:
        notes.append("11 thoracic")
    if Level.L6 in named:
        notes.append("6 lumbar")
    elif {Level.L4, Level.S1} <= named and Level.L5 not in named:
        notes.append("4 lumbar")
    return ", ".join(notes)


def check_levels(levels: Iterable[str]) -> tuple[Level, ...]:
    """`levels` as Level values, checked to run downward with no vertebra repeated or left out.

    Any stretch of a spine will do (T5-L2), with 11-13 thoracic and 4-6 lumbar vertebrae.
    Raises ValueError naming the first pair that cannot be neighbours.
    """
    parsed = tuple(parse_level(level) for level in levels)
    for upper, lower in pairwise(parsed):
        if lower.ordinal != upper.ordinal + 1 and (upper, lower) not in _SKIPS:
            raise ValueError(
                f"{lower} cannot come directly below {upper}: "
                "name every vertebra from above downward, once, with none left out"
            )
    return parsed


def is_above(first: str, second: str) -> bool:
    """Whether the first level lies nearer the head than the second."""
    return parse_level(first).ordinal < parse_level(second).ordinal


def neighbour_above(level: str, levels: Sequence[str]) -> Level | None:
    """The vertebra directly above `level` in this patient's `levels`; None above the first."""
    at = _index(level, levels)
    return parse_level(levels[at - 1]) if at > 0 else None


def neighbour_below(level: str, levels: Sequence[str]) -> Level | None:
    """The vertebra directly below `level` in this patient's `levels`; None below the last."""
    at = _index(level, levels)
    return parse_level(levels[at + 1]) if at + 1 < len(levels) else None


def disc_name(upper: str, lower: str) -> str:
    """The disc between two neighbours: "T11/T12". Raises ValueError when no disc can lie between them."""
    return "/".join(check_levels([upper, lower]))


def height_rank(place: str) -> float:
    """Where a vertebra ("T8") or a disc ("T11/T12") stands in the order from above; a disc is half way.

    With 11 thoracic vertebrae the disc "T11/L1" ranks 12.5, below any T12: it is the thoracolumbar junction.
    """
    ends = check_levels(place.split("/"))
    if len(ends) > 2:
        raise ValueError(f"{place!r} names neither a vertebra nor a disc")
    return sum(end.ordinal for end in ends) / len(ends)


def _index(level: str, levels: Sequence[str]) -> int:
    wanted = parse_level(level)
    parsed = [parse_level(each) for each in levels]
    if wanted not in parsed:
        raise ValueError(f"{wanted} is not among the levels {', '.join(parsed)}")
    return parsed.index(wanted)
