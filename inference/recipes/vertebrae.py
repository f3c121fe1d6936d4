"""Recipes for networks that read vertebrae on films: ours, and the published ones it is compared with."""

from dataclasses import dataclass
from typing import ClassVar

from inference.recipes.base import Channel, Precision, Ranges, Recipe, Schedule, Target


@dataclass(frozen=True, kw_only=True)
class VertebraRecipe(Recipe):
    """For the finder and the strip network (`networks.straightened`), which are trained side by side.

    `width`, `finder_width`: channels of their stems. Augmentation: `flip_probability`; `rotate_deg`,
    deviation of the film's turn for the finder; `loosest`, the least share of the finder's canvas that a
    film is shrunk to; `wander`, deviation of the wrong ends of a centreline as a share of its length;
    `gamma`, the exposure's exponent lies within exp(+-gamma). `leave_odd`: films whose labels are out of
    order or name a vertebra twice are not learned from.
    """

    kind: ClassVar[str] = "vertebrae"
    architectures: ClassVar[tuple[str, ...]] = ("straightened",)
    ranges: ClassVar[Ranges] = {
        "width": (2, 128),
        "finder_width": (2, 128),
        "flip_probability": (0, 1),
        "rotate_deg": (0, 45),
        "loosest": (0.2, 1),
        "wander": (0, 0.05),
        "gamma": (0, 2),
    }
    shaping: ClassVar[tuple[str, ...] | None] = ("width", "finder_width")

    target: Target = "radiograph"
    channels: tuple[Channel, ...] = ("colour",)
    architecture: str = "straightened"
    epochs: int = 60
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    precision: Precision = "bf16-mixed"
    width: int = 16
    finder_width: int = 12
    flip_probability: float = 0.5
    rotate_deg: float = 7.0
    loosest: float = 0.5
    wander: float = 0.02
    gamma: float = 0.6
    leave_odd: bool = True


@dataclass(frozen=True, kw_only=True)
class CascadeRecipe(Recipe):
    """For seed 004 (`networks.cascade`). `epochs` counts those of each stage.

    `stages` of each step; `centre_modes` and `corner_modes`: how many PCA values a stage regresses; `pca`
    off is the paper's ablation of figure 7, which regresses the coordinates themselves. `initial_noise`:
    deviation added to the starting shape's normalised coordinates when the network is scored (figure 8). The
    paper halves the rate after each epoch. It says 8 modes for the centres and none for the corners: 6 of 8
    here.
    """

    kind: ClassVar[str] = "cascade"
    architectures: ClassVar[tuple[str, ...]] = ("cascade",)
    ranges: ClassVar[Ranges] = {
        "stages": (1, 5),
        "centre_modes": (1, 34),
        "corner_modes": (1, 8),
        "initial_noise": (0, 0.2),
    }

    target: Target = "radiograph"
    channels: tuple[Channel, ...] = ("colour",)
    architecture: str = "cascade"
    epochs: int = 8
    batch: int = 2
    learning_rate: float = 5e-4
    stages: int = 3
    centre_modes: int = 8
    corner_modes: int = 6
    pca: bool = True
    initial_noise: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RegressionRecipe(Recipe):
    """For seed 002 (`networks.bpd_cnn`). `bpd_weight`: alpha of its equation 3; 0 is the paper's baseline.

    `height_px`, `width_px`: every film is resized to this, its shape not kept, as in the paper.
    """

    kind: ClassVar[str] = "regression"
    architectures: ClassVar[tuple[str, ...]] = ("bpd-cnn",)
    ranges: ClassVar[Ranges] = {"bpd_weight": (0, 10), "height_px": (64, 2048), "width_px": (32, 1024)}
    shaping: ClassVar[tuple[str, ...] | None] = ("height_px", "width_px")

    target: Target = "radiograph"
    channels: tuple[Channel, ...] = ("colour",)
    architecture: str = "bpd-cnn"
    epochs: int = 100
    batch: int = 4
    learning_rate: float = 1e-4
    schedule: Schedule = "constant"
    bpd_weight: float = 0.01
    height_px: int = 1024
    width_px: int = 512

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("height_px", "width_px"):
            if getattr(self, name) % 32:
                raise ValueError(f"{name}: must be a multiple of 32")


RECIPES: tuple[Recipe, ...] = (
    VertebraRecipe(
        name="vertebrae",
        title="Vertebrae T1 to L5",
        summary="Finds the spine, straightens the film along it and reads 17 vertebrae with their "
        "uncertainty: our best.",
    ),
    VertebraRecipe(
        name="vertebrae-trial",
        title="Vertebrae, trial run",
        summary="Two epochs of a tiny network: shows that data, worker and pages work.",
        width=4,
        finder_width=4,
        epochs=2,
        batch=2,
        least_samples=4,
    ),
    CascadeRecipe(
        name="vertebrae-cascade",
        title="Vertebrae by a cascade (Wang 2022)",
        summary="Seed 004 as published: PCA-constrained offsets, three stages for centres, three for "
        "corners.",
    ),
    CascadeRecipe(
        name="vertebrae-cascade-no-pca",
        title="Vertebrae by a cascade, without PCA",
        summary="The ablation of figure 7: coordinates are regressed as they are, in five stages.",
        pca=False,
        stages=5,
    ),
    CascadeRecipe(
        name="vertebrae-cascade-five-stages",
        title="Vertebrae by a cascade of five stages",
        summary="The other line of figure 7: how the error falls and rises again from stage to stage.",
        stages=5,
    ),
    CascadeRecipe(
        name="vertebrae-cascade-far-start",
        title="Vertebrae by a cascade from a disturbed start",
        summary="Figure 8: how far the starting shape may be off.",
        initial_noise=0.02,
    ),
    RegressionRecipe(
        name="vertebrae-bpd",
        title="Vertebrae by regression with bipartite distances (seed 002)",
        summary="A plain CNN to coordinates whose loss also compares all distances across the spine.",
    ),
    RegressionRecipe(
        name="vertebrae-mse",
        title="Vertebrae by plain regression (seed 002's baseline)",
        summary="The same network by mean squared error alone: alpha is 0.",
        bpd_weight=0.0,
    ),
)
