"""What a camera sees of a mesh: nearest depth, which triangle, and where in it, for every pixel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.phantom.mesh import Indices
from inference.phantom.morphometry import Floats

EDGE = 1e-9


@dataclass(frozen=True)
class Visible:
    """depth (h, w), inf where nothing is; triangle (h, w), -1 there; weights (h, w, 3) of its corners."""

    depth: Floats
    triangle: NDArray[np.int64]
    weights: Floats

    def blend(self, triangles: Indices, values: Floats) -> Floats:
        """Per-vertex values (V, c) interpolated at each pixel: (h, w, c); zero where nothing is seen."""
        seen = self.triangle >= 0
        out = np.zeros((*self.depth.shape, values.shape[1]))
        corner = values[triangles[self.triangle[seen]]]
        out[seen] = np.einsum("nk,nkc->nc", self.weights[seen], corner)
        return out

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
    nearest = np.full(height * width, np.inf)
    owner = np.full(height * width, -1, dtype=np.int64)
    weights = np.zeros((height * width, 3))
    cell, face, share, z = _samples(pixels, depth, triangles, width, height)
    np.minimum.at(nearest, cell, z)
    first = z <= nearest[cell]
    owner[cell[first]], weights[cell[first]] = face[first], share[first]
    return Visible(
        nearest.reshape(height, width), owner.reshape(height, width), weights.reshape(height, width, 3)
    )


def _samples(
    pixels: Floats, depth: Floats, triangles: Indices, width: int, height: int
) -> tuple[Indices, Indices, Floats, Floats]:
    """Every (pixel centre, triangle) pair with the centre inside: cell, triangle, weights, depth."""
    corner = pixels[triangles]
    limit = np.array([width, height], dtype=np.float64)
    low = np.clip(np.ceil(corner.min(1) - 0.5), 0, limit)
    high = np.clip(np.floor(corner.max(1) - 0.5) + 1, 0, limit)
    size = np.nan_to_num(np.maximum(high - low, 0)).astype(np.int64)
    count = size[:, 0] * size[:, 1]
    face = np.repeat(np.arange(len(triangles)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    row, column = np.divmod(place, size[face, 0])
    start = np.nan_to_num(low).astype(np.int64)
    column, row = column + start[face, 0], row + start[face, 1]
    share = _barycentric(corner, face, column + 0.5, row + 0.5)
    inside = (share >= -EDGE).all(1)
    face, share = face[inside], share[inside]
    z = np.einsum("nk,nk->n", share, depth[triangles[face]])
    return row[inside] * width + column[inside], face, share, z


def _barycentric(corner: Floats, face: Indices, x: Floats, y: Floats) -> Floats:
    a = corner[:, 0]
    d1, d2 = corner[:, 1] - a, corner[:, 2] - a
    area = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    safe = np.where(np.abs(area) > 1e-12, area, np.inf)
    # Each weight is linear in x and y: coefficients per triangle, then one line per sample.
    to_second = np.stack([d2[:, 1] / safe, -d2[:, 0] / safe], -1)
    to_third = np.stack([-d1[:, 1] / safe, d1[:, 0] / safe], -1)
    start = np.stack([-(to_second * a).sum(1), -(to_third * a).sum(1)], -1)
    second = to_second[face, 0] * x + to_second[face, 1] * y + start[face, 0]
    third = to_third[face, 0] * x + to_third[face, 1] * y + start[face, 1]
    share = np.empty((len(face), 3))
    share[:, 0], share[:, 1], share[:, 2] = 1 - second - third, second, third
    share[np.isinf(safe)[face], 0] = -1.0
    return share


def vertex_normals(vertices: Floats, triangles: Indices) -> Floats:
    """Unit normals (V, 3), outward for triangles wound outward, weighted by area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(face[:, k], 3), minlength=len(vertices)) for k in range(3)],
        -1,
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))
