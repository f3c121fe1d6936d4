"""Which files belong together, by their names alone."""

import pytest

from annotation.actions.grouping import group


def units(*names: str) -> list[tuple[str, str, str, str]]:
    return [(unit.lead, unit.depth, unit.camera, unit.labels) for unit in group(names).units]


def test_a_study_folder_of_the_phantom_is_two_acquisitions() -> None:
    names = ["colour.jpg", "depth.png", "camera.json", "radiograph.png", "labels.json"]
    names += ["truth.json", "skin_thickness.png", "skin_distance.png"]
    found = group([f"all/p-1/{name}" for name in names])
    rgbd, single = found.units
    assert (rgbd.kind, rgbd.lead, rgbd.depth) == ("rgbd", "all/p-1/colour.jpg", "all/p-1/depth.png")
    assert (rgbd.camera, rgbd.missing) == ("all/p-1/camera.json", "")
    assert (single.kind, single.lead) == ("single", "all/p-1/radiograph.png")
    assert rgbd.labels == single.labels == "all/p-1/labels.json"
    for name in ("truth.json", "skin_thickness.png", "skin_distance.png"):
        assert found.others[f"all/p-1/{name}"] == "ignored"


def test_pairs_of_one_folder_are_told_by_their_prefix() -> None:
    names = ["a_color.png", "a_depth.png", "b_rgb.png", "b_depth.png", "b_camera.json", "camera.json"]
    assert units(*names) == [
        ("a_color.png", "a_depth.png", "camera.json", ""),
        ("b_rgb.png", "b_depth.png", "b_camera.json", ""),
    ]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["colour.jpg"], "needs its depth map"),
        (["depth.png"], "needs its colour picture"),
        (["colour.jpg", "depth.png"], "camera.json"),
        (["a/colour.jpg", "b/depth.png", "b/camera.json"], "needs its depth map"),
    ],
)
def test_what_a_pair_lacks_is_said(names: list[str], says: str) -> None:
    assert says in group(names).units[0].missing


def test_words_inside_other_words_pair_nothing() -> None:
    assert [unit.kind for unit in group(["indepth.png", "colourful.png"]).units] == ["single", "single"]


@pytest.mark.parametrize("folder", ["", "aasce/"])
def test_the_aasce_tables_speak_of_the_pictures_beside_and_below_them(folder: str) -> None:
    names = [f"{folder}{name}" for name in ("filenames.csv", "landmarks.csv", "angles.csv", "images/x.jpg")]
    found = group(names)
    assert [unit.tables for unit in found.units] == [(f"{folder}filenames.csv", f"{folder}landmarks.csv")]
    assert set(found.others.values()) == {"table", "ignored"}


def test_half_the_tables_are_no_layout() -> None:
    assert group(["filenames.csv", "images/x.jpg"]).units[0].tables is None
