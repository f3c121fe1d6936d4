"""Recipes for landmark networks: a picture in, one heatmap per landmark out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from inference.recipes.base import Ranges, Recipe

# Where the picture lies in the network's square, and how raw values become the network's: see
# `networks.pictures.square_of` and `networks.standardise`.
Frame = Literal["fit", "middle", "body"]
Moved = Literal["training", "tests", "both", "neither"]
Standardise = Literal["picture", "zscore", "zscore-back", "minmax", "minmax-back", "none"]


@dataclass(frozen=True, kw_only=True)
class LandmarkRecipe(Recipe):
    """Adds what a heatmap network needs. Raises ValueError naming the field at fault.

    `image_px`: the side of the network's square; `frame`: whether all of the picture fits into it, its middle
    fills it, or whoever stands there by the depth does. `standardise`: how raw values become the network's;
    `valid_plane`: whether a plane beside the depth says where it was read. `heatmap_stride`: input pixels per
    heatmap cell; `heatmap_sigma`: the Gaussian's width in cells. `width`: channels of the first level (U-Net)
    or highest resolution (HRNet). `foreground_weight`: how much more the loss counts a cell at a landmark
    than an empty one; with 0 it is the plain mean squared error.

    Augmentation: rotation is uniform in +-`rotate_deg`, shift in +-`translate_fraction` of the side, scale in
    1 +- `scale_fraction`, brightness in 1 +- `brightness_fraction`, and all readings of a depth map move by
    one offset in +-`depth_offset_mm`; `noise_fraction` is the deviation of the noise on whatever does not lie
    where backs do, as a share of the levels and of 1000 mm. Each of them happens with `move_probability`.
    `moved`: which cases are; of validation and test (`tests`) each in one way for good.
    """

    kind: ClassVar[str] = "landmarks"
    architectures: ClassVar[tuple[str, ...]] = ("unet", "hrnet", "hrnet-v1")
    ranges: ClassVar[Ranges] = {
        "image_px": (32, 2048),
        "heatmap_stride": (1, 8),
        "heatmap_sigma": (0.5, 16),
        "width": (2, 128),
        "foreground_weight": (0, 1000),
        "flip_probability": (0, 1),
        "rotate_deg": (0, 180),
        "translate_fraction": (0, 0.5),
        "scale_fraction": (0, 0.9),
        "brightness_fraction": (0, 1),
        "depth_offset_mm": (0, 5000),
        "noise_fraction": (0, 1),
        "move_probability": (0, 1),
    }
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "frame": get_args(Frame),
        "standardise": get_args(Standardise),
        "moved": get_args(Moved),
    }

    shaping: ClassVar[tuple[str, ...] | None] = ("valid_plane", "heatmap_stride", "width")

    architecture: str = "unet"
    image_px: int = 256
    frame: Frame = "fit"
    standardise: Standardise = "picture"
    valid_plane: bool = True
    heatmap_stride: int = 2
    heatmap_sigma: float = 2.0
    width: int = 16
    foreground_weight: float = 20.0
    flip_probability: float = 0.5
    rotate_deg: float = 15.0
    translate_fraction: float = 0.08
    scale_fraction: float = 0.1
    brightness_fraction: float = 0.2
    depth_offset_mm: float = 0.0
    noise_fraction: float = 0.0
    move_probability: float = 1.0
    moved: Moved = "training"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_px % 16:
            raise ValueError("image_px: must be a multiple of 16")
        if self.heatmap_stride not in {1, 2, 4, 8}:
            raise ValueError("heatmap_stride: must be 1, 2, 4 or 8")
        if self.architecture.startswith("hrnet"):
            if self.image_px % 32:
                raise ValueError("image_px: must be a multiple of 32 for an HRNet")
            if self.heatmap_stride == 8:
                raise ValueError("heatmap_stride: must be 1, 2 or 4 for an HRNet")
        if self.standardise.endswith("-back") and "depth" not in self.channels:
            raise ValueError("standardise: only depth says where the back is; take depth among the channels")
        if self.frame == "body" and "depth" not in self.channels:
            raise ValueError("frame: only depth says where the body is; take depth among the channels")

    @property
    def heatmap_px(self) -> int:
        """The side of a heatmap in cells."""
        return self.image_px // self.heatmap_stride


PAPER = LandmarkRecipe(
    name="back-hrnet-paper",
    title="Back, HRNet as in the report of 2020",
    summary=(
        "HRNetV2-W18 on colour and depth at 576 x 576: plain squared error on heatmaps of sigma 1, "
        "Adam at 0.0001, 60 epochs, every augmentation with probability 0.6. For a GPU."
    ),
    target="back",
    channels=("colour", "depth"),
    architecture="hrnet",
    image_px=576,
    frame="middle",
    standardise="zscore",
    valid_plane=False,
    heatmap_stride=4,
    heatmap_sigma=1.0,
    width=18,
    epochs=60,
    batch=8,
    least_samples=1,
    learning_rate=1e-4,
    schedule="constant",
    foreground_weight=0.0,
    flip_probability=0.6,
    rotate_deg=30.0,
    translate_fraction=100 / 576,
    scale_fraction=0.0,
    brightness_fraction=0.0,
    depth_offset_mm=1000.0,
    noise_fraction=0.1,
    move_probability=0.6,
)

# The first that fits is offered first: the best that trains on a CPU.
RECIPES: tuple[LandmarkRecipe, ...] = (
    LandmarkRecipe(
        name="back-body",
        title="Back, framed by its depth",
        summary=(
            "A small U-Net on colour and depth, shown head to pelvis of whoever stands there: twice as sharp "
            "as the whole picture at the same cost. An hour on a laptop."
        ),
        target="back",
        channels=("colour", "depth"),
        frame="body",
        translate_fraction=0.06,
        epochs=12,
        precision="bf16-mixed",
    ),
    PAPER,
    LandmarkRecipe(
        name="back-hrnet",
        title="Back, HRNet",
        summary=(
            "HRNetV2-W18 on colour and depth at 384 x 384: wider heatmaps that count landmarks more than "
            "empty cells, where depth is valid as a plane of its own, a falling learning rate. For a GPU."
        ),
        target="back",
        channels=("colour", "depth"),
        architecture="hrnet",
        image_px=384,
        frame="middle",
        heatmap_stride=4,
        width=18,
        epochs=60,
        learning_rate=5e-4,
        precision="bf16-mixed",
        noise_fraction=0.05,
    ),
    LandmarkRecipe(
        name="back-hrnet32",
        title="Back, HRNet-W32",
        summary="As the one before with HRNet-W32 at 576 x 576: three times the parameters. For a GPU.",
        target="back",
        channels=("colour", "depth"),
        architecture="hrnet-v1",
        image_px=576,
        frame="middle",
        heatmap_stride=4,
        width=32,
        epochs=60,
        learning_rate=5e-4,
        precision="bf16-mixed",
        noise_fraction=0.05,
    ),
    LandmarkRecipe(
        name="back-rgbd-small",
        title="Back, colour and depth, small",
        summary="A small U-Net on colour and registered depth: minutes on a laptop, for a first look.",
        target="back",
        channels=("colour", "depth"),
    ),
    LandmarkRecipe(
        name="back-rgb-small",
        title="Back, colour only, small",
        summary="The same network without depth, to see what depth adds.",
        target="back",
        channels=("colour",),
    ),
    LandmarkRecipe(
        name="back-depth-small",
        title="Back, depth only, small",
        summary="The same network on depth alone: works in any light and shows no face.",
        target="back",
        channels=("depth",),
        brightness_fraction=0.0,
    ),
    LandmarkRecipe(
        name="radiograph-small",
        title="X-ray, small",
        summary="A small U-Net on radiographs, for C7 and sacrum or for vertebra corners.",
        target="radiograph",
        channels=("colour",),
        rotate_deg=8.0,
        scale_fraction=0.15,
        brightness_fraction=0.3,
    ),
    LandmarkRecipe(
        name="back-trial",
        title="Back, trial run",
        summary="Two epochs at 64 pixels, in seconds: shows that data, worker and pages work.",
        target="back",
        channels=("colour", "depth"),
        image_px=64,
        width=4,
        epochs=2,
        batch=4,
        least_samples=8,
    ),
)
