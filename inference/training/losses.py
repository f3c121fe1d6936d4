"""What training lowers."""

from torch import Tensor


def weighted_mse(heatmaps: Tensor, targets: Tensor, known: Tensor, foreground_weight: float) -> Tensor:
    """Mean squared error in which a cell at a landmark counts `1 + foreground_weight` times.

    `heatmaps`, `targets`: (B, points, h, w); `known`: (B, points), 0 for points that were not placed, which
    count nothing. Without the weight an empty map is a deep valley (pi sigma^2 / h w) that training rests in.
    """
    weight = (1 + foreground_weight * targets) * known[:, :, None, None]
    total: Tensor = (weight * (heatmaps - targets) ** 2).sum()
    cells = heatmaps.shape[2] * heatmaps.shape[3]
    return total / (known.sum().clamp(min=1) * cells)
