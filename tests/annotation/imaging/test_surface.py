"""Normals and curvature against surfaces whose own are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from annotation.imaging.errors import ImagingError
from annotation.imaging.surface import Surface, measure_surface, shaded_relief
from capture_agent.k4a.camera import Camera

CAMERA = Camera(160, 120, 300.0, 300.0, 80.0, 60.0)
RADIUS_MM = 300.0


def ball_mm(radius_mm: float = RADIUS_MM, distance_mm: float = 1200.0) -> NDArray[np.float64]:
    """Depth of a ball on the axis; radius < 0: the inside of a bowl."""
    rays, _ = CAMERA.pixel_rays()
    square = (rays**2).sum(axis=-1) + 1
    root = distance_mm**2 - square * (distance_mm**2 - radius_mm**2)
    side = np.sign(radius_mm)
    with np.errstate(invalid="ignore"):
        depth: NDArray[np.float64] = (distance_mm - side * np.sqrt(root)) / square
    return depth


def middle(surface: Surface) -> tuple[float, float]:
    part = (slice(50, 70), slice(70, 90))
    return float(surface.mean_curvature[part].mean()), float(surface.gaussian_curvature[part].mean())


@pytest.mark.parametrize("radius_mm", [RADIUS_MM, -RADIUS_MM])
def test_curvature_of_a_ball_and_of_a_bowl(radius_mm: float) -> None:
    mean, gaussian = middle(measure_surface(ball_mm(radius_mm), CAMERA, 1.5))
    assert mean == pytest.approx(1 / radius_mm, rel=0.02)
    assert gaussian == pytest.approx(1 / radius_mm**2, rel=0.04)


def test_normals_of_a_ball_point_from_its_centre() -> None:
    surface = measure_surface(ball_mm(), CAMERA, 1.0)
    expected = (surface.points_mm - (0, 0, 1200)) / RADIUS_MM
    inner = (slice(20, 100), slice(20, 140))
    assert np.abs(surface.normals - expected)[inner].max() < 0.02


def test_a_wall_is_flat_and_lit_evenly() -> None:
    surface = measure_surface(np.full((120, 160), 1500, np.uint16), CAMERA)
    np.testing.assert_allclose(
        surface.normals[20:-20, 20:-20], np.broadcast_to((0, 0, -1), (80, 120, 3)), atol=1e-9
    )
    assert np.abs(surface.mean_curvature[20:-20, 20:-20]).max() < 1e-9
    lit = shaded_relief(surface, (0, 0, -1))
    assert lit[20:-20, 20:-20].min() == 255


def test_the_relief_is_bright_towards_the_lamp_and_black_in_holes() -> None:
    depth = ball_mm()
    depth[55:65, 75:85] = np.nan
    surface = measure_surface(depth, CAMERA)
    lit = shaded_relief(surface, (-1.0, 0.0, -1.0))
    assert lit[60, 60] > lit[60, 100] + 50
    assert lit[60, 80] == 0
    assert np.isnan(surface.normals[60, 80]).all()


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(ImagingError, match="size"):
        measure_surface(np.ones((3, 3)), CAMERA)
    with pytest.raises(ImagingError, match="smoothing"):
        measure_surface(ball_mm(), CAMERA, 0.0)
    with pytest.raises(ImagingError, match="light"):
        shaded_relief(measure_surface(ball_mm(), CAMERA), (0, 0, 0))
