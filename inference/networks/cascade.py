"""Seed 004: centres, then corners, moved step by step by networks that may only change the shape as people
do.

Wang, Lv, Yang, Liang, Lin, Li, Li, Yang: Accurate Scoliosis Vertebral Landmark Localization on X-ray Images
via Shape-constrained Multi-stage Cascaded CNNs (arXiv:2206.02087). Step one moves 17 centres from the mean
shape (equations 6 to 8) in three stages, step two the four corners of each region of interest in three more.
Each stage looks at a patch about each point, all with one truncated MobileNetV2, joins the features and
regresses a few values that a transition matrix turns into offsets (equations 4, 5, 10); the matrix holds the
first eigenvectors of the offsets still to go (equations 1 to 3, which take no mean off).

Frames: points are shares of the picture's width and height, of the film in step one and of its region in step
two. The paper gives no number of values for the corners, nor says in which unit the offsets are regressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.networks.mobilenet import FEATURES, TruncatedMobileNetV2

StepName = Literal["centres", "corners"]

FILM_PX: Final = 680
"""Films are resized to this height."""
REGION_PX: Final = (80, 96)
"""Height and width of the region of interest about a centre."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is moved: so many points, by looking at patches of `crop_px`, resized to `patch_px` (height,
    width)."""

    points: int
    crop_px: tuple[int, int]
    patch_px: tuple[int, int]


STEPS: Final[dict[StepName, Step]] = {
    "centres": Step(17, (80, 192), (48, 80)),
    "corners": Step(4, (48, 48), (48, 48)),
}


class Stage(nn.Module):
    """One stage: patches (B, points, 1, h, w) -> offsets (B, points, 2) in shares of the picture.

    `modes`: values regressed, through the transition matrix W; None regresses the coordinates themselves,
    which is the paper's ablation.
    """

    def __init__(self, points: int, modes: int | None) -> None:
        super().__init__()
        self.points = points
        self.encoder = TruncatedMobileNetV2()
        size = 2 * points
        self.values = nn.Linear(points * FEATURES, modes or size)
        self.register_buffer("transition", torch.eye(size)[: modes or size])

    def forward(self, patches: Tensor) -> Tensor:
        """The values, not yet offsets: this is what the loss compares."""
        batch = len(patches)
        features = self.encoder(patches.flatten(0, 1))
        values: Tensor = self.values(features.view(batch, -1))
        return values

    def offsets(self, values: Tensor) -> Tensor:
        """Equation 10: values (B, modes) to offsets (B, points, 2)."""
        moved: Tensor = values @ self.get_buffer("transition")
        return moved.view(-1, self.points, 2)

    def wanted(self, offsets: Tensor) -> Tensor:
        """Equation 5: offsets (B, points, 2) to values (B, modes)."""
        values: Tensor = offsets.flatten(1) @ self.get_buffer("transition").T
        return values


def transition_matrix(offsets: Tensor, modes: int) -> Tensor:
    """Equations 2 to 4: the first eigenvectors (modes, 2 x points) of the offsets (count, points, 2)."""
    flat = offsets.flatten(1).double()
    covariance = flat.T @ flat / flat.shape[1]
    vectors: Tensor = torch.linalg.eigh(covariance)[1]
    first: Tensor = vectors.flip(1)[:, :modes].T.float()
    return first


class Cascade(nn.Module):
    """Both steps with their stages and starting shapes. `read` is the whole way of a film."""

    def __init__(self, *, stages: int, centre_modes: int | None, corner_modes: int | None) -> None:
        super().__init__()
        for name, modes in zip(STEPS, (centre_modes, corner_modes), strict=True):
            step = STEPS[name]
            self.add_module(name, nn.ModuleList(Stage(step.points, modes) for _ in range(stages)))
            self.register_buffer(f"start_{name}", torch.full((step.points, 2), 0.5))

    def stages(self, name: StepName) -> Sequence[Stage]:
        """The stages of a step, first to last."""
        found = self.get_submodule(name)
        return [one for one in found.children() if isinstance(one, Stage)]

    def start(self, name: StepName) -> Tensor:
        """The starting shape of a step (points, 2): the mean over the training films."""
        return self.get_buffer(f"start_{name}")

    def move(self, name: StepName, picture: Tensor, points: Tensor, stages: int) -> Tensor:
        """Points (B, n, 2) of pictures (B, 1, h, w) after the first `stages` stages of a step."""
        for stage in self.stages(name)[:stages]:
            patches = cut(picture, points, STEPS[name])
            points = points + stage.offsets(stage(patches))
        return points

    def read(self, film: Tensor, noise: Tensor | None = None) -> Tensor:
        """Corners (17, 4, 2), shares of the film's width and height, of one film (1, 1, 680, w).

        `noise` (17, 2) is added to the starting centres (figure 8).
        """
        first = self.start("centres") if noise is None else self.start("centres") + noise
        count = len(self.stages("centres"))
        centres = self.move("centres", film, first[None], count)[0]
        regions = cut_regions(film, centres)
        corners = self.start("corners").expand(len(regions), -1, -1)
        corners = self.move("corners", regions, corners, len(self.stages("corners")))
        return place_corners(corners, centres, film)


def cut(pictures: Tensor, points: Tensor, step: Step) -> Tensor:
    """Patches (B, n, 1, h, w) about points (B, n, 2) of pictures (B, 1, H, W); black beyond their edges."""
    height, width = pictures.shape[2:]
    batch, count = points.shape[:2]
    wide = pictures.repeat_interleave(count, dim=0)
    patches = _sampled(wide, points.reshape(-1, 2), step.crop_px, step.patch_px, (height, width))
    return patches.view(batch, count, 1, *step.patch_px)


def cut_regions(film: Tensor, centres: Tensor) -> Tensor:
    """Regions of interest (n, 1, 80, 96) about centres (n, 2) of one film (1, 1, H, W)."""
    height, width = film.shape[2:]
    return _sampled(film.expand(len(centres), -1, -1, -1), centres, REGION_PX, REGION_PX, (height, width))


def place_corners(corners: Tensor, centres: Tensor, film: Tensor) -> Tensor:
    """Corners (n, 4, 2) of regions about centres (n, 2), both in shares, as shares of the film."""
    return centres[:, None] + (corners - 0.5) * _region_share(film)


def corners_in_regions(corners: Tensor, centres: Tensor, film: Tensor) -> Tensor:
    """The inverse of `place_corners`."""
    return (corners - centres[:, None]) / _region_share(film) + 0.5


def _region_share(film: Tensor) -> Tensor:
    height, width = film.shape[2:]
    return torch.tensor([REGION_PX[1] / width, REGION_PX[0] / height], device=film.device)


def _sampled(
    pictures: Tensor, points: Tensor, crop_px: tuple[int, int], out_px: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """Crops of `crop_px` about points, resized to `out_px`, one of each picture (n, 1, H, W)."""
    scale = torch.tensor([crop_px[1] / size[1], crop_px[0] / size[0]], device=points.device)
    matrix = torch.zeros(len(points), 2, 3, device=points.device)
    matrix[:, 0, 0], matrix[:, 1, 1] = scale
    matrix[:, :, 2] = 2 * points - 1
    grid = functional.affine_grid(matrix, [len(points), 1, *out_px], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="zeros", align_corners=False)
