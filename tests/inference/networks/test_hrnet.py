"""HRNet: its size is the published one, its heatmaps are where they should be, ImageNet weights fit it."""

import pytest
import torch

from inference.networks.hrnet import HRNet, load_trunk, planes_of_stem


def size_of(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("width", "version", "points", "parameters"),
    [
        (32, 1, 17, 28_536_113),  # "28.5M", CVPR 2019, table 1
        (48, 1, 17, 63_595_745),  # "63.6M", the same
        (18, 2, 98, 9_662_528),  # "9.66M", the face landmark release on WFLW
    ],
)
def test_parameters_are_those_published(width: int, version: int, points: int, parameters: int) -> None:
    with torch.device("meta"):
        network = HRNet(channels=3, points=points, width=width, version=version)
    assert size_of(network) == parameters


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("stride", "cells"), [(4, (16, 24)), (2, (32, 48)), (1, (64, 96))])
def test_heatmaps_have_their_stride(version: int, stride: int, cells: tuple[int, int]) -> None:
    network = HRNet(channels=5, points=6, width=4, stride=stride, version=version)
    maps = network(torch.randn(2, 5, 64, 96))
    assert maps.shape == (2, 6, *cells)
    maps.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_stride_it_cannot_give_is_refused() -> None:
    with pytest.raises(ValueError, match="stride 1, 2 or 4, not 8"):
        HRNet(channels=3, points=6, width=4, stride=8)


def test_a_shift_of_the_picture_shifts_the_heatmaps() -> None:
    """By whole cells of the lowest resolution, far from the border: nothing is a cell too far."""
    torch.manual_seed(1)
    network = HRNet(channels=1, points=2, width=4).eval()
    for parameter in network.parameters():
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter)
    picture = torch.zeros(1, 1, 512, 512)
    picture[:, :, 200:220, 190:210] = 1
    with torch.inference_mode():
        here = network(picture) - network(torch.zeros_like(picture))
        there = network(picture.roll((32, 64), (2, 3))) - network(torch.zeros_like(picture))
    peak, moved = (divmod(int(maps[0, 0].abs().argmax()), 128) for maps in (here, there))
    assert (moved[0] - peak[0], moved[1] - peak[1]) == (8, 16)


def test_imagenet_weights_fit_by_name_and_other_planes_get_a_stem() -> None:
    torch.manual_seed(2)
    donor = HRNet(channels=3, points=1000, width=4).state_dict()
    donor["classifier.weight"] = torch.zeros(3)
    donor["incre_modules.0.weight"] = torch.zeros(3)
    network = HRNet(channels=5, points=6, width=4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    load_trunk(network, donor, ("red", "green", "blue", "depth", "valid"))
    stem, rgb = network.conv1.weight, donor["conv1.weight"]
    assert torch.equal(stem[:, :3], rgb)
    assert torch.allclose(stem[:, 3], rgb.mean(dim=1))
    assert not stem[:, 4].any()
    after = network.state_dict()
    deep = "stage4.2.branches.3.0.conv1.weight"
    assert torch.equal(after[deep], donor[deep])
    assert torch.equal(after["head.0.weight"], before["head.0.weight"])
    # A grey picture answers through the grey stem as its three equal colours do through the old one.
    grey = torch.randn(1, 1, 8, 8)
    one = torch.nn.functional.conv2d(grey, planes_of_stem(rgb, ["grey"]))
    assert torch.allclose(one, torch.nn.functional.conv2d(grey.expand(1, 3, 8, 8), rgb), atol=1e-6)


def test_weights_of_another_width_are_refused() -> None:
    donor = HRNet(channels=3, points=6, width=8).state_dict()
    with pytest.raises(ValueError, match=r"transition1\.0\.0\.weight: these weights hold \(8, 256, 3, 3\)"):
        load_trunk(HRNet(channels=3, points=6, width=4), donor, ("red", "green", "blue"))
    del donor["conv2.weight"]
    with pytest.raises(ValueError, match="hold nothing"):
        load_trunk(HRNet(channels=3, points=6, width=8), donor, ("red", "green", "blue"))
