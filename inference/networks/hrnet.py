"""HRNet for landmark heatmaps: high resolution is kept from the first layer to the last.

Sun, Xiao, Liu, Wang: Deep High-Resolution Representation Learning for Human Pose Estimation, CVPR 2019
(arXiv:1902.09212), with its head on the highest resolution (`version=1`); and Sun et al.: High-Resolution
Representations for Labeling Pixels and Regions, arXiv:1904.04514, whose head sees all four resolutions
(`version=2`). Modules are named as in the authors' releases and in timm, so that weights fit.

Seed 000 speaks of "an HRNet based on U-Net 256" and cites the second paper, whose landmarks are those of
faces, found by HRNetV2-W18. No U-Net of 256 is part of either paper; `unet_256` is the name of a generator in
the public pix2pix code that its authors used for the X-rays. Its score, 4.747e-5, is 3.2 times below that of
an empty map at 144 x 144 and 5 times above it at 576 x 576. So here its network is HRNetV2-W18 with heatmaps
at the stride the paper gives it, 4.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.networks.planes import Plane

STRIDE = 4
_STEM = 64
_MOMENTUM = 0.1
# How often each stage exchanges between its resolutions (both papers' table 1).
_MODULES = {2: 1, 3: 4, 4: 3}
_BLOCKS = 4
# What an ImageNet classifier holds beyond the trunk.
_NOT_TRUNK = ("incre_modules.", "downsamp_modules.", "final_layer.", "classifier.", "head.")


class HRNet(nn.Module):
    """(B, channels, H, W) -> (B, points, H / stride, W / stride); H and W multiples of 32.

    `width`: channels of the highest resolution, 18 or 32 as published, doubled at each lower one.
    `stride`: 4 is the network's own; 1 and 2 are interpolated from it.
    """

    def __init__(self, *, channels: int, points: int, width: int, stride: int = STRIDE, version: int = 2):
        super().__init__()
        if stride not in (1, 2, STRIDE):
            raise ValueError(f"stride: HRNet gives heatmaps at stride 1, 2 or {STRIDE}, not {stride}")
        widths = [width * 2**level for level in range(4)]
        self.enlarge = STRIDE // stride
        self.conv1 = nn.Conv2d(channels, _STEM, 3, stride=2, padding=1, bias=False)
        self.bn1 = _norm(_STEM)
        self.conv2 = nn.Conv2d(_STEM, _STEM, 3, stride=2, padding=1, bias=False)
        self.bn2 = _norm(_STEM)
        self.layer1 = nn.Sequential(_Bottleneck(_STEM, 64), *(_Bottleneck(256, 64) for _ in range(3)))
        self.transition1 = _transition([256], widths[:2])
        self.stage2 = _stage(2, widths, all_out=True)
        self.transition2 = _transition(widths[:2], widths[:3])
        self.stage3 = _stage(3, widths, all_out=True)
        self.transition3 = _transition(widths[:3], widths)
        self.stage4 = _stage(4, widths, all_out=version == 2)
        self.head = _head(sum(widths) if version == 2 else width, points, version)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        scales = [self.layer1(x)]
        for transition, stage in (
            (self.transition1, self.stage2),
            (self.transition2, self.stage3),
            (self.transition3, self.stage4),
        ):
            # A new resolution grows from the lowest one there was.
            scales = [
                step(scales[min(index, len(scales) - 1)]) for index, step in enumerate(transition.children())
            ]
            scales = stage(scales)
        size = scales[0].shape[-2:]
        heatmaps: Tensor = self.head(torch.cat([_resized(scale, size) for scale in scales], dim=1))
        return _resized(heatmaps, torch.Size(side * self.enlarge for side in size))


def planes_of_stem(rgb: Tensor, planes: Sequence[Plane]) -> Tensor:
    """A stem for other planes from one trained on colour: (64, 3, 3, 3) -> (64, len(planes), 3, 3).

    Depth takes the mean over the three colours, so that edges and slopes answer from the first step; grey
    their sum, which answers a grey picture as the colours would; the mask of valid depth begins at zero.
    """
    sources = {
        **{name: rgb[:, index] for index, name in enumerate(("red", "green", "blue"))},
        "grey": rgb.sum(dim=1),
        "depth": rgb.mean(dim=1),
        "valid": torch.zeros_like(rgb[:, 0]),
    }
    return torch.stack([sources[plane] for plane in planes], dim=1)


def load_trunk(network: HRNet, tensors: dict[str, Tensor], planes: Sequence[Plane]) -> None:
    """Put ImageNet weights into all but the head. Raises ValueError where they are of another network.

    `tensors`: as the authors or timm name them; what belongs to the classifier alone is left aside.
    `planes`: what each input channel is.
    """
    own = {name: value for name, value in network.state_dict().items() if not name.startswith("head.")}
    given = {name: value for name, value in tensors.items() if not name.startswith(_NOT_TRUNK)}
    if given.get("conv1.weight", torch.empty(0)).shape == (_STEM, 3, 3, 3):
        given["conv1.weight"] = planes_of_stem(given["conv1.weight"], planes)
    for name, value in own.items():
        if name.endswith("num_batches_tracked"):
            given.setdefault(name, value)
        elif name not in given or given[name].shape != value.shape:
            found = tuple(given[name].shape) if name in given else "nothing"
            raise ValueError(f"{name}: these weights hold {found}, this HRNet {tuple(value.shape)}")
    network.load_state_dict({name: given[name] for name in own}, strict=False)


class _BasicBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = _norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = _norm(width)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(x + self.bn2(self.conv2(inner)))


class _Bottleneck(nn.Module):
    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        outside = 4 * width
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = _norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = _norm(width)
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.bn3 = _norm(outside)
        same = inside == outside
        self.downsample = (
            None if same else nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), _norm(outside))
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        inner = self.bn3(self.conv3(inner))
        return functional.relu(inner + (x if self.downsample is None else self.downsample(x)))


class _Exchange(nn.Module):
    """Four blocks on each resolution, then each resolution is the sum of all, brought to its size."""

    def __init__(self, widths: list[int], *, all_out: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(_BasicBlock(width) for _ in range(_BLOCKS))) for width in widths
        )
        outs = range(len(widths)) if all_out else range(1)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_path(widths, source, target) for source in range(len(widths))) for target in outs
        )

    def forward(self, scales: list[Tensor]) -> list[Tensor]:
        scales = [branch(scale) for branch, scale in zip(self.branches, scales, strict=True)]
        fused = []
        for paths in self.fuse_layers:
            parts = [path(scale) for path, scale in zip(paths.children(), scales, strict=True)]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            fused.append(functional.relu(total))
        return fused


def _path(widths: list[int], source: int, target: int) -> nn.Module:
    """From one resolution to another: a projection enlarged, nothing, or strided convolutions."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(
            nn.Conv2d(widths[source], widths[target], 1, bias=False),
            _norm(widths[target]),
            nn.Upsample(scale_factor=2 ** (source - target), mode="nearest"),
        )
    halvings = [_halving(widths[source], widths[source], relu=True) for _ in range(target - source - 1)]
    return nn.Sequential(*halvings, _halving(widths[source], widths[target], relu=False))


def _halving(inside: int, outside: int, *, relu: bool) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False),
        _norm(outside),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


def _transition(before: list[int], after: list[int]) -> nn.ModuleList:
    """What carries the resolutions of one stage into the next, which has one more."""
    steps: list[nn.Module] = []
    for index, width in enumerate(after):
        if index >= len(before):
            steps.append(nn.Sequential(_halving(before[-1], width, relu=True)))
        elif before[index] == width:
            steps.append(nn.Identity())
        else:
            conv = nn.Conv2d(before[index], width, 3, padding=1, bias=False)
            steps.append(nn.Sequential(conv, _norm(width), nn.ReLU()))
    return nn.ModuleList(steps)


def _stage(number: int, widths: list[int], *, all_out: bool) -> nn.Sequential:
    """A stage of `number` resolutions; of the last module only the highest goes on unless `all_out`."""
    count = _MODULES[number]
    return nn.Sequential(
        *(_Exchange(widths[:number], all_out=all_out or module < count - 1) for module in range(count))
    )


def _head(inside: int, points: int, version: int) -> nn.Module:
    last = nn.Conv2d(inside, points, 1)
    if version == 1:
        return last
    return nn.Sequential(nn.Conv2d(inside, inside, 1), _norm(inside), nn.ReLU(), last)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, momentum=_MOMENTUM)


def _resized(maps: Tensor, size: torch.Size) -> Tensor:
    if maps.shape[-2:] == size:
        return maps
    return functional.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _initialise(module: nn.Module) -> None:
    """The pose release's own: normal with 0.001, which the normalisations scale up."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=0.001)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
