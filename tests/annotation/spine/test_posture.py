"""Posture of a back worked by hand: 0.5 mm a pixel, the patient's left at image left."""

import pytest

from annotation.spine import posture

BACK10: dict[str, tuple[float, float]] = {
    "C7": (510, 100),
    "natal_cleft": (500, 900),
    "shoulder_L": (300, 180),
    "shoulder_R": (700, 220),
    "scapula_L": (380, 400),
    "scapula_R": (600, 400),
    "waist_L": (350, 640),
    "waist_R": (610, 660),
    "PSIS_L": (450, 800),
    "PSIS_R": (550, 790),
}
PARTS = {
    "frontal_C7": 10 / 260,
    "frontal_scapula": 20 / 220,
    "frontal_waist": 40 / 260,
    "height_shoulder": 40 / 800,
    "height_scapula": 0,
    "height_waist": 20 / 800,
}


def by_name(points: dict[str, tuple[float, float]], **options: object) -> dict[str, posture.Quantity]:
    return {q.name: q for q in posture.surface_quantities(points, **options)}  # type: ignore[arg-type]


def test_ten_points() -> None:
    found = by_name(BACK10, mm_per_px=0.5)
    assert (found["coronal_balance"].value, found["coronal_balance"].unit) == (5, "mm")
    assert "natal cleft stands in for the middle of S1" in found["coronal_balance"].note
    assert (found["shoulder_height"].value, found["shoulder_height"].unit) == (20, "mm")
    assert found["shoulder_angle"].value == pytest.approx(5.710593)
    assert found["PSIS_height"].value == -5
    assert found["pelvic_obliquity"].value == pytest.approx(-5.710593)
    assert "stand in for the iliac crests" in found["pelvic_obliquity"].note


def test_the_asymmetry_index_is_the_sum_of_its_parts_and_says_what_it_is_not() -> None:
    index, *parts = posture.landmark_asymmetry(BACK10)
    assert parts[0].title == "Frontal C7"
    assert {part.name: part.value for part in parts} == pytest.approx({k: 100 * v for k, v in PARTS.items()})
    assert index.value == pytest.approx(100 * sum(PARTS.values()))
    assert {q.unit for q in (index, *parts)} == {"%"}
    assert "not POTSI" in index.note
    assert "axillae" in index.note


def test_a_symmetrical_back_scores_nothing() -> None:
    even = {name: (500.0, y) for name, (_, y) in BACK10.items()}
    for pair in ("shoulder", "scapula", "waist", "PSIS"):
        height = BACK10[f"{pair}_L"][1]
        even[f"{pair}_L"], even[f"{pair}_R"] = (400, height), (600, height)
    found = by_name(even)
    assert {q.value for q in found.values()} == {0}


def test_mirroring_the_photograph_changes_only_what_it_must() -> None:
    mirror = {name: (1000 - x, y) for name, (x, y) in BACK10.items()}
    told = by_name(mirror, patient_right_at_image_right=False)
    assert {n: q.value for n, q in told.items()} == pytest.approx(
        {n: q.value for n, q in by_name(BACK10).items()}
    )
    assert by_name(mirror)["coronal_balance"].value == -10


def test_six_points_have_no_index_and_no_millimetres_without_calibration() -> None:
    six = {name: BACK10[name] for name in ("C7", "scapula_L", "scapula_R", "PSIS_L", "PSIS_R")}
    found = by_name({**six, "sacrum": (500, 880)})
    assert "landmark_asymmetry" not in found
    assert {q.unit for q in found.values()} == {"px", "deg"}
    assert "Not calibrated" in found["coronal_balance"].note
    assert "coronal_balance" not in by_name(six)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="needs waist_L"):
        posture.landmark_asymmetry({k: v for k, v in BACK10.items() if k != "waist_L"})
    with pytest.raises(ValueError, match="C7 above the natal cleft"):
        posture.landmark_asymmetry({**BACK10, "C7": (500, 900)})
    with pytest.raises(ValueError, match="mm_per_px must be a positive number"):
        posture.coronal_balance((1, 2), (1, 3), mm_per_px=0)
    with pytest.raises(ValueError, match="c7 and sacrum must be finite"):
        posture.coronal_balance((1, float("nan")), (1, 3))
    with pytest.raises(ValueError, match="straight above one another"):
        posture.pelvic_obliquity((5, 1), (5, 9))
    with pytest.raises(ValueError, match="superior endplate coincide"):
        posture.t1_tilt([[1, 1], [1, 1], [0, 2], [2, 2]])
