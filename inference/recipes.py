"""How a network is trained: one frozen dataclass, saved beside the weights, and the recipes by name.

A recipe knows nothing of torch: the web side lists and checks recipes, the trainer obeys them.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

Target = Literal["back", "radiograph"]
Channel = Literal["colour", "depth"]
Precision = Literal["32-true", "bf16-mixed"]
# The registry in `networks.registry` holds exactly these; a test keeps it so.
ARCHITECTURES = ("unet",)

# The lowest and highest value that makes sense; anything else is a slip of the pen.
_RANGES: dict[str, tuple[float, float]] = {
    "image_px": (32, 2048),
    "heatmap_stride": (1, 8),
    "heatmap_sigma": (0.5, 16),
    "width": (2, 128),
    "epochs": (1, 10_000),
    "batch": (1, 512),
    "least_samples": (1, 100_000),
    "learning_rate": (1e-7, 1),
    "weight_decay": (0, 1),
    "seed": (0, 2**31 - 1),
    "foreground_weight": (0, 1000),
    "flip_probability": (0, 1),
    "rotate_deg": (0, 180),
    "translate_fraction": (0, 0.5),
    "scale_fraction": (0, 0.9),
    "brightness_fraction": (0, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, but the data. Raises ValueError naming the field at fault.

    `image_px`: the picture is fitted into a square of this side. `heatmap_stride`: input pixels per heatmap
    cell; `heatmap_sigma`: the Gaussian's width in cells. `width`: channels of the first level.
    `least_samples`: one epoch goes through a small set again and again, each time moved anew, until so many
    samples were seen. `foreground_weight`: how much more the loss counts a cell at a landmark than an empty
    one. Augmentation: rotation is uniform in +-`rotate_deg`, shift in +-`translate_fraction` of the side,
    scale in 1 +- `scale_fraction`, brightness in 1 +- `brightness_fraction`.
    A setting added later must default to what was done before it.
    """

    name: str
    title: str
    summary: str
    target: Target
    channels: tuple[Channel, ...]
    architecture: str = "unet"
    image_px: int = 256
    heatmap_stride: int = 2
    heatmap_sigma: float = 2.0
    width: int = 16
    epochs: int = 20
    batch: int = 8
    least_samples: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    seed: int = 1
    foreground_weight: float = 20.0
    flip_probability: float = 0.5
    rotate_deg: float = 15.0
    translate_fraction: float = 0.08
    scale_fraction: float = 0.1
    brightness_fraction: float = 0.2
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field.name, field.type, getattr(self, field.name))
        if self.architecture not in ARCHITECTURES:
            raise ValueError(f"architecture: {self.architecture!r} is not one of: {', '.join(ARCHITECTURES)}")
        if self.target not in get_args(Target):
            raise ValueError(f"target: {self.target!r} is neither 'back' nor 'radiograph'")
        if self.precision not in get_args(Precision):
            raise ValueError(f"precision: {self.precision!r} is not one of: {', '.join(get_args(Precision))}")
        allowed = get_args(Channel) if self.target == "back" else ("colour",)
        if not self.channels or any(channel not in allowed for channel in self.channels):
            raise ValueError(f"channels: a {self.target} recipe takes one or more of: {', '.join(allowed)}")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("channels: one of them is named twice")
        if self.image_px % 16:
            raise ValueError("image_px: must be a multiple of 16")
        if self.heatmap_stride not in {1, 2, 4, 8}:
            raise ValueError("heatmap_stride: must be 1, 2, 4 or 8")

    @property
    def heatmap_px(self) -> int:
        """The side of a heatmap in cells."""
        return self.image_px // self.heatmap_stride

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """A recipe read from JSON. Raises ValueError that begins with the field at fault."""
        if not isinstance(data, Mapping):
            raise ValueError("recipe: give an object")
        known = {field.name: field for field in dataclasses.fields(cls)}
        for name in data:
            if name not in known:
                raise ValueError(f"{name}: a recipe has no such setting")
        for name, field in known.items():
            if field.default is dataclasses.MISSING and name not in data:
                raise ValueError(f"{name}: is missing")
        values = dict(data)
        if isinstance(values["channels"], list):
            values["channels"] = tuple(values["channels"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal recipe back."""
        return {**dataclasses.asdict(self), "channels": list(self.channels)}

    def with_changes(self, changes: Mapping[str, object]) -> Self:
        """The recipe with some settings changed; name, target and channels belong to it and stay.

        Raises ValueError that begins with the field at fault.
        """
        for name in changes:
            if name in {"name", "title", "summary", "target", "channels", "architecture"}:
                raise ValueError(f"{name}: belongs to the recipe; choose another recipe instead")
        return self.from_dict({**self.to_dict(), **changes})


def _check(name: str, kind: object, value: object) -> None:
    """One field's type and range, as declared."""
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{name}: must be a whole number, not {value!r}")
    if kind is float and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name}: must be a number, not {value!r}")
    if kind is str and not isinstance(value, str):
        raise ValueError(f"{name}: must be a text, not {value!r}")
    if name == "channels" and not isinstance(value, tuple):
        raise ValueError("channels: give a list")
    if name in _RANGES:
        low, high = _RANGES[name]
        if not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"{name}: must lie between {low:g} and {high:g}, not {value!r}")


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="back-rgbd-small",
            title="Back, colour and depth, small",
            summary="A small U-Net on colour and registered depth: minutes on a laptop, for a first look.",
            target="back",
            channels=("colour", "depth"),
        ),
        Recipe(
            name="back-rgb-small",
            title="Back, colour only, small",
            summary="The same network without depth, to see what depth adds.",
            target="back",
            channels=("colour",),
        ),
        Recipe(
            name="back-depth-small",
            title="Back, depth only, small",
            summary="The same network on depth alone: works in any light and shows no face.",
            target="back",
            channels=("depth",),
            brightness_fraction=0.0,
        ),
        Recipe(
            name="radiograph-small",
            title="X-ray, small",
            summary="A small U-Net on radiographs, for C7 and sacrum or for vertebra corners.",
            target="radiograph",
            channels=("colour",),
            rotate_deg=8.0,
            scale_fraction=0.15,
            brightness_fraction=0.3,
        ),
        Recipe(
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
}
