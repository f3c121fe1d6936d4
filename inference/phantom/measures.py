"""What can be measured alike on phantom and real films, from the picture and its 68 corners.

A film here is seen from behind (the patient's right at the image's right), grey 0..255, bone bright; corners
are (17, 4, 2): T1..L5, each TL TR BL BR, in pixels, (0, 0) at the outer corner of the first.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from annotation.spine.cobb import find_curves
from inference.phantom.morphometry import LABELLED, Floats

LEVELS: Final = LABELLED[1:]
COLUMN_PX: Final = 900
"""Every film is brought to this length of the column, so that resolution compares."""
REACH: Final = 0.35
"""Edge profiles run this share of a vertebra's mean height to either side of the edge."""
STEPS: Final = 29
PATCH_PX: Final = 128
THORACIC: Final = 12


@dataclass(frozen=True)
class Sample:
    """One film: a picture (h, w) and its corners (17, 4, 2)."""

    grey: Floats
    corners: Floats


@dataclass(frozen=True)
class Shape:
    """major_deg: the largest Cobb angle, 0 without a curve; apex: its level, 0 = T1; right: its side;
    curves: how many; width, height, disc: (17,) or (16,) as shares of the length of the column."""

    major_deg: float
    apex: float
    right: bool
    curves: int
    width: Floats
    height: Floats
    disc: Floats


def shape_of(corners: Floats) -> Shape:
    """Raises ValueError where the corners are no column (an endplate collapsed, corners swapped)."""
    curves = find_curves(corners, LEVELS, patient_right_at_image_right=True)
    major = max(curves, key=lambda curve: abs(curve.angle_deg), default=None)
    upper, lower = corners[:, :2].mean(1), corners[:, 2:].mean(1)
    height = np.linalg.norm(lower - upper, axis=1)
    disc = np.linalg.norm(upper[1:] - lower[:-1], axis=1)
    width = np.linalg.norm(corners[:, [1, 3]] - corners[:, [0, 2]], axis=2).mean(1)
    column = height.sum() + disc.sum()
    return Shape(
        major_deg=abs(major.angle_deg) if major else 0.0,
        apex=_place(major.apex_level) if major else np.nan,
        right=bool(major and major.side == "right"),
        curves=len(curves),
        width=width / column,
        height=height / column,
        disc=disc / column,
    )


def _place(level: str) -> float:
    """T8 -> 7, the disc T8/T9 -> 7.5."""
    return float(np.mean([LEVELS.index(name) for name in level.split("/")]))


def normalised(sample: Sample) -> Sample:
    """The same film with a column of COLUMN_PX."""
    centres = sample.corners.mean(1)
    scale = COLUMN_PX / np.linalg.norm(np.diff(centres, axis=0), axis=1).sum()
    size = (max(int(sample.grey.shape[1] * scale), 2), max(int(sample.grey.shape[0] * scale), 2))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(sample.grey.astype(np.float32), size, interpolation=how)
    return Sample(np.asarray(grey, np.float64), sample.corners * scale)


def histogram(sample: Sample) -> Floats:
    """(64,) shares of the grey levels in the box of the column and half its width to either side."""
    low, high = sample.corners.reshape(-1, 2).min(0), sample.corners.reshape(-1, 2).max(0)
    aside = 0.12 * COLUMN_PX
    rows = slice(max(int(low[1]), 0), max(int(high[1]), 1))
    columns = slice(max(int(low[0] - aside), 0), max(int(high[0] + aside), 1))
    counts, _ = np.histogram(sample.grey[rows, columns], 64, (0, 256))
    return np.asarray(counts / max(counts.sum(), 1))


def edge_profiles(sample: Sample) -> Floats:
    """(17, 4, STEPS): grey across the upper endplate, the lower, the left wall, the right; outside first.

    Each is the mean over the middle half of the edge, sampled along its outward normal.
    """
    c = sample.corners
    reach = REACH * np.linalg.norm(c[:, :2].mean(1) - c[:, 2:].mean(1), axis=1).mean()
    offset = np.linspace(reach, -reach, STEPS)
    middle = c.mean(1)
    profiles = []
    for a, b in ((0, 1), (2, 3), (0, 2), (1, 3)):
        along = c[:, b] - c[:, a]
        normal = np.stack([along[:, 1], -along[:, 0]], -1) / np.linalg.norm(along, axis=1, keepdims=True)
        outward = np.sign(np.einsum("nk,nk->n", 0.5 * (c[:, a] + c[:, b]) - middle, normal))
        normal *= outward[:, None]
        share = np.linspace(0.25, 0.75, 9)[None, :, None, None]
        places = c[:, a, None, None] + share * along[:, None, None]
        places = places + offset[None, None, :, None] * normal[:, None, None]
        values = map_coordinates(
            sample.grey, [places[..., 1] - 0.5, places[..., 0] - 0.5], order=1, mode="nearest"
        )
        profiles.append(values.mean(1))
    return np.stack(profiles, 1)


def edge_contrast(profiles: Floats) -> Floats:
    """(4,): grey inside an edge less grey outside, for thoracic endplates and walls, lumbar ones.

    Inside and outside are the parts of the profile 0.1 to 0.3 of a height from the edge.
    """
    offset = np.linspace(REACH, -REACH, STEPS)
    beyond, within = (offset > 0.1) & (offset < 0.3), (offset < -0.1) & (offset > -0.3)
    step = profiles[..., within].mean(-1) - profiles[..., beyond].mean(-1)
    upper, lower = step[:THORACIC], step[THORACIC:]
    return np.array([upper[:, :2].mean(), upper[:, 2:].mean(), lower[:, :2].mean(), lower[:, 2:].mean()])


def spectrum(sample: Sample) -> Floats:
    """(PATCH_PX / 2 - 1,): log10 power over frequency (cycles per patch), of patches on the vertebrae.

    Patches are windowed and brought to unit deviation, so that only the shares of the scales count.
    """
    window = np.outer(np.hanning(PATCH_PX), np.hanning(PATCH_PX))
    fy, fx = np.meshgrid(np.fft.fftfreq(PATCH_PX), np.fft.fftfreq(PATCH_PX), indexing="ij")
    ring = np.rint(np.hypot(fx, fy) * PATCH_PX).astype(int)
    counts = np.bincount(ring.ravel())
    total, found = np.zeros(PATCH_PX // 2 - 1), 0
    half = PATCH_PX // 2
    for x, y in sample.corners.mean(1).astype(int):
        patch = sample.grey[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
        if patch.shape != (PATCH_PX, PATCH_PX) or patch.std() < 1e-6:
            continue
        power = np.abs(np.fft.fft2((patch - patch.mean()) / patch.std() * window)) ** 2
        total += (np.bincount(ring.ravel(), power.ravel()) / counts)[1 : PATCH_PX // 2]
        found += 1
    return np.log10(np.maximum(total / max(found, 1), 1e-12))
