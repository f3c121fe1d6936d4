"""Two small networks that read vertebrae: one finds the spine, one sees it straightened.

Ours. The finder looks at the whole film, small, and says per row where the column's middle lies and at which
level. Along that line the film is straightened into a strip (`inference.vertebrae.strip`), in which every
body lies upright and at high resolution, and the second network says where centres and corners are, how far
off they may be, how each endplate tilts and at which level each row lies. Heatmaps of centres with offsets to
corners follow Yi, Wu, Huang, Qu, Metaxas: Vertebra-Focused Landmark Detection for Scoliosis Assessment, ISBI
2020 (arXiv:2001.03187); the spreads beside each offset are those of a Laplace distribution (Kendall, Gal:
What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?, NeurIPS 2017).
"""

import torch
from torch import Tensor, nn

from inference.networks.spine_unet import SpineUNet
from inference.vertebrae.heads import (
    FINDER_CHANNELS,
    FINDER_OUTPUTS,
    HEATS,
    STRIP_CHANNELS,
    STRIP_OUTPUTS,
)

_RARE = -4.0
"""The first guess of a heat's logit: most cells have none."""


def _widths(stem: int) -> tuple[int, ...]:
    return stem, 2 * stem, 4 * stem, 6 * stem, 8 * stem


class Straightened(nn.Module):
    """`strip` (B, 2, 1024, 96) -> (B, 26, 256, 24); `finder` (B, 1, H, W) -> (B, 2, H / 4, W / 4); called
    with both inputs, both answers.

    `width` and `finder_width`: channels of the stems; the levels below have 2, 4, 6 and 8 times as many.
    What the channels mean is said in `inference.vertebrae.heads`.
    """

    def __init__(self, *, width: int, finder_width: int) -> None:
        super().__init__()
        self.finder = SpineUNet(
            channels=FINDER_CHANNELS, outputs=FINDER_OUTPUTS, widths=_widths(finder_width)
        )
        self.strip = SpineUNet(channels=STRIP_CHANNELS, outputs=STRIP_OUTPUTS, widths=_widths(width))
        with torch.no_grad():
            self.strip.state_dict()["head.1.bias"][HEATS] = _RARE

    def forward(self, strips: Tensor, films: Tensor) -> tuple[Tensor, Tensor]:
        return self.strip(strips), self.finder(films)
