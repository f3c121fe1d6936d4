"""The truncated MobileNetV2 of seed 004's table I: a small picture of one channel to 64 features.

Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018
(arXiv:1801.04381), up to its 320 channels; the first convolution is 1 x 1 with stride 2 on one channel, and a
1 x 1 convolution to 64 channels and global average pooling end it, as the table has it.
"""

from torch import Tensor, nn

FEATURES = 64
# Expansion t, channels c, repeats n, stride s of each group.
_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _normalised(inside: int, outside: int, size: int, *, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(
        inside, outside, size, stride=stride, padding=size // 2, groups=groups, bias=False
    )
    return [convolution, nn.BatchNorm2d(outside)]


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; beside a shortcut where nothing changes size."""

    def __init__(self, inside: int, outside: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [*_normalised(inside, wide, 1), nn.ReLU6(inplace=True)]
        layers += [*_normalised(wide, wide, 3, stride=stride, groups=wide), nn.ReLU6(inplace=True)]
        layers += _normalised(wide, outside, 1)
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.layers(x)
        return x + changed if self.shortcut else changed


class TruncatedMobileNetV2(nn.Module):
    """(B, 1, h, w) -> (B, 64)."""

    def __init__(self) -> None:
        super().__init__()
        layers = [*_normalised(1, 32, 1, stride=2), nn.ReLU6(inplace=True)]
        inside = 32
        for expansion, channels, repeats, stride in _GROUPS:
            for turn in range(repeats):
                layers.append(
                    InvertedResidual(inside, channels, stride=stride if turn == 0 else 1, expansion=expansion)
                )
                inside = channels
        layers += [*_normalised(inside, FEATURES, 1), nn.ReLU6(inplace=True)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.layers(x).mean(dim=(2, 3))
        return features
