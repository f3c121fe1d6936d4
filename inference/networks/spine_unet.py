"""A small residual U-Net for films of the spine, with a view far along the column.

Ronneberger, Fischer, Brox: U-Net, MICCAI 2015 (arXiv:1505.04597), with the residual blocks of He, Zhang, Ren,
Sun: Deep Residual Learning, CVPR 2016. Ours: at the coarsest level the features are averaged across and
filtered along the rows, so that each vertebra sees half a dozen others above and below it; nothing finer
than a quarter of the input is computed but the stem, so that a film costs a second's fraction on two cores.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
MULTIPLE = 32
"""Heights and widths of inputs are multiples of this."""


def _convolution(inside: int, outside: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class _AlongColumn(nn.Module):
    """Adds to each row what the rows far above and below it hold: mean over columns, two long 1-d filters."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filters = nn.Sequential(
            nn.Conv1d(channels, channels, 9, padding=4),
            nn.ReLU(inplace=True),
            nn.Conv1d(channels, channels, 9, padding=4),
        )

    def forward(self, x: Tensor) -> Tensor:
        rows: Tensor = self.filters(x.mean(dim=3))
        return x + rows[..., None]


class SpineUNet(nn.Module):
    """(B, channels, H, W) -> (B, outputs, H / 4, W / 4); H and W multiples of 32.

    `widths`: channels of the stem at half size, then at 1/4, 1/8, 1/16 and 1/32 of the input.
    """

    def __init__(self, *, channels: int, outputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        stem, *levels = widths
        self.stem = nn.Sequential(
            _convolution(channels, stem, 5, 2), _convolution(stem, levels[0], 3, 2), _Residual(levels[0])
        )
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(inside, outside, 3, 2), _Residual(outside), _Residual(outside))
            for inside, outside in pairwise(levels)
        )
        self.along = _AlongColumn(levels[-1])
        pairs = list(zip(levels[1:], levels[:-1], strict=True))[::-1]
        self.lateral = nn.ModuleList(nn.Conv2d(below, here, 1) for below, here in pairs)
        self.up = nn.ModuleList(_Residual(here) for _, here in pairs)
        self.head = nn.Sequential(
            _convolution(levels[0], 2 * levels[0]), nn.Conv2d(2 * levels[0], outputs, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        beside = [x]
        for block in self.down:
            x = block(x)
            beside.append(x)
        x = self.along(x)
        for lateral, block, here in zip(self.lateral, self.up, reversed(beside[:-1]), strict=True):
            x = functional.interpolate(lateral(x), scale_factor=2, mode="nearest")
            x = block(x + here)
        heads: Tensor = self.head(x)
        return heads
