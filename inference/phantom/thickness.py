"""Exact line integrals through closed meshes, for every pixel of a film at once.

A ray's path inside a closed surface is the sum over the triangles it meets of depth, positive where it leaves
and negative where it enters. In the projected plane each triangle is a linear function over its outline,
so each edge adds, on each row it crosses, one step of that function to a difference image; one running sum
along the rows gives the integral of everything. The work grows with the height of the edges, not with
the area of the triangles. (The accumulation idea is that of font rasterisers such as font-rs.)
"""

from dataclasses import replace

import numpy as np

from inference.phantom.film import Film
from inference.phantom.mesh import Mesh
from inference.phantom.morphometry import Floats
from inference.phantom.surface import visible

LEAST_AREA_PX2 = 1e-7


def line_integrals(mesh: Mesh, film: Film) -> Floats:
    """Sum over the mesh's parts of weight times path length in mm: (height, width), at pixel centres."""
    pixels = film.project(mesh.vertices)
    depth = film.from_body(mesh.vertices)[:, 2]
    depth = depth - depth.mean()
    steps = _accumulate(pixels, depth, mesh, film.width, film.height)
    column = np.arange(film.width) + 0.5
    sums = np.cumsum(steps[..., :-1], axis=2)
    return np.asarray((sums[0] + sums[1] * column) * obliquity(film))


def skin_maps(skin: Mesh, film: Film) -> tuple[Floats, Floats]:
    """Of a body of weight 1 per mm, on the film's grid at half its size: path inside along each ray, and
    distance of the first skin from the plane of the source; (height / 2, width / 2) mm, 0 beside the body.
    """
    small = replace(film, spacing_mm=2 * film.spacing_mm, width=film.width // 2, height=film.height // 2)
    ahead = film.from_body(skin.vertices)[:, 2] - film.source_mm[2]
    seen = visible(small.project(skin.vertices), ahead, skin.triangles, small.width, small.height)
    through = np.maximum(line_integrals(skin, small), 0.0)
    return through, np.where(np.isfinite(seen.depth), seen.depth, 0.0)


def obliquity(film: Film) -> Floats:
    """(height, width): how much longer a slanted ray is than its depth."""
    cx, cy = film.centre_px
    x = (np.arange(film.width) + 0.5 - cx) / film.focal_px
    y = (np.arange(film.height) + 0.5 - cy) / film.focal_px
    return np.asarray(np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2))


def _accumulate(pixels: Floats, depth: Floats, mesh: Mesh, width: int, height: int) -> Floats:
    """Difference images (2, height, width + 1) of the constant and the slope of all triangles' planes."""
    corner, z = pixels[mesh.triangles], depth[mesh.triangles]
    d1, d2 = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    top, bottom = corner[..., 1].min(1), corner[..., 1].max(1)
    keep = (np.abs(area) > LEAST_AREA_PX2) & (bottom > 0.5) & (top < height)
    corner, z, area, d1, d2 = corner[keep], z[keep], area[keep], d1[keep], d2[keep]
    z1, z2 = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    weight = mesh.weight[keep]
    a = weight * (z1 * d2[:, 1] - z2 * d1[:, 1]) / area
    b = weight * (z2 * d1[:, 0] - z1 * d2[:, 0]) / area
    c = weight * z[:, 0] - a * corner[:, 0, 0] - b * corner[:, 0, 1]
    total = np.zeros((2, height * (width + 1)))
    for k in range(3):
        start, stop = corner[:, k], corner[:, (k + 1) % 3]
        cell, row, face, sign = _crossings(start, stop, width, height)
        y = row + 0.5
        total[0] += np.bincount(cell, sign * (b[face] * y + c[face]), minlength=total.shape[1])
        total[1] += np.bincount(cell, sign * a[face], minlength=total.shape[1])
    return total.reshape(2, height, width + 1)


def _crossings(start: Floats, stop: Floats, width: int, height: int) -> tuple[np.ndarray, ...]:
    """All (edge, row) meetings: cell of the difference image, row, edge index, -1 down or +1 up."""
    down = stop[:, 1] > start[:, 1]
    upper, lower = np.where(down[:, None], start, stop), np.where(down[:, None], stop, start)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(lower[:, 1] - 0.5), 0, height).astype(np.int64) - first
    face = np.repeat(np.arange(len(start)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[face]
    slope = (lower[:, 0] - upper[:, 0]) / np.where(lower[:, 1] > upper[:, 1], lower[:, 1] - upper[:, 1], 1.0)
    x = upper[face, 0] + (row + 0.5 - upper[face, 1]) * slope[face]
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
    return row * (width + 1) + column, row, face, np.where(down[face], -1.0, 1.0)
