"""U-Net for landmark heatmaps.

Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015
(arXiv:1505.04597), used for one heatmap per landmark as in Payer, Stern, Bischof, Urschler: Regressing
Heatmaps for Multiple Landmark Localization using CNNs, MICCAI 2016. Differences from the paper: convolutions
are padded, so that nothing is cropped; group normalisation (Wu, He 2018), so that a batch of two trains
like a batch of twenty; the decoder stops at the heatmap's stride; upsampling is bilinear.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5


def _block(inside: int, outside: int) -> nn.Sequential:
    """Two 3 x 3 convolutions, each normalised and rectified."""
    groups = 4 if outside % 4 == 0 else 1
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [
            nn.Conv2d(channels, outside, 3, padding=1, bias=False),
            nn.GroupNorm(groups, outside),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """(B, channels, H, W) -> (B, points, H / stride, W / stride); H and W multiples of 16.

    `width`: channels of the first level, doubled at each of the five, at most 256.
    """

    def __init__(self, *, channels: int, points: int, width: int, stride: int) -> None:
        super().__init__()
        widths = [min(width * 2**level, 256) for level in range(LEVELS)]
        top = {1: 0, 2: 1, 4: 2, 8: 3}[stride]
        self.down = nn.ModuleList(
            _block(inside, outside) for inside, outside in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(
            _block(widths[level + 1] + widths[level], widths[level])
            for level in range(LEVELS - 2, top - 1, -1)
        )
        self.head = nn.Conv2d(widths[top], points, 1)
        nn.init.normal_(self.head.weight, std=0.001)

    def forward(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            seen.append(x)
        for block, beside in zip(self.up, reversed(seen[:-1]), strict=False):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = block(torch.cat([x, beside], dim=1))
        heatmaps: Tensor = self.head(x)
        return heatmaps
