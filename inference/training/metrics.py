"""What training reports: how far points are off, in pixels of the image as stored and in mm; the map's error.

Millimetres are given where the run folder's spec says how large a pixel is (`mm_per_px`, by image).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.networks import heatmaps
from inference.networks.pictures import apply
from inference.training.dataset import Batch

Maps = NDArray[np.float32]
_QUANTILES = {"median": 50, "p90": 90, "p95": 95}
ALPHAS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)


def share_within(errors_px: NDArray[np.float64], reference_px: NDArray[np.float64]) -> dict[str, float]:
    """The share of points nearer to the truth than each alpha of a length of their own: PCK, PDJ.

    `errors_px` (images, points), NaN where there is no truth; `reference_px` (images,). Yang, Ramanan, TPAMI
    2013 (PCK) and Sapp, Taskar, CVPR 2013 (PDJ) differ in that length only. Here it is the diagonal of the
    box about the image's true points, which every schema has; seed 001 takes the trunk's, at alpha 0.2.
    """
    shares = errors_px / reference_px[:, None]
    known = shares[np.isfinite(shares)]
    return {f"{alpha:g}": float((known <= alpha).mean()) for alpha in ALPHAS} if known.size else {}


@dataclass
class Scores:
    """Collects predictions of one split, batch by batch."""

    point_names: list[str]
    errors_px: list[NDArray[np.float64]] = field(default_factory=list)
    reference_px: list[float] = field(default_factory=list)
    mm_per_px: list[float] = field(default_factory=list)
    squared: float = 0.0
    squared_empty: float = 0.0
    cells: int = 0
    losses: list[tuple[float, int]] = field(default_factory=list)

    def add(self, batch: Batch, maps: Maps, loss: float, stride: int) -> None:
        """One batch: `maps` (B, points, h, w) as the network gave them."""
        targets, known = batch.targets.numpy(), batch.known.numpy().astype(bool)
        self.losses.append((loss, len(maps)))
        self.squared += float(((maps - targets) ** 2)[known].sum())
        self.squared_empty += float((targets**2)[known].sum())
        self.cells += int(known.sum()) * maps.shape[2] * maps.shape[3]
        for one, points, back in zip(maps, batch.points_px, batch.image_from_square, strict=True):
            truth = apply(back, points)
            found = apply(back, heatmaps.read(one, stride)[0])
            self.errors_px.append(np.linalg.norm(found - truth, axis=1))
            known = truth[np.isfinite(truth).all(axis=1)]
            self.reference_px.append(float(np.linalg.norm(np.ptp(known, axis=0))) if len(known) else np.nan)
        self.mm_per_px.extend(batch.mm_per_px)

    def loss(self) -> float:
        """The mean loss over cases."""
        return sum(loss * n for loss, n in self.losses) / max(sum(n for _, n in self.losses), 1)

    def summary(self) -> dict[str, float]:
        """Flat figures: error quantiles over all points; heatmap MSE beside that of an empty map."""
        table = np.array(self.errors_px).reshape(len(self.errors_px), -1)
        errors = table[np.isfinite(table)]
        if not errors.size:
            return {"images": len(self.errors_px), "points": 0}
        mm = (table * np.array(self.mm_per_px)[:, None]).ravel()
        mm = mm[np.isfinite(mm)]
        return {
            "images": len(self.errors_px),
            "points": int(errors.size),
            "loss": self.loss(),
            "error_px_mean": float(errors.mean()),
            **{f"error_px_{name}": float(np.percentile(errors, q)) for name, q in _QUANTILES.items()},
            **{f"error_mm_{name}": float(np.percentile(mm, q)) for name, q in _QUANTILES.items() if mm.size},
            "heatmap_mse": self.squared / self.cells,
            "heatmap_mse_of_empty_map": self.squared_empty / self.cells,
        }

    def by_point(self) -> dict[str, float]:
        """The median error of each point that was placed at least once, in px."""
        table = np.array(self.errors_px).reshape(-1, len(self.point_names))
        return {
            name: float(np.nanmedian(column))
            for name, column in zip(self.point_names, table.T, strict=True)
            if np.isfinite(column).any()
        }

    def curve(self) -> dict[str, float]:
        """The share of points within each alpha of their image's own size; see `share_within`."""
        if not self.errors_px:
            return {}
        return share_within(np.stack(self.errors_px), np.array(self.reference_px))
