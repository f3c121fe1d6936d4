"""Landmark schemas as data: which points a person places, in which order, and how they are paired.

In every schema of the back, `_L` and `_R` are the *patient's* left and right. A back photograph shows the
patient's left at image left. In the schemas of vertebral corners the letters are the *image's*: TL is the
corner nearer the head and nearer the left edge of the stored pixel array, whatever side of the patient that
is, as in the AASCE data. `cobb.find_curves` is told separately which side of the patient image right is.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self, cast, get_args

from annotation.spine.levels import Level, spine_levels

Target = Literal["back", "radiograph"]
Pairs = tuple[tuple[str, str], ...]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MOST_POINTS = 200
_LONGEST_TEXT = 200
_CORNERS = {"TL": "top left", "TR": "top right", "BL": "bottom left", "BR": "bottom right"}


@dataclass(frozen=True, slots=True)
class LandmarkPoint:
    """One point: its stable machine name, the title on screen, and a sentence on where it lies."""

    name: str
    title: str
    hint: str


@dataclass(frozen=True, slots=True)
class LandmarkSchema:
    """Named, ordered points; pairs that change places when the image is mirrored; links to draw.

    `extras` are points that few people have (the corners of T13 and L6): nobody is asked for them until one
    of their vertebra is there, and networks that learn the schema do not learn them.
    Raises ValueError when made with anything that would not work on the labelling page or in training.
    """

    name: str
    title: str
    target: Target
    points: tuple[LandmarkPoint, ...]
    mirror_pairs: Pairs = ()
    links: Pairs = ()
    extras: tuple[LandmarkPoint, ...] = ()

    def __post_init__(self) -> None:
        if self.target not in get_args(Target):
            raise ValueError(f"target: {self.target!r} is neither 'back' nor 'radiograph'")
        everything = [*self.points, *self.extras]
        if not self.points or len(everything) > _MOST_POINTS:
            raise ValueError(f"points: give 1 to {_MOST_POINTS} points, not {len(everything)}")
        for name, where in [(self.name, "name"), *((p.name, "points") for p in everything)]:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{where}: {name!r} is not a machine name: a letter, then up to 39 letters, digits or _"
                )
        for title in (self.title, *(p.title for p in everything)):
            if not title.strip():
                raise ValueError("title: the schema and each of its points need one")
        names = tuple(point.name for point in everything)
        _check_once("points", names)
        _check_pairs("mirror_pairs", self.mirror_pairs, names)
        _check_once("mirror_pairs", [name for pair in self.mirror_pairs for name in pair])
        _check_pairs("links", self.links, names)
        _check_once("links", [" - ".join(sorted(pair)) for pair in self.links])

    @property
    def point_names(self) -> tuple[str, ...]:
        return tuple(point.name for point in self.points)

    @property
    def all_points(self) -> tuple[LandmarkPoint, ...]:
        """Points and extras in one order: extra vertebrae where they lie, other extras at the end."""
        return _in_order(self)

    def asked(self, placed: Collection[str]) -> tuple[str, ...]:
        """The names to give a state where these have one: all but the extra vertebrae nobody has begun."""
        begun = {_vertebra(name) or name for name in placed}
        extra = {point.name for point in self.extras}
        return tuple(
            name
            for name in (point.name for point in self.all_points)
            if name not in extra or (_vertebra(name) or name) in begun
        )

    @property
    def mirrored_order(self) -> tuple[int, ...]:
        """For each point, the index of the point that takes its place in the mirrored image."""
        partner = {a: b for pair in self.mirror_pairs for a, b in (pair, pair[::-1])}
        return tuple(self.point_names.index(partner.get(name, name)) for name in self.point_names)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The schema a person described in JSON, in the layout of `to_dict`.

        `hint`, `mirror_pairs`, `links` and `extras` may be left out.
        Raises ValueError that begins with the field at fault.
        """
        optional = {"mirror_pairs", "links", "extras"}
        fields = _fields("schema", data, {"name", "title", "target", "points"}, optional)
        return cls(
            name=_text("name", fields["name"]),
            title=_text("title", fields["title"]),
            target=cast(Target, _text("target", fields["target"])),
            points=_points("points", fields["points"]),
            mirror_pairs=_pairs("mirror_pairs", fields.get("mirror_pairs", [])),
            links=_pairs("links", fields.get("links", [])),
            extras=_points("extras", fields.get("extras", [])),
        )

    def to_dict(self) -> dict[str, Any]:
        """The schema as plain JSON values; `from_dict` gives an equal schema back."""
        return {
            "name": self.name,
            "title": self.title,
            "target": self.target,
            "points": [_described(point) for point in self.points],
            "mirror_pairs": [list(pair) for pair in self.mirror_pairs],
            "links": [list(link) for link in self.links],
            **({"extras": [_described(point) for point in self.extras]} if self.extras else {}),
        }


def _vertebra(name: str) -> str | None:
    """`T6` of `T6_TL`; None of what is no corner."""
    level, _, corner = name.rpartition("_")
    return level if corner in _CORNERS else None


@lru_cache(maxsize=256)
def _in_order(schema: LandmarkSchema) -> tuple[LandmarkPoint, ...]:
    ranks = {str(level): level.ordinal for level in Level}
    found = list(schema.points)
    for extra in schema.extras:
        own = ranks.get(_vertebra(extra.name) or "", len(ranks))
        lower = (i for i, point in enumerate(found) if ranks.get(_vertebra(point.name) or "", 0) > own)
        found.insert(next(lower, len(found)), extra)
    return tuple(found)


def _described(point: LandmarkPoint) -> dict[str, str]:
    return {"name": point.name, "title": point.title, "hint": point.hint}


def _check_once(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{where}: {name!r} appears twice")
        seen.add(name)


def _check_pairs(where: str, pairs: Pairs, names: tuple[str, ...]) -> None:
    for pair in pairs:
        unknown = [name for name in pair if name not in names]
        if unknown:
            raise ValueError(f"{where}: {unknown[0]!r} is not one of the points")
        if pair[0] == pair[1]:
            raise ValueError(f"{where}: {pair[0]!r} is paired with itself")


def _fields(where: str, data: object, needed: set[str], optional: set[str]) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: give an object with {', '.join(sorted(needed))}")
    missing, unknown = needed - data.keys(), data.keys() - needed - optional
    if missing or unknown:
        problem = (
            f"{sorted(missing)[0]!r} is missing" if missing else f"{min(map(str, unknown))!r} is unknown"
        )
        raise ValueError(f"{where}: {problem}")
    return data


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(f"{where}: give a text of at most {_LONGEST_TEXT} characters")
    return value


def _items(where: str, value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where}: give a list")
    return list(value)


def _points(where: str, value: object) -> tuple[LandmarkPoint, ...]:
    return tuple(_point(f"{where}[{index}]", item) for index, item in enumerate(_items(where, value)))


def _point(where: str, data: object) -> LandmarkPoint:
    fields = _fields(where, data, {"name", "title"}, {"hint"})
    return LandmarkPoint(
        name=_text(f"{where}.name", fields["name"]),
        title=_text(f"{where}.title", fields["title"]),
        hint=_text(f"{where}.hint", fields.get("hint", "")),
    )


def _pairs(where: str, value: object) -> Pairs:
    pairs = []
    for item in _items(where, value):
        ends = [_text(where, end) for end in _items(where, item)]
        if len(ends) != 2:
            raise ValueError(f"{where}: each entry names two points, not {len(ends)}")
        pairs.append((ends[0], ends[1]))
    return tuple(pairs)


def _sides(name: str, title: str, hint: str) -> tuple[LandmarkPoint, LandmarkPoint]:
    return (
        LandmarkPoint(f"{name}_L", f"{title}, left", f"{hint}, on the patient's left."),
        LandmarkPoint(f"{name}_R", f"{title}, right", f"{hint}, on the patient's right."),
    )


def _corners(levels: Iterable[Level]) -> tuple[LandmarkPoint, ...]:
    return tuple(
        LandmarkPoint(
            f"{level}_{corner}",
            f"{level} {place}",
            f"The {place} corner of the body of {level}, as the image is stored.",
        )
        for level in levels
        for corner, place in _CORNERS.items()
    )


def _vertebrae(name: str, title: str, *, with_c7: bool) -> LandmarkSchema:
    usual = spine_levels(with_c7=with_c7)
    levels = spine_levels(13, 6, with_c7=with_c7)
    return LandmarkSchema(
        name=name,
        title=title,
        target="radiograph",
        points=_corners(usual),
        extras=_corners(level for level in levels if level not in usual),
        mirror_pairs=tuple((f"{v}_{edge}L", f"{v}_{edge}R") for v in levels for edge in "TB"),
        links=tuple(
            (f"{v}_{a}", f"{v}_{b}")
            for v in levels
            for a, b in (("TL", "TR"), ("TR", "BR"), ("BR", "BL"), ("BL", "TL"))
        ),
    )


_C7 = LandmarkPoint("C7", "C7", "Vertebra prominens: the tip of the spinous process that stands out most.")
_SCAPULA = _sides("scapula", "Scapula", "The inferior angle of the shoulder blade")
_PSIS = _sides("PSIS", "PSIS", "The posterior superior iliac spine, at the dimple of the back")
_LEFT_RIGHT = ("scapula_L", "scapula_R"), ("PSIS_L", "PSIS_R")

BACK6 = LandmarkSchema(
    name="back6",
    title="Back, six points",
    target="back",
    points=(
        _C7,
        *_SCAPULA,
        *_PSIS,
        LandmarkPoint("sacrum", "Sacrum", "The tip of the sacrum or coccyx, at the top of the gluteal fold."),
    ),
    mirror_pairs=_LEFT_RIGHT,
    links=(("C7", "sacrum"), *_LEFT_RIGHT),
)

BACK10 = LandmarkSchema(
    name="back10",
    title="Back, ten points",
    target="back",
    points=(
        _C7,
        LandmarkPoint("natal_cleft", "Natal cleft", "The top of the furrow between the buttocks."),
        *_sides("shoulder", "Shoulder", "The acromion, the bony tip of the shoulder"),
        *_SCAPULA,
        *_sides("waist", "Waist", "The deepest point of the waist line"),
        *_PSIS,
    ),
    mirror_pairs=(("shoulder_L", "shoulder_R"), _LEFT_RIGHT[0], ("waist_L", "waist_R"), _LEFT_RIGHT[1]),
    links=(
        ("C7", "natal_cleft"),
        ("shoulder_L", "shoulder_R"),
        _LEFT_RIGHT[0],
        ("waist_L", "waist_R"),
        _LEFT_RIGHT[1],
    ),
)

XRAY2 = LandmarkSchema(
    name="xray2",
    title="X-ray, C7 and sacrum",
    target="radiograph",
    points=(
        LandmarkPoint("C7", "C7", "The centre of the body of C7."),
        LandmarkPoint("sacrum", "Sacrum", "The middle of the superior endplate of S1."),
    ),
    links=(("C7", "sacrum"),),
)

BUILT_IN: dict[str, LandmarkSchema] = {
    schema.name: schema
    for schema in (
        BACK6,
        BACK10,
        XRAY2,
        _vertebrae("vertebrae68", "Vertebrae, T1 to L5", with_c7=False),
        _vertebrae("vertebrae72", "Vertebrae, C7 to L5", with_c7=True),
    )
}
