"""The comparison with real films: its measures on what is known, and the program on a set made up here."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.phantom import __main__ as command
from inference.phantom import compare, sheet
from inference.phantom.figures import compared, measure
from inference.phantom.measures import (
    COLUMN_PX,
    Sample,
    edge_contrast,
    edge_profiles,
    histogram,
    normalised,
    shape_of,
    spectrum,
)


def column(bend_deg: float = 0.0) -> np.ndarray:
    """Seventeen upright boxes 60 x 40 px, 10 px apart, bent to the right by a single curve."""
    tilt = np.radians(bend_deg / 2) * np.cos(np.linspace(0, np.pi, 17))
    corners, place = [], np.array([200.0, 60.0])
    for angle in -tilt:
        right, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        corners.append([place + 30 * s * right + 20 * d * down for d in (-1, 1) for s in (-1, 1)])
        place = place + 50 * down
    return np.array(corners)


def bright_boxes(corners: np.ndarray, inside: float, outside: float) -> np.ndarray:
    image = np.full((1000, 400), outside, np.float32)
    for box in corners:
        cv2.fillConvexPoly(image, np.rint(box[[0, 1, 3, 2]]).astype(int), inside)
    return image.astype(np.float64)


def test_shape_of_a_known_column() -> None:
    straight, bent = shape_of(column()), shape_of(column(40.0))
    assert (straight.major_deg, straight.curves) == (0.0, 0)
    assert bent.major_deg == pytest.approx(40.0, abs=0.1)
    assert bent.right
    assert bent.apex == pytest.approx(8.0, abs=1.0)
    whole = 17 * 40 + 16 * 10
    assert straight.height == pytest.approx(np.full(17, 40 / whole))
    assert straight.width == pytest.approx(np.full(17, 60 / whole))
    assert straight.disc == pytest.approx(np.full(16, 10 / whole))


def test_edges_have_the_contrast_of_the_boxes() -> None:
    corners = column()
    sample = Sample(bright_boxes(corners, 160, 100), corners)
    profiles = edge_profiles(sample)
    # Beyond an endplate lies the gap of a quarter of a height, then the next box.
    assert edge_contrast(profiles)[[1, 3]] == pytest.approx([60, 60], abs=1)
    assert (profiles[:, 2:, :8].mean(), profiles[:, 2:, -8:].mean()) == pytest.approx((100, 160), abs=1)
    assert (edge_contrast(profiles)[[0, 2]] > 40).all()


def test_every_film_is_brought_to_one_scale() -> None:
    corners = column()
    sample = normalised(Sample(bright_boxes(corners, 160, 100), corners))
    length = np.linalg.norm(np.diff(sample.corners.mean(1), axis=0), axis=1).sum()
    assert length == pytest.approx(COLUMN_PX)
    assert edge_contrast(edge_profiles(sample))[1] == pytest.approx(60, abs=3)


def test_histogram_and_spectrum_tell_what_they_should() -> None:
    corners = column()
    flat = histogram(Sample(np.full((1000, 400), 130.0), corners))
    assert flat[130 // 4] == 1.0
    rng = np.random.default_rng(0)
    rough = rng.standard_normal((1000, 400))
    smooth = np.asarray(cv2.GaussianBlur(rough, (0, 0), 3), np.float64)
    fine, coarse = (spectrum(Sample(image, corners)) for image in (rough, smooth))
    assert abs(fine[5:].max() - fine[5:].min()) < 0.2
    assert coarse[2] - coarse[30] > 2.0


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Three phantom studies, and the same films as a collection in the layout of the AASCE data."""
    phantoms, real = tmp_path_factory.mktemp("phantoms"), tmp_path_factory.mktemp("real")
    assert command.main([str(phantoms), "--count", "3", "--seed", "2", "--direction", "mixed"]) == 0
    (real / "images").mkdir()
    names: list[str] = []
    rows = []
    for film in compare.phantom_films(phantoms, 0.0):
        names.append(f"film {len(names)}.png")
        height, width = film.grey.shape
        cv2.imwrite(str(real / "images" / names[-1]), film.grey[:, ::-1].astype(np.uint8))
        mirrored = film.corners[:, [1, 0, 3, 2]].copy()
        mirrored[..., 0] = width - mirrored[..., 0]
        flat = mirrored.reshape(68, 2) / (width, height)
        rows.append([*flat[:, 0], *flat[:, 1]])
    for table, lines in (("filenames.csv", [[name] for name in names]), ("landmarks.csv", rows)):
        with (real / table).open("w", newline="") as handle:
            csv.writer(handle).writerows(lines)
    return phantoms, real


def test_a_set_is_at_no_distance_from_itself(sets: tuple[Path, Path]) -> None:
    """The way through the layout of the real films, mirrored there and back, changes nothing."""
    phantoms, real = sets
    ours, theirs = measure(compare.phantom_films(phantoms, 0.0)), measure(compare.real_films(real))
    found = compared(ours, theirs)
    assert set(found["distance"]["phantom_to_real"].values()) == {0.0}
    assert found["films"] == {"phantom": 3, "real": 3}


def test_the_program_writes_tables_and_a_plot(
    sets: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phantoms, real = sets
    assert compare.main([str(phantoms), "--real", str(real), "--out", str(tmp_path / "o")]) == 0
    written = {path.name for path in (tmp_path / "o").iterdir()}
    assert {"comparison.md", "comparison.json", "comparison.png"} == written
    assert (tmp_path / "o" / "comparison.md").read_text() in capsys.readouterr().out
    figures = json.loads((tmp_path / "o" / "comparison.json").read_text())
    assert set(figures["edge_contrast_grey"]) >= {"thoracic endplates", "lumbar walls"}


def test_missing_films_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([str(tmp_path), "--real", str(tmp_path), "--out", str(tmp_path / "o")]) == 2
    assert "fewer than two films" in capsys.readouterr().err


def test_a_contact_sheet(sets: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sheet.main([str(sets[0]), str(tmp_path / "s.jpg"), "--count", "2"]) == 0
    image = cv2.imread(str(tmp_path / "s.jpg"))
    assert image is not None
    assert image.shape[1] == sheet.WIDTH_PX
    assert sheet.main([str(tmp_path), str(tmp_path / "t.jpg")]) == 2
    assert "no studies" in capsys.readouterr().err
