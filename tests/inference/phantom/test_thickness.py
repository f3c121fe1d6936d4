"""Line integrals against solids whose chords are known."""

import numpy as np

from inference.phantom.film import Film
from inference.phantom.mesh import ellipsoid, merged, signed_volume_mm3
from inference.phantom.thickness import line_integrals, obliquity

FILM = Film((20.0, -240.0, -1500.0), 200.0, -100.0, -340.0, 0.5, 400, 420)


def _chords(centre: np.ndarray, radius: float) -> np.ndarray:
    """Exact path lengths through a sphere for every pixel of FILM."""
    cx, cy = FILM.centre_px
    x, y = np.meshgrid(np.arange(FILM.width) + 0.5 - cx, np.arange(FILM.height) + 0.5 - cy)
    ray = np.stack([x, y, np.full_like(x, FILM.focal_px)], -1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    towards = centre - np.array(FILM.source_mm)
    along = ray @ towards
    away = towards @ towards - along**2
    return np.asarray(2 * np.sqrt(np.maximum(radius**2 - away, 0.0)))


def test_sphere_has_its_chords() -> None:
    centre, radius = np.array([10.0, -230.0, 40.0]), 40.0
    mesh = ellipsoid(centre, np.full(3, radius), 1.0, rings=160, around=240)
    found, exact = line_integrals(mesh, FILM), _chords(centre, radius)
    inside = exact > 20.0
    assert np.abs(found - exact)[inside].max() < 0.15
    assert np.abs(found[exact == 0]).max() < 1e-6


def test_a_hole_and_weights_add_up() -> None:
    centre = np.array([0.0, -240.0, 0.0])
    shell = ellipsoid(centre, np.full(3, 50.0), 0.5, 60, 80)
    hole = ellipsoid(centre, np.full(3, 30.0), -0.5, 60, 80)
    together = line_integrals(merged([shell, hole]), FILM)
    apart = line_integrals(shell, FILM) + line_integrals(hole, FILM)
    assert np.abs(together - apart).max() < 1e-6
    column, row = (int(v) for v in FILM.project(centre))
    assert abs(together[row, column] - 0.5 * 40.0) < 0.2


def test_volume_is_the_sum_over_the_film() -> None:
    centre = np.array([5.0, -250.0, 0.0])
    mesh = ellipsoid(centre, np.array([20.0, 35.0, 25.0]), 1.0, 60, 80)
    magnification = (FILM.detector_z_mm - FILM.source_mm[2]) / (centre[2] - FILM.source_mm[2])
    area = (FILM.spacing_mm / magnification) ** 2
    volume = (line_integrals(mesh, FILM) / obliquity(FILM)).sum() * area
    assert abs(volume / signed_volume_mm3(mesh.vertices, mesh.triangles) - 1) < 2e-3


def test_a_body_half_off_the_film_keeps_its_visible_half() -> None:
    edge_mm = FILM.left_mm * (0.0 - FILM.source_mm[2]) / (FILM.detector_z_mm - FILM.source_mm[2])
    mesh = ellipsoid(np.array([edge_mm, -240.0, 0.0]), np.full(3, 30.0), 1.0, 40, 60)
    found = line_integrals(mesh, FILM)
    assert found[:, 0].max() > 50.0
    assert np.abs(found[:, 120:]).max() < 1e-6
