"""The networks of pix2pix: two families of generators and the discriminator that looks at patches.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017
(arXiv:1611.07004), section 6.1: U-Net and PatchGAN. The ResNet generator is that of Johnson, Alahi, Fei-Fei:
Perceptual Losses for Real-Time Style Transfer, ECCV 2016, as used by Zhu et al., CycleGAN (arXiv:1703.10593),
section 7.2. Instance normalisation without learned scales throughout, so that a batch of one is no special
case. Two things are ours, each off by default: `resize` enlarges by resizing and convolving, which leaves no
checkerboard (Odena, Dumoulin, Olah: Deconvolution and Checkerboard Artifacts, Distill 2016), and `spectral`
holds the discriminator's layers to a gain of one (Miyato et al., ICLR 2018, arXiv:1802.05957).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

_DROPOUT = 0.5
_MOST_WIDTHS = 8  # a layer has at most so many times the first one's channels


class ResNetGenerator(nn.Module):
    """(B, channels, H, W) -> (B, 1, H, W) in [-1, 1]; H and W multiples of 4.

    `blocks`: residual blocks between two halvings and two doublings, 6 or 9 as published. `dropout`: half of
    the channels' values are dropped inside each block while training.
    """

    def __init__(
        self, *, channels: int, width: int = 64, blocks: int = 9, dropout: bool = True, resize: bool = False
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, 7, padding=3, padding_mode="reflect"),
            *_normed(width),
        ]
        for step in (1, 2):
            layers += [nn.Conv2d(width * step, width * step * 2, 3, stride=2, padding=1)]
            layers += _normed(width * step * 2)
        layers += [_ResidualBlock(4 * width, dropout=dropout) for _ in range(blocks)]
        for step in (4, 2):
            layers += _doubling(width * step, width * step // 2, resize=resize)
            layers += _normed(width * step // 2)
        layers += [nn.Conv2d(width, 1, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        film: Tensor = self.layers(x)
        return film


class UNetGenerator(nn.Module):
    """(B, channels, H, W) -> (B, 1, H, W) in [-1, 1]; H and W multiples of 2 ** `levels`.

    `levels`: 7 is "U-Net 128", 8 "U-Net 256": the side that is halved down to one pixel. `dropout` as in the
    paper: in the decoder's innermost layers of full width.
    """

    def __init__(
        self, *, channels: int, width: int = 64, levels: int = 8, dropout: bool = True, resize: bool = False
    ) -> None:
        super().__init__()
        widths = [width * min(2**level, _MOST_WIDTHS) for level in range(levels)]
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, inside, outside in zip(range(levels), [channels, *widths], widths, strict=False):
            ends = level in (0, levels - 1)
            self.down.append(
                nn.Sequential(
                    *([nn.LeakyReLU(0.2)] if level else []),
                    nn.Conv2d(inside, outside, 4, stride=2, padding=1),
                    *([] if ends else [nn.InstanceNorm2d(outside)]),
                )
            )
        for level in range(levels - 1, 0, -1):
            inside = widths[level] * (1 if level == levels - 1 else 2)
            drops = dropout and 4 <= level < levels - 1
            self.up.append(
                nn.Sequential(
                    nn.ReLU(),
                    *_doubling(inside, widths[level - 1], resize=resize, kernel=4),
                    nn.InstanceNorm2d(widths[level - 1]),
                    *([nn.Dropout(_DROPOUT)] if drops else []),
                )
            )
        self.last = nn.Sequential(nn.ReLU(), *_doubling(2 * widths[0], 1, resize=resize, kernel=4), nn.Tanh())
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for layer in self.down[:-1]:
            x = layer(x)
            seen.append(x)
        # In half precision a convolution to one pixel now and then gives no numbers on CPUs (torch 2.13).
        with torch.autocast(x.device.type, enabled=False):
            seen.append(self.down[-1](x.float()))
        x = seen[-1]
        for layer, beside in zip(self.up, reversed(seen[:-1]), strict=True):
            x = torch.cat([layer(x), beside], dim=1)
        film: Tensor = self.last(x)
        return film


class PatchDiscriminator(nn.Module):
    """(B, channels, H, W), the input beside the film -> (B, 1, h, w): how real each patch looks.

    With the published three strided layers one answer sees 70 x 70 px.
    """

    def __init__(self, *, channels: int, width: int = 64, spectral: bool = False) -> None:
        super().__init__()
        steps = [(channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
        layers: list[nn.Module] = []
        for index, (inside, outside, stride) in enumerate([*steps, (4 * width, 8 * width, 1)]):
            layers.append(nn.Conv2d(inside, outside, 4, stride=stride, padding=1))
            layers += [nn.InstanceNorm2d(outside)] if index else []
            layers.append(nn.LeakyReLU(0.2))
        layers.append(nn.Conv2d(8 * width, 1, 4, padding=1))
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)
        if spectral:
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    spectral_norm(layer)

    def forward(self, x: Tensor) -> Tensor:
        answers: Tensor = self.layers(x)
        return answers


class _ResidualBlock(nn.Module):
    def __init__(self, width: int, *, dropout: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect"),
            *_normed(width),
            *([nn.Dropout(_DROPOUT)] if dropout else []),
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        outside: Tensor = x + self.layers(x)
        return outside


def _normed(width: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(width), nn.ReLU()]


def _doubling(inside: int, outside: int, *, resize: bool, kernel: int = 3) -> list[nn.Module]:
    """Twice the height and width."""
    if resize:
        return [
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(inside, outside, 3, padding=1, padding_mode="reflect"),
        ]
    extra = 1 if kernel % 2 else 0
    return [nn.ConvTranspose2d(inside, outside, kernel, stride=2, padding=1, output_padding=extra)]


def _initialise(module: nn.Module) -> None:
    """Normal with 0.02, the paper's section 6.2."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
