"""How like a real film a synthetic one is, as published and as it can be believed.

Films are (h, w) uint8 in one frame; `inside` says where the real one has pixels: beyond it nothing is
compared. None of these figures proves anatomy. The histogram intersection of a film with its mirror image is
1, of films of two people 0.64 on average: it is given for comparison with the report of 2020, whose hash is
not named, so all three usual ones are. What counts is what can be measured on the film; see `experiments`.
"""

from dataclasses import dataclass, field

import cv2
import imagehash
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

Film = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Wang, Simoncelli, Bovik 2003 weigh five scales; the fifth needs sides above 160 px. Four, as they are to one
# another.
_FIVE = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SCALES = tuple(weight / sum(_FIVE[:4]) for weight in _FIVE[:4])
LEAST_SIDE_PX = 99  # for four scales of an 11 px window, in torchmetrics
_HASHES = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
}
_FEATURE_SIZE = (16, 32)


def histogram_intersection(real: Film, made: Film, inside: Mask) -> float:
    """The common part of the two shares of pixels per level, 0..1 (Swain, Ballard 1991), 256 levels."""
    shares = [np.bincount(film[inside], minlength=256) / max(int(inside.sum()), 1) for film in (real, made)]
    return float(np.minimum(*shares).sum())


def hash_distances(real: Film, made: Film, inside: Mask) -> dict[str, int]:
    """Bits of 64 that differ, by average, difference and perceptual hash (ImageHash's)."""
    pictures = [Image.fromarray(np.where(inside, film, 0).astype(np.uint8)) for film in (real, made)]
    return {name: int(of(pictures[0]) - of(pictures[1])) for name, of in _HASHES.items()}


def ms_ssim(real: Film, made: Film, inside: Mask) -> float:
    """Multi-scale structural similarity on four scales; sides of at least `LEAST_SIDE_PX`."""
    pair = [
        torch.from_numpy(np.where(inside, film, 0).astype(np.float32))[None, None] for film in (real, made)
    ]
    value = multiscale_structural_similarity_index_measure(
        pair[1], pair[0], data_range=255.0, betas=SCALES, normalize="relu"
    )
    return float(value)


def kernel_distance(real: NDArray[np.float64], made: NDArray[np.float64]) -> float:
    """The unbiased squared maximum mean discrepancy under the kernel (x.y / d + 1)^3, of features (n, d).

    Binkowski et al., Demystifying MMD GANs, ICLR 2018, section 4: KID, when the features are those of an
    Inception network. It may be below zero for sets that do not differ. Needs two of each.
    """
    n, m, d = len(real), len(made), real.shape[1]

    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((a @ b.T / d + 1) ** 3)

    within_real, within_made = kernel(real, real), kernel(made, made)
    return float(
        (within_real.sum() - np.trace(within_real)) / (n * (n - 1))
        + (within_made.sum() - np.trace(within_made)) / (m * (m - 1))
        - 2 * kernel(real, made).mean()
    )


def film_features(film: Film) -> NDArray[np.float64]:
    """16 x 32 mean levels of a film, in [-1, 1]: the features of `kernel_distance` here.

    An Inception network knows photographs and its weights do not come with this program.
    """
    small = cv2.resize(film, _FEATURE_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float64).ravel() / 127.5 - 1


@dataclass
class FilmScores:
    """Collects pairs of real and synthetic films of one split."""

    rows: list[dict[str, float]] = field(default_factory=list)
    real: list[NDArray[np.float64]] = field(default_factory=list)
    made: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, real: Film, made: Film, inside: Mask) -> None:
        difference = np.abs(real.astype(np.float64) - made)[inside]
        self.rows.append(
            {
                "l1": float(difference.mean() / 255) if difference.size else 0.0,
                "histogram_intersection": histogram_intersection(real, made, inside),
                **hash_distances(real, made, inside),
                "ms_ssim": ms_ssim(real, made, inside),
            }
        )
        self.real.append(film_features(np.where(inside, real, 0).astype(np.uint8)))
        self.made.append(film_features(np.where(inside, made, 0).astype(np.uint8)))

    def loss(self) -> float:
        """What the best epoch has least of: 1 - MS-SSIM."""
        return 1 - float(np.mean([row["ms_ssim"] for row in self.rows]))

    def summary(self) -> dict[str, float]:
        """The mean of each figure over the films, and the distance between the two sets."""
        means = {name: float(np.mean([row[name] for row in self.rows])) for name in self.rows[0]}
        if len(self.rows) > 1:
            means["kernel_distance_16x32"] = kernel_distance(np.stack(self.real), np.stack(self.made))
        return {"images": len(self.rows), **means}
