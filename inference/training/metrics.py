"""What training reports: how far points are off, in pixels of the stored image, and the heatmap's error."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.networks import heatmaps
from inference.networks.pictures import apply
from inference.training.dataset import Batch

Maps = NDArray[np.float32]


@dataclass
class Scores:
    """Collects predictions of one split, batch by batch."""

    point_names: list[str]
    errors_px: list[NDArray[np.float64]] = field(default_factory=list)
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
        for one, truth, back in zip(maps, batch.points_px, batch.image_from_square, strict=True):
            found, _ = heatmaps.read(one, stride)
            self.errors_px.append(np.linalg.norm(apply(back, found) - apply(back, truth), axis=1))

    def loss(self) -> float:
        """The mean loss over cases."""
        return sum(loss * n for loss, n in self.losses) / max(sum(n for _, n in self.losses), 1)

    def summary(self) -> dict[str, float]:
        """Flat figures: error quantiles over all points; heatmap MSE beside that of an empty map."""
        errors = np.array(self.errors_px).ravel()
        errors = errors[np.isfinite(errors)]
        if not errors.size:
            return {"images": len(self.errors_px), "points": 0}
        quantiles = {"median": 50, "p90": 90, "p95": 95}
        return {
            "images": len(self.errors_px),
            "points": int(errors.size),
            "loss": self.loss(),
            "error_px_mean": float(errors.mean()),
            **{f"error_px_{name}": float(np.percentile(errors, q)) for name, q in quantiles.items()},
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
