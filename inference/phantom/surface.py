"""What a camera sees of a mesh: nearest depth, which triangle, and where in it, for every pixel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.mesh import Indices, cross
from inference.phantom.morphometry import Floats

EDGE = 1e-9
LEAST_AREA_PX2 = 1e-12


@dataclass(frozen=True)
class Visible:
    """depth (h, w), inf where nothing is; triangle (h, w), -1 there; weights (h, w, 3) of its corners."""

    depth: Floats
    triangle: NDArray[np.int64]
    weights: NDArray[np.float32]

    def blend(self, triangles: Indices, values: Floats) -> NDArray[np.float32]:
        """Per-vertex values (V, c) interpolated at each pixel: (h, w, c); zero where nothing is seen."""
        # Where nothing is seen all three weights are zero, so any triangle will do.
        corners = np.take(triangles, np.maximum(self.triangle, 0).ravel(), axis=0)
        share, short = self.weights.reshape(-1, 3), values.astype(np.float32)
        mixed = np.take(short, corners[:, 0], axis=0) * share[:, :1]
        for k in (1, 2):
            mixed += np.take(short, corners[:, k], axis=0) * share[:, k : k + 1]
        return mixed.reshape(*self.depth.shape, values.shape[1])

    def nearest(self, triangles: Indices, values: Floats) -> Floats:
        """The value (h, w) of each pixel's nearest corner, of per-vertex values (V,); zero where nothing is
        seen. For what cannot be mixed, such as a material.
        """
        seen = self.triangle >= 0
        out = np.zeros(self.depth.shape)
        corner = self.weights[seen].argmax(1)
        out[seen] = values[triangles[self.triangle[seen], corner]]
        return out


def visible(pixels: Floats, depth: Floats, triangles: Indices, width: int, height: int) -> Visible:
    """Z-buffer of triangles with corners at ``pixels`` (V, 2) and ``depth`` (V,), sampled at pixel centres.

    Depth is linear in the image within a triangle, so triangles should span few pixels or little depth.
    """
    corner, z = pixels[triangles], depth[triangles]
    cell, face = _covered(corner, width, height)
    row, column = np.divmod(cell, width)
    slope_x, slope_y, start = _planes(corner, z)
    far = slope_x[face] * (column + 0.5) + slope_y[face] * (row + 0.5) + start[face]
    nearest = np.full(height * width, np.inf)
    np.minimum.at(nearest, cell, far)
    first = far <= nearest[cell]
    owner = np.full(height * width, -1, dtype=np.int64)
    owner[cell[first]] = face[first]
    weights = np.zeros((height * width, 3), np.float32)
    hit = np.flatnonzero(owner >= 0)
    weights[hit] = _weights(corner[owner[hit]], hit % width + 0.5, hit // width + 0.5)
    shape = (height, width)
    return Visible(nearest.reshape(shape), owner.reshape(shape), weights.reshape(*shape, 3))


def _covered(corner: Floats, width: int, height: int) -> tuple[Indices, Indices]:
    """Every (pixel centre, triangle) pair with the centre inside: its cell and the triangle's number.

    Row by row: a triangle meets each row of centres in one span, between two of its edges.
    """
    y = corner[..., 1]
    low = np.clip(np.ceil(y.min(1) - 0.5), 0, height)
    rows = np.clip(np.floor(y.max(1) - 0.5) + 1, 0, height) - low
    rows = np.nan_to_num(np.maximum(rows, 0)).astype(np.int64)
    face, row = _runs(rows, np.nan_to_num(low).astype(np.int64))
    left, right = np.full(len(face), np.inf), np.full(len(face), -np.inf)
    for k in range(3):
        a, b = corner[face, k], corner[face, (k + 1) % 3]
        rise = b[:, 1] - a[:, 1]
        share = (row + 0.5 - a[:, 1]) / np.where(rise == 0, np.inf, rise)
        meets = (rise != 0) & (share >= -EDGE) & (share <= 1 + EDGE)
        x = a[:, 0] + share * (b[:, 0] - a[:, 0])
        left = np.where(meets, np.minimum(left, x), left)
        right = np.where(meets, np.maximum(right, x), right)
    begin = np.clip(np.ceil(left - 0.5 - EDGE), 0, width)
    count = np.clip(np.floor(right - 0.5 + EDGE) + 1, 0, width) - begin
    span, column = _runs(np.maximum(count, 0).astype(np.int64), begin.astype(np.int64))
    return row[span] * width + column, face[span]


def _runs(count: Indices, start: Indices) -> tuple[Indices, Indices]:
    """For each i, count[i] whole numbers from start[i] on: i repeated, and the numbers."""
    owner = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, place + start[owner]


def _planes(corner: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """z = slope_x x + slope_y y + start over each triangle; infinite where it has no area."""
    d1, d2 = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    z1, z2 = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    area = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    flat = np.abs(area) <= LEAST_AREA_PX2
    area = np.where(flat, 1.0, area)
    slope_x = np.where(flat, 0.0, (z1 * d2[:, 1] - z2 * d1[:, 1]) / area)
    slope_y = np.where(flat, 0.0, (z2 * d1[:, 0] - z1 * d2[:, 0]) / area)
    start = z[:, 0] - slope_x * corner[:, 0, 0] - slope_y * corner[:, 0, 1]
    return slope_x, slope_y, np.where(flat, np.inf, start)


def _weights(corner: Floats, x: NDArray[np.floating], y: NDArray[np.floating]) -> Floats:
    """Barycentric weights (n, 3) of the points (x, y) in their triangles (n, 3, 2)."""
    d1, d2 = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    px, py = x - corner[:, 0, 0], y - corner[:, 0, 1]
    second, third = (px * d2[:, 1] - py * d2[:, 0]) / area, (py * d1[:, 0] - px * d1[:, 1]) / area
    return np.stack([1 - second - third, second, third], -1)


def vertex_normals(vertices: Floats, triangles: Indices) -> Floats:
    """Unit normals (V, 3), outward for triangles wound outward, weighted by area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = cross(b - a, c - a)
    total = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(face[:, k], 3), minlength=len(vertices)) for k in range(3)],
        -1,
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))
