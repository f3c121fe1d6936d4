"""Closed triangle meshes and the few ways this package builds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from inference.phantom.morphometry import Floats

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Mesh:
    """A closed surface: ``vertices`` (V, 3) in mm, ``triangles`` (T, 3) wound outward, ``weight`` (T,).

    The weight is what one mm inside adds to a ray's line integral (1/mm of attenuation, say).
    """

    vertices: Floats
    triangles: Indices
    weight: Floats

    def moved(self, vertices: Floats) -> "Mesh":
        """The same mesh with other vertex positions (V, 3)."""
        return Mesh(vertices, self.triangles, self.weight)

    def weighted(self, weight: float) -> "Mesh":
        """The same mesh with one weight for all of it."""
        return Mesh(self.vertices, self.triangles, np.full(len(self.triangles), weight))

    def scaled(self, factor: float) -> "Mesh":
        """The same mesh with ``factor`` times the weight."""
        return Mesh(self.vertices, self.triangles, self.weight * factor)


def signed_volume_mm3(vertices: Floats, triangles: Indices) -> float:
    """Volume enclosed, positive when the triangles are wound outward."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a - vertices[0], cross(b - a, c - a)) / 6.0)


def cross(a: Floats, b: Floats) -> Floats:
    """The cross products of (n, 3) and (n, 3); several times faster than numpy's for what is short."""
    out = np.empty_like(a)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(a[:, j], b[:, k], out=out[:, i])
        out[:, i] -= a[:, k] * b[:, j]
    return out


def closed(vertices: Floats, triangles: Indices, weight: float) -> Mesh:
    """Wrap arrays as a Mesh, turning the triangles outward if they are not."""
    if signed_volume_mm3(vertices, triangles) < 0:
        triangles = triangles[:, ::-1]
    return Mesh(vertices, triangles, np.full(len(triangles), weight))


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    offsets = np.cumsum([0, *(len(m.vertices) for m in meshes[:-1])])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.triangles + o for m, o in zip(meshes, offsets, strict=True)]),
        np.concatenate([m.weight for m in meshes]),
    )


@cache
def loft_triangles(rings: int, around: int) -> Indices:
    """Triangles of ``rings`` closed rings of ``around`` points, and of two end caps.

    Vertices are numbered ring by ring, then the centre of the first cap, then of the last. The array is
    shared: do not write to it.
    """
    r, k = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    nxt = (k + 1) % around
    a, b = r * around + k, r * around + nxt
    c, d = a + around, b + around
    sides = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    ring = np.arange(around)
    first = np.stack([np.full(around, rings * around), (ring + 1) % around, ring], -1)
    base = (rings - 1) * around
    last = np.stack([np.full(around, rings * around + 1), base + ring, base + (ring + 1) % around], -1)
    return np.concatenate([sides, first, last]).astype(np.int64)


def loft(rings: Floats, weight: float) -> Mesh:
    """Skin over ``rings`` (R, N, 3), closed by flat caps at both ends."""
    count, around = rings.shape[:2]
    vertices = np.concatenate([rings.reshape(-1, 3), rings[[0, -1]].mean(1)])
    return closed(vertices, loft_triangles(count, around), weight)


def tube(path: Floats, wide: Floats, high: Floats, normal: Floats, weight: float, around: int = 12) -> Mesh:
    """A tube along ``path`` (P, 3) with elliptic sections.

    ``normal`` (P, 3) or (3,) is the direction of the half axis ``wide`` (P,); ``high`` (P,) lies across it.
    """
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.broadcast_to(normal, path.shape)
    side = side - np.einsum("ij,ij->i", side, tangent)[:, None] * tangent
    side = side / np.linalg.norm(side, axis=1, keepdims=True)
    over = cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    offset = side[:, None] * (wide[:, None] * np.cos(angle))[..., None]
    offset = offset + over[:, None] * (high[:, None] * np.sin(angle))[..., None]
    return loft(path[:, None] + offset, weight)


def ellipsoid(centre: Floats, radii: Floats, weight: float, rings: int = 9, around: int = 16) -> Mesh:
    """An axis-parallel ellipsoid; move its vertices to turn it."""
    polar = np.linspace(0.04, np.pi - 0.04, rings)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    unit = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(angle),
            np.broadcast_to(-np.cos(polar)[:, None], (rings, around)),
            np.sin(polar)[:, None] * np.sin(angle),
        ],
        -1,
    )
    return loft(np.asarray(centre) + unit * np.asarray(radii), weight)
