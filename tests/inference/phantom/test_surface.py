"""The z-buffer against planes and polygons whose answer is known."""

import numpy as np
from scipy.spatial import Delaunay

from inference.phantom.surface import vertex_normals, visible

SQUARE = np.array([[0, 1, 2], [0, 2, 3]])


def _square(left: float, top: float, side: float) -> np.ndarray:
    return np.array([[left, top], [left + side, top], [left + side, top + side], [left, top + side]])


def test_the_nearer_of_two_squares_is_seen_and_owned() -> None:
    pixels = np.concatenate([_square(2, 2, 20), _square(10, 10, 20)])
    depth = np.repeat([1500.0, 1200.0], 4)
    for order in (1, -1):
        triangles = np.concatenate([SQUARE, SQUARE + 4][::order])
        seen = visible(pixels, depth, triangles, 40, 36)
        nearer = np.zeros((36, 40), bool)
        nearer[10:30, 10:30] = True
        farther = np.zeros((36, 40), bool)
        farther[2:22, 2:22] = True
        assert np.array_equal(seen.depth == 1200.0, nearer)
        assert np.array_equal(seen.depth == 1500.0, farther & ~nearer)
        assert np.array_equal(np.isinf(seen.depth), ~(nearer | farther))
        owner = np.where(seen.triangle >= 0, depth[triangles[seen.triangle, 0]], np.inf)
        assert np.array_equal(owner, seen.depth)


def test_a_plane_is_itself_through_any_triangles() -> None:
    """Depth and what is blended are linear, gapless and whole over a mesh of random triangles."""
    rng = np.random.default_rng(4)
    inner = rng.uniform(5, 55, (60, 2))
    pixels = np.concatenate([inner, _square(3.5, 3.5, 53)])
    plane = 1000 + 2.5 * pixels[:, 0] - 1.25 * pixels[:, 1]
    triangles = np.asarray(Delaunay(pixels).simplices, dtype=np.int64)
    seen = visible(pixels, plane, triangles, 60, 60)
    y, x = np.mgrid[:60, :60] + 0.5
    inside = (x > 3.5) & (x < 56.5) & (y > 3.5) & (y < 56.5)
    assert np.isfinite(seen.depth[inside]).all()
    assert np.allclose(seen.depth[inside], (1000 + 2.5 * x - 1.25 * y)[inside])
    blended = seen.blend(triangles, np.stack([pixels[:, 0], pixels[:, 1], np.ones(len(pixels))], -1))
    assert np.abs(blended[inside] - np.stack([x, y, np.ones_like(x)], -1)[inside]).max() < 1e-3
    assert (blended[np.isinf(seen.depth)] == 0).all()


def test_what_lies_beside_the_picture_or_has_no_area_is_left_out() -> None:
    pixels = np.concatenate([_square(-30, -30, 10), _square(-5, -5, 10), [[10, 10], [20, 10], [30, 10]]])
    triangles = np.concatenate([SQUARE, SQUARE + 4, [[8, 9, 10]]])
    seen = visible(pixels, np.full(len(pixels), 900.0), triangles, 32, 32)
    wanted = np.zeros((32, 32), bool)
    wanted[:5, :5] = True
    assert np.array_equal(np.isfinite(seen.depth), wanted)


def test_a_material_is_never_a_mixture() -> None:
    pixels = _square(0, 0, 16)
    seen = visible(pixels, np.full(4, 900.0), SQUARE, 16, 16)
    kinds = seen.nearest(SQUARE, np.array([0.0, 2.0, 2.0, 0.0]))
    assert set(np.unique(kinds)) == {0.0, 2.0}
    assert (kinds[:, :5] == 0).all()
    assert (kinds[:, -5:] == 2).all()


def test_normals_point_outward() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
    outward = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    normals = vertex_normals(vertices, outward)
    middle = vertices.mean(0)
    assert (np.einsum("ij,ij->i", normals, vertices - middle) > 0).all()
    assert np.allclose(np.linalg.norm(normals, axis=1), 1)
