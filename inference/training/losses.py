"""What training lowers."""

import torch
from torch import Tensor
from torch.nn import functional


def weighted_mse(heatmaps: Tensor, targets: Tensor, known: Tensor, foreground_weight: float) -> Tensor:
    """Mean squared error in which a cell at a landmark counts `1 + foreground_weight` times.

    `heatmaps`, `targets`: (B, points, h, w); `known`: (B, points), 0 for points that were not placed, which
    count nothing. Without the weight an empty map is a deep valley (pi sigma^2 / h w) that training rests in.
    """
    weight = (1 + foreground_weight * targets) * known[:, :, None, None]
    total: Tensor = (weight * (heatmaps - targets) ** 2).sum()
    cells = heatmaps.shape[2] * heatmaps.shape[3]
    return total / (known.sum().clamp(min=1) * cells)


def critic_loss(real: Tensor, made: Tensor) -> Tensor:
    """What a least-squares discriminator lowers: real patches towards 1, made ones towards 0.

    Mao et al., Least Squares Generative Adversarial Networks, ICCV 2017, equation 9, halved as pix2pix does.
    """
    return 0.5 * (((real - 1) ** 2).mean() + (made**2).mean())


def deceit_loss(made: Tensor) -> Tensor:
    """What a generator lowers against it: made patches towards 1."""
    return ((made - 1) ** 2).mean()


def masked_l1(made: Tensor, real: Tensor, inside: Tensor) -> Tensor:
    """The mean absolute difference where the real film is; all (B, 1, H, W), `inside` 0 or 1."""
    return ((made - real).abs() * inside).sum() / inside.sum().clamp(min=1)


def jointly_changed(pictures: Tensor, films: int = 1) -> Tensor:
    """(B, C, H, W), of which the last `films` channels are films: shifted, cut and toned at random.

    Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, NeurIPS 2020: a shift of up to
    an eighth of each side and a cut of half of each side for the input and its film together, brightness and
    contrast for the film alone, whose levels mean nothing to the input. Random numbers are torch's own, so
    two calls with one seed change two batches alike.
    """
    batch, _, height, width = pictures.shape
    parts = torch.rand(6, batch, 1, 1, 1, device=pictures.device)
    seen, film = pictures[:, :-films], pictures[:, -films:]
    film = film + (parts[0] - 0.5)
    middle = film.mean(dim=(1, 2, 3), keepdim=True)
    pictures = torch.cat([seen, (film - middle) * (parts[1] + 0.5) + middle], dim=1)
    columns = torch.arange(width, device=pictures.device)[None, None, None, :]
    rows = torch.arange(height, device=pictures.device)[None, None, :, None]
    across, down = width // 8, height // 8
    padded = functional.pad(pictures, (across, across, down, down))
    left, top = (parts[2] * (2 * across + 1)).long(), (parts[3] * (2 * down + 1)).long()
    index = ((rows + top) * (width + 2 * across) + columns + left).expand(-1, pictures.shape[1], -1, -1)
    shifted = padded.flatten(2).gather(2, index.flatten(2)).view_as(pictures)
    cut_left = (parts[4] * (width + 1)).long() - width // 4
    cut_top = (parts[5] * (height + 1)).long() - height // 4
    beside = (columns < cut_left) | (columns >= cut_left + width // 2)
    beyond = (rows < cut_top) | (rows >= cut_top + height // 2)
    return shifted * (beside | beyond)
