"""The built-in schemas as the pages and the networks rely on them; what a user's own may not be."""

from typing import Any

import pytest

from annotation.spine.schemas import BUILT_IN, LandmarkSchema

OWN: dict[str, Any] = {
    "name": "hips2",
    "title": "Hips",
    "target": "back",
    "points": [{"name": "hip_L", "title": "Hip, left"},
               {"name": "hip_R", "title": "Hip, right", "hint": "Here."}],
    "mirror_pairs": [["hip_L", "hip_R"]],
    "links": [["hip_L", "hip_R"]],
}  # fmt: skip


def test_built_in_names_and_sizes() -> None:
    assert {name: len(schema.points) for name, schema in BUILT_IN.items()} == {
        "back6": 6,
        "back10": 10,
        "xray2": 2,
        "vertebrae68": 68,
        "vertebrae72": 72,
    }


def test_point_names_never_change() -> None:
    assert BUILT_IN["back6"].point_names == (
        "C7", "scapula_L", "scapula_R", "PSIS_L", "PSIS_R", "sacrum",
    )  # fmt: skip
    assert BUILT_IN["back10"].point_names == (
        "C7", "natal_cleft", "shoulder_L", "shoulder_R", "scapula_L", "scapula_R", "waist_L", "waist_R",
        "PSIS_L", "PSIS_R",
    )  # fmt: skip
    assert BUILT_IN["xray2"].point_names == ("C7", "sacrum")
    assert BUILT_IN["vertebrae68"].point_names[:4] == ("T1_TL", "T1_TR", "T1_BL", "T1_BR")
    assert BUILT_IN["vertebrae68"].point_names[-1] == "L5_BR"
    assert BUILT_IN["vertebrae72"].point_names[0] == "C7_TL"
    assert BUILT_IN["vertebrae72"].point_names[4:] == BUILT_IN["vertebrae68"].point_names


def test_a_thirteenth_thoracic_and_a_sixth_lumbar_vertebra_are_asked_for_once_they_are_begun() -> None:
    schema = BUILT_IN["vertebrae68"]
    assert [point.name for point in schema.extras] == [
        f"{level}_{corner}" for level in ("T13", "L6") for corner in ("TL", "TR", "BL", "BR")
    ]
    assert schema.asked({"T1_TL"}) == schema.point_names
    asked = schema.asked({"T1_TL", "T13_BR"})
    assert len(asked) == 72
    at = asked.index("T13_TL")
    assert asked[at - 1] == "T12_BR"
    assert asked[at + 1 : at + 5] == ("T13_TR", "T13_BL", "T13_BR", "L1_TL")
    assert [point.name for point in schema.all_points][-4:] == ["L6_TL", "L6_TR", "L6_BL", "L6_BR"]
    assert schema.point_names == tuple(name for name in asked if not name.startswith("T13"))


def test_ten_points_have_the_five_links_of_the_seed_paper() -> None:
    order = BUILT_IN["back10"].point_names
    links = {tuple(sorted((order.index(a) + 1, order.index(b) + 1))) for a, b in BUILT_IN["back10"].links}
    assert links == {(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)}


@pytest.mark.parametrize("schema", BUILT_IN.values(), ids=BUILT_IN)
def test_a_schema_survives_json_and_mirrors_back(schema: LandmarkSchema) -> None:
    assert LandmarkSchema.from_dict(schema.to_dict()) == schema
    order = schema.mirrored_order
    assert [order[i] for i in order] == list(range(len(order)))
    for index, other in enumerate(order):
        ours, theirs = schema.point_names[index], schema.point_names[other]
        assert theirs == ours if ours[-1] not in "LR" or "_" not in ours else theirs[:-1] == ours[:-1]
    assert all(point.hint and point.title for point in schema.points)


def test_a_users_schema() -> None:
    schema = LandmarkSchema.from_dict(OWN)
    assert schema.point_names == ("hip_L", "hip_R")
    assert schema.mirrored_order == (1, 0)
    bare = {key: OWN[key] for key in ("name", "title", "target", "points")}
    assert LandmarkSchema.from_dict(bare).links == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "two words"}, "name: 'two words' is not a machine name"),
        ({"name": "x" * 41}, "not a machine name"),
        ({"name": 5}, "name: give a text"),
        ({"title": "  "}, "title: the schema and each of its points need one"),
        ({"title": "x" * 201}, "title: give a text of at most 200"),
        ({"target": "front"}, "target: 'front' is neither 'back' nor 'radiograph'"),
        ({"points": []}, "points: give 1 to 200 points, not 0"),
        ({"points": [{"name": f"p{i}", "title": "P"} for i in range(201)]}, "not 201"),
        ({"points": "hip"}, "points: give a list"),
        ({"points": ["hip"]}, r"points\[0\]: give an object with name, title"),
        ({"points": [{"name": "hip_L"}]}, r"points\[0\]: 'title' is missing"),
        ({"points": [{"name": "hip_L", "title": "", "hint": ""}]}, "title: the schema and each"),
        ({"points": [{"name": "a", "title": "A", "color": "red"}]}, r"points\[0\]: 'color' is unknown"),
        ({"points": [OWN["points"][0], OWN["points"][0]]}, "points: 'hip_L' appears twice"),
        ({"mirror_pairs": [["hip_L", "knee"]]}, "mirror_pairs: 'knee' is not one of the points"),
        ({"mirror_pairs": [["hip_L", "hip_L"]]}, "mirror_pairs: 'hip_L' is paired with itself"),
        ({"mirror_pairs": [["hip_L", "hip_R"], ["hip_R", "hip_L"]]}, "mirror_pairs: 'hip_R' appears twice"),
        ({"links": [["hip_L"]]}, "links: each entry names two points, not 1"),
        ({"links": [["hip_L", "hip_R"], ["hip_R", "hip_L"]]}, "links: 'hip_L - hip_R' appears twice"),
        ({"colour": "red"}, "schema: 'colour' is unknown"),
    ],
)
def test_what_a_users_schema_may_not_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LandmarkSchema.from_dict({**OWN, **change})


@pytest.mark.parametrize("data", [None, [], "back6", {}])
def test_not_a_schema_at_all(data: object) -> None:
    with pytest.raises(ValueError, match="schema: "):
        LandmarkSchema.from_dict(data)
