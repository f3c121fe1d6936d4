"""The report's experiments: what differs from row to row, and what the report found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from inference.recipes import landmarks, synthesis
from inference.recipes.landmarks import LandmarkRecipe
from inference.recipes.synthesis import SynthesisRecipe

AnyRecipe = LandmarkRecipe | SynthesisRecipe


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment. `paper`: its figures in the report, by our names of them."""

    name: str
    recipe: AnyRecipe
    paper: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report. All rows share everything but what the table is about."""

    number: int
    title: str
    kind: Literal["landmarks", "synthesis"]
    rows: tuple[Row, ...]


def _mse(value: float) -> dict[str, float]:
    """The report's squared errors are in 1e-5."""
    return {"heatmap_mse": value * 1e-5}


def _film(intersection: float, hashed: float) -> dict[str, float]:
    """The report does not name its hash; it stands beside all three."""
    return {"histogram_intersection": intersection, "hash": hashed}


def _landmarks(name: str, paper: float, **changes: Any) -> Row:
    return Row(name, replace(landmarks.PAPER, **changes), _mse(paper))


def _synthesis(name: str, paper: tuple[float, float], **changes: Any) -> Row:
    return Row(name, replace(synthesis.PAPER, **changes), _film(*paper))


_UNMOVED = {"flip_probability": 0.0, "move_probability": 0.0, "depth_offset_mm": 0.0}
_SQUARE = {"film_width_px": 256, "film_height_px": 256}
_LARGE = {"film_width_px": 256, "film_height_px": 512}

TABLES: dict[int, Table] = {
    table.number: table
    for table in (
        Table(
            4,
            "What the landmark network sees",
            "landmarks",
            (
                _landmarks("Depth", 5.816, channels=("depth",)),
                _landmarks("RGB", 6.285, channels=("colour",)),
                _landmarks("RGB-D", 4.747),
            ),
        ),
        Table(
            5,
            "Augmentation of training and test",
            "landmarks",
            (
                _landmarks("training", 4.747),
                _landmarks("training and test", 5.247, moved="both"),
                _landmarks("neither", 5.798, moved="neither"),
                _landmarks("test", 25.356, moved="tests"),
            ),
        ),
        Table(
            6,
            "Standardisation",
            "landmarks",
            (
                _landmarks("none", 26.744, standardise="none"),
                _landmarks("min-max, whole pictures", 17.989, standardise="minmax"),
                _landmarks("min-max, backs", 19.801, standardise="minmax-back"),
                _landmarks("z-score, whole pictures", 4.747, standardise="zscore"),
                _landmarks("z-score, backs", 8.591, standardise="zscore-back"),
            ),
        ),
        Table(
            9,
            "What the generator sees",
            "synthesis",
            (
                _synthesis("RGB", (0.775, 11.15), channels=("colour",), landmarks=False),
                _synthesis("Depth", (0.836, 10.2), channels=("depth",), landmarks=False),
                _synthesis("RGB-D", (0.813, 9.425), landmarks=False),
                _synthesis("RGB, landmarks", (0.826, 10.15), channels=("colour",)),
                _synthesis("Depth, landmarks", (0.847, 9.4), channels=("depth",)),
                _synthesis("RGB-D, landmarks", (0.9, 5.675)),
            ),
        ),
        Table(
            13,
            "Augmentation and dropout",
            "synthesis",
            (
                _synthesis("neither", (0.771, 14.375), dropout=False, **_UNMOVED),
                _synthesis("augmentation", (0.862, 9.825), dropout=False),
                _synthesis("dropout", (0.883, 7.125), **_UNMOVED),
                _synthesis("both", (0.9, 5.675)),
            ),
        ),
        Table(
            15,
            "Generators and sizes",
            "synthesis",
            (
                _synthesis("U-Net 128, 256 x 256", (0.497, 6.5), architecture="unet128", **_SQUARE),
                _synthesis("U-Net 256, 256 x 256", (0.483, 6.15), architecture="unet256", **_SQUARE),
                _synthesis("ResNet-6, 128 x 256", (0.871, 6.0), architecture="resnet6"),
                _synthesis("ResNet-9, 128 x 256", (0.9, 5.675)),
                _synthesis("ResNet-6, 256 x 512", (0.323, 8.125), architecture="resnet6", **_LARGE),
                _synthesis("ResNet-9, 256 x 512", (0.817, 9.25), **_LARGE),
            ),
        ),
        Table(
            17,
            "Weight of L1",
            "synthesis",
            tuple(
                _synthesis(f"{weight:g}", paper, l1_weight=weight)
                for weight, paper in (
                    (2.5, (0.878, 9.875)),
                    (5.0, (0.834, 9.775)),
                    (10.0, (0.9, 5.675)),
                    (15.0, (0.772, 6.225)),
                    (30.0, (0.367, 6.375)),
                )
            ),
        ),
    )
}


def small(recipe: AnyRecipe) -> AnyRecipe:
    """The same experiment at a size for a CPU: what is compared stays, the network and its time shrink.

    Its figures tell the rows apart from one another, at best; beside the report's they mean little.
    """
    if isinstance(recipe, LandmarkRecipe):
        return replace(recipe, image_px=128, width=6, epochs=12, learning_rate=1e-3)
    return replace(recipe, width=8, discriminator_width=8, epochs=8, batch=4, learning_rate=1e-3)
