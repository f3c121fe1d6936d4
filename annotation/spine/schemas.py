"""Landmark schemas as data: which points a person places, in which order, and how they are paired.

In every schema of the back, `_L` and `_R` are the *patient's* left and right. A back photograph shows the
patient's left at image left. In the schemas of vertebral corners the letters are the *image's*: TL is the
corner nearer the head and nearer the left edge of the stored pixel array, whatever side of the patient that
is, as in the AASCE data. `cobb.find_curves` is told separately which side of the patient image right is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

from annotation.spine.levels import spine_levels

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

    Raises ValueError when made with anything that would not work on the labelling page or in training.
    """

    name: str
    title: str
    target: Target
    points: tuple[LandmarkPoint, ...]
    mirror_pairs: Pairs = ()
    links: Pairs = ()

    def __post_init__(self) -> None:
        if self.target not in get_args(Target):
            raise ValueError(f"target: {self.target!r} is neither 'back' nor 'radiograph'")
        if not 1 <= len(self.points) <= _MOST_POINTS:
            raise ValueError(f"points: give 1 to {_MOST_POINTS} points, not {len(self.points)}")
        for name, where in [(self.name, "name"), *((p.name, "points") for p in self.points)]:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{where}: {name!r} is not a machine name: a letter, then up to 39 letters, digits or _"
                )
        for title in (self.title, *(p.title for p in self.points)):
            if not title.strip():
                raise ValueError("title: the schema and each of its points need one")
        _check_once("points", self.point_names)
        _check_pairs("mirror_pairs", self.mirror_pairs, self.point_names)
        _check_once("mirror_pairs", [name for pair in self.mirror_pairs for name in pair])
        _check_pairs("links", self.links, self.point_names)
        _check_once("links", [" - ".join(sorted(pair)) for pair in self.links])

    @property
    def point_names(self) -> tuple[str, ...]:
        return tuple(point.name for point in self.points)

    @property
    def mirrored_order(self) -> tuple[int, ...]:
        """For each point, the index of the point that takes its place in the mirrored image."""
        partner = {a: b for pair in self.mirror_pairs for a, b in (pair, pair[::-1])}
        return tuple(self.point_names.index(partner.get(name, name)) for name in self.point_names)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The schema a person described in JSON, in the layout of `to_dict`.

        `hint`, `mirror_pairs` and `links` may be left out.
        Raises ValueError that begins with the field at fault.
        """
        fields = _fields("schema", data, {"name", "title", "target", "points"}, {"mirror_pairs", "links"})
        return cls(
            name=_text("name", fields["name"]),
            title=_text("title", fields["title"]),
            target=cast(Target, _text("target", fields["target"])),
            points=tuple(_point(i, item) for i, item in enumerate(_items("points", fields["points"]))),
            mirror_pairs=_pairs("mirror_pairs", fields.get("mirror_pairs", [])),
            links=_pairs("links", fields.get("links", [])),
        )

    def to_dict(self) -> dict[str, Any]:
        """The schema as plain JSON values; `from_dict` gives an equal schema back."""
        return {
            "name": self.name,
            "title": self.title,
            "target": self.target,
            "points": [{"name": p.name, "title": p.title, "hint": p.hint} for p in self.points],
            "mirror_pairs": [list(pair) for pair in self.mirror_pairs],
            "links": [list(link) for link in self.links],
        }


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


def _point(index: int, data: object) -> LandmarkPoint:
    where = f"points[{index}]"
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


def _vertebrae(name: str, title: str, *, with_c7: bool) -> LandmarkSchema:
    levels = spine_levels(with_c7=with_c7)
    return LandmarkSchema(
        name=name,
        title=title,
        target="radiograph",
        points=tuple(
            LandmarkPoint(
                f"{level}_{corner}",
                f"{level} {place}",
                f"The {place} corner of the body of {level}, as the image is stored.",
            )
            for level in levels
            for corner, place in _CORNERS.items()
        ),
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
