"""What training lowers."""

import torch
from torch import Tensor
from torch.nn import functional

# So many degrees count as much as a pixel.
_DEG_PER_PX = 4.0


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


def column_loss(found_px: Tensor, true_px: Tensor, size: tuple[int, int]) -> Tensor:
    """How far corners (B, 68, 2) in a frame of `size` (width, height) are off: in 1/256 of its height, and
    the endplates' tilts and the angle between the two that lean furthest apart in `_DEG_PER_PX` degrees.

    The angle has a term of its own because least squares of places rather keep a column straight: what is
    uncertain is then drawn as its mean.
    """
    found, true = (_upright(corners, size) for corners in (found_px, true_px))
    places = functional.smooth_l1_loss(found, true)
    tilts, true_tilts = column_tilts_deg(found_px, size), column_tilts_deg(true_px, size)
    tilt = (tilts - true_tilts).abs().mean()
    angle = (_span(tilts) - _span(true_tilts)).abs().mean()
    return places + (tilt + angle) / _DEG_PER_PX


def column_tilts_deg(corners_px: Tensor, size: tuple[int, int]) -> Tensor:
    """The tilts (B, 34) of the endplates of T1 to L5 from above, in degrees."""
    vertebrae = _upright(corners_px, size).view(len(corners_px), -1, 4, 2)  # TL, TR, BL, BR
    along = (vertebrae[:, :, 1::2] - vertebrae[:, :, 0::2]).flatten(1, 2)
    return torch.rad2deg(torch.atan2(along[..., 1], along[..., 0]))


def _upright(corners_px: Tensor, size: tuple[int, int]) -> Tensor:
    """Corners in 1/256 of the frame's height, both ways: a frame is half as wide as high, whatever its
    pixels."""
    return corners_px * torch.tensor([128 / size[0], 256 / size[1]], device=corners_px.device)


def _span(tilts_deg: Tensor) -> Tensor:
    return tilts_deg.amax(dim=1) - tilts_deg.amin(dim=1)


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
