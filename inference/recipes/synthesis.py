"""Recipes for the synthesis of X-rays: a back and its landmarks in, the film of the same visit out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

from inference.recipes.base import Ranges, Recipe

# How the grey levels of films are made alike (`networks.contrast`), and how depth becomes the network's:
# `minmax` from 0 to the crop's farthest reading, `back` in 15 cm before and behind the back's median.
Contrast = Literal["stretch", "equalise", "clahe", "none"]
DepthRange = Literal["minmax", "back"]
# Which epoch's weights are kept: the one whose films are most like the real ones, or the last one. Likeness
# (MS-SSIM) prefers blur to a vertebra that is a little off, and a film without vertebrae is of no use.
Keep = Literal["likest", "last"]
# What a side of the film must be a multiple of.
_MULTIPLES = {"resnet6": 4, "resnet9": 4, "unet128": 128, "unet256": 256}


@dataclass(frozen=True, kw_only=True)
class SynthesisRecipe(Recipe):
    """Adds what a pair of generator and discriminator needs. Raises ValueError naming the field at fault.

    Frame: back and film are cropped from C7 to the sacrum, each side `margin_fraction` of that distance
    further, and brought to `film_width_px` x `film_height_px`. `landmarks`: whether the generator sees the
    back's landmarks, as heatmaps of `heatmap_sigma` (px).

    Networks: `width` and `discriminator_width` channels in the first layers; `dropout` in the generator,
    `resize` for enlarging by resizing and convolving, `spectral` for a discriminator of bounded gain.

    Losses: the generator lowers least squares against the discriminator + `l1_weight` x L1 +
    `landmark_weight` x the squared difference of the heatmaps that a frozen landmark network sees in both
    films (its weights lie in the run folder as film_landmarks.safetensors). `beta1` is Adam's. `average` is
    the decay of the moving average of the generator that is kept, 0 keeps the generator itself; `keep` says
    of which epoch. `joint_augment`: the discriminator sees input and film cut, shifted and toned together.

    Vertebrae: in each epoch a network of its own, `column_width` channels in its first layer and
    `column_rate` its rate, goes over the backs `column_passes` times and learns where the vertebrae lie; the
    film is drawn around them. Only pairs whose film has its corners set teach it. 0: no such network.

    Augmentation, back and film by one transform: rotation in +-`rotate_deg`, scale in 1 +- `scale_fraction`,
    shift from `shift_least_fraction` to `shift_most_fraction` of the width, all readings of depth by one
    offset in +-`depth_offset_mm`; each happens with `move_probability`, a flip with `flip_probability`.
    """

    kind: ClassVar[str] = "synthesis"
    architectures: ClassVar[tuple[str, ...]] = ("resnet6", "resnet9", "unet128", "unet256")
    ranges: ClassVar[Ranges] = {
        "film_width_px": (100, 1024),
        "film_height_px": (100, 2048),
        "margin_fraction": (0, 0.5),
        "heatmap_sigma": (0.5, 32),
        "width": (2, 128),
        "discriminator_width": (2, 128),
        "l1_weight": (0, 1000),
        "landmark_weight": (0, 100_000),
        "column_passes": (0, 1000),
        "column_width": (2, 128),
        "column_rate": (1e-7, 1),
        "beta1": (0, 0.999),
        "average": (0, 0.9999),
        "rotate_deg": (0, 180),
        "scale_fraction": (0, 0.9),
        "shift_least_fraction": (-0.9, 0.9),
        "shift_most_fraction": (-0.9, 0.9),
        "depth_offset_mm": (0, 5000),
        "flip_probability": (0, 1),
        "move_probability": (0, 1),
    }
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "contrast": get_args(Contrast),
        "depth_range": get_args(DepthRange),
        "keep": get_args(Keep),
    }

    shaping: ClassVar[tuple[str, ...] | None] = (
        "film_width_px",
        "film_height_px",
        "landmarks",
        "width",
        "dropout",
        "resize",
        "finds_column",
        "column_width",
    )

    architecture: str = "resnet9"
    film_width_px: int = 128
    film_height_px: int = 256
    margin_fraction: float = 0.0
    contrast: Contrast = "stretch"
    depth_range: DepthRange = "back"
    landmarks: bool = True
    heatmap_sigma: float = 4.0
    width: int = 64
    discriminator_width: int = 64
    dropout: bool = True
    resize: bool = False
    spectral: bool = False
    l1_weight: float = 10.0
    landmark_weight: float = 0.0
    column_passes: int = 0
    column_width: int = 16
    column_rate: float = 1e-3
    beta1: float = 0.5
    average: float = 0.0
    keep: Keep = "likest"
    joint_augment: bool = False
    rotate_deg: float = 10.0
    scale_fraction: float = 0.1
    shift_least_fraction: float = -0.05
    shift_most_fraction: float = 0.05
    depth_offset_mm: float = 0.0
    flip_probability: float = 0.5
    move_probability: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target != "pair":
            raise ValueError("target: a synthesis goes from a back to its film: 'pair'")
        multiple = _MULTIPLES[self.architecture]
        for name in ("film_width_px", "film_height_px"):
            if getattr(self, name) % multiple:
                raise ValueError(f"{name}: must be a multiple of {multiple} for {self.architecture}")
            if self.column_passes and getattr(self, name) % 32:
                raise ValueError(f"{name}: must be a multiple of 32 where vertebrae are found first")
        if self.shift_least_fraction > self.shift_most_fraction:
            raise ValueError("shift_least_fraction: must not be above shift_most_fraction")

    @property
    def finds_column(self) -> bool:
        """Whether vertebrae are found first."""
        return self.column_passes > 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a film, px."""
        return self.film_width_px, self.film_height_px


PAPER = SynthesisRecipe(
    name="pair-pix2pix-paper",
    title="X-ray from the back, pix2pix as in the report of 2020",
    summary=(
        "ResNet-9 with dropout on colour, depth and landmarks at 128 x 256, least squares and 10 x L1, "
        "batch 1, 200 epochs, every augmentation with probability 0.65. For a GPU."
    ),
    target="pair",
    channels=("colour", "depth"),
    depth_range="minmax",
    heatmap_sigma=1.0,
    epochs=200,
    batch=1,
    least_samples=1,
    learning_rate=2e-4,
    schedule="half-linear",
    rotate_deg=30.0,
    scale_fraction=0.25,
    shift_least_fraction=-30 / 128,
    shift_most_fraction=60 / 128,
    depth_offset_mm=1000.0,
    flip_probability=0.65,
    move_probability=0.65,
)

BETTER = replace(
    PAPER,
    name="pair-pix2pix",
    title="X-ray from the back",
    summary=(
        "pix2pix enlarged by resizing, a discriminator of bounded gain, joint augmentation and a moving "
        "average of the generator; depth seen in 15 cm about the back, gentler moves. For a GPU."
    ),
    depth_range="back",
    heatmap_sigma=4.0,
    batch=4,
    precision="bf16-mixed",
    resize=True,
    spectral=True,
    dropout=False,
    average=0.999,
    keep="last",
    joint_augment=True,
    rotate_deg=10.0,
    scale_fraction=0.1,
    shift_least_fraction=-0.05,
    shift_most_fraction=0.05,
    depth_offset_mm=0.0,
    flip_probability=0.5,
    move_probability=1.0,
)

RECIPES: tuple[SynthesisRecipe, ...] = (
    BETTER,
    PAPER,
    replace(
        BETTER,
        name="pair-pix2pix-landmarks",
        title="X-ray from the back, held to its vertebrae",
        summary=(
            "As the one before, and a frozen landmark network must see the same vertebrae in the synthetic "
            "film as in the real one. Needs that network's weights beside the run. For a GPU."
        ),
        landmark_weight=100.0,
    ),
    replace(
        BETTER,
        name="pair-unet",
        title="X-ray from the back, U-Net",
        summary=(
            "A U-Net, which sees the whole back at once where a ResNet sees a part of it; the film reaches "
            "5 % beyond either end. Half an hour on a laptop for 2,000 pairs."
        ),
        architecture="unet128",
        width=24,
        discriminator_width=16,
        margin_fraction=0.05,
        batch=8,
        epochs=10,
        learning_rate=5e-4,
        schedule="cosine",
    ),
    replace(
        BETTER,
        name="pair-column",
        title="X-ray from the back, around its vertebrae",
        summary=(
            "One network finds from the back where the vertebrae lie, a U-Net draws the film around them, so "
            "that its curves are those that were found. Learns from films whose vertebral corners are set."
        ),
        architecture="unet128",
        width=24,
        discriminator_width=16,
        margin_fraction=0.05,
        batch=8,
        epochs=5,
        learning_rate=5e-4,
        schedule="cosine",
        column_passes=4,
        column_rate=2e-3,
    ),
    replace(
        BETTER,
        name="pair-small",
        title="X-ray from the back, small",
        summary="A sixteenth of the network's size and fewer epochs: an hour on a laptop, for a first look.",
        architecture="resnet6",
        width=16,
        discriminator_width=16,
        epochs=30,
        precision="32-true",
    ),
    replace(
        BETTER,
        name="pair-trial",
        title="X-ray from the back, trial run",
        summary="Two epochs of a tiny network, in seconds: shows that data, worker and pages work.",
        architecture="resnet6",
        width=4,
        discriminator_width=4,
        epochs=2,
        least_samples=8,
        precision="32-true",
    ),
)
