"""What every recipe has, whatever it trains, and how one is checked and carried as JSON."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args

# What a network is for: landmarks on a back, landmarks on a film, or from the back to the film of one visit.
Target = Literal["back", "radiograph", "pair"]
Channel = Literal["colour", "depth"]
Precision = Literal["32-true", "bf16-mixed"]
# How the learning rate goes from its first value: `cosine` decays to 1 %, `half-linear` stays for half of the
# epochs and then falls in a line to 0.
Schedule = Literal["cosine", "constant", "half-linear"]
Ranges = Mapping[str, tuple[float, float]]

_CHOICES: dict[str, tuple[str, ...]] = {"precision": get_args(Precision), "schedule": get_args(Schedule)}
# What a recipe is, as against how long and how hard it trains.
_IDENTITY = frozenset({"name", "title", "summary", "target", "channels", "architecture"})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, but the data. Raises ValueError naming the field at fault.

    `least_samples`: one epoch goes through a small set again and again, each time moved anew, until so many
    samples were seen. `patience`: stop after so many epochs without a better validation; 0 never stops early.
    A setting added later must default to what was done before it.
    """

    # Of a kind of training: its name, the architectures it builds (the registry in `networks` holds exactly
    # these; a test keeps it so) and the lowest and highest value of a number that make sense; anything else
    # is a slip of the pen.
    kind: ClassVar[str]
    architectures: ClassVar[tuple[str, ...]]
    ranges: ClassVar[Ranges] = {}
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What shapes the network beside channels and architecture; None where it never begins from other weights.
    shaping: ClassVar[tuple[str, ...] | None] = None

    name: str
    title: str
    summary: str
    target: Target
    channels: tuple[Channel, ...]
    architecture: str
    epochs: int = 20
    batch: int = 8
    least_samples: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Schedule = "cosine"
    patience: int = 0
    seed: int = 1
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            self._check(field.name, field.type, getattr(self, field.name))
        allowed = ("colour",) if self.target == "radiograph" else ("colour", "depth")
        if not self.channels or any(channel not in allowed for channel in self.channels):
            raise ValueError(f"channels: a {self.target} recipe takes one or more of: {', '.join(allowed)}")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("channels: one of them is named twice")

    def _check(self, name: str, kind: object, value: object) -> None:
        """One field's type, range and choice, as declared."""
        if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError(f"{name}: must be a whole number, not {value!r}")
        if kind is float and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{name}: must be a number, not {value!r}")
        if kind is str and not isinstance(value, str):
            raise ValueError(f"{name}: must be a text, not {value!r}")
        if kind is bool and not isinstance(value, bool):
            raise ValueError(f"{name}: must be true or false, not {value!r}")
        if name == "channels" and not isinstance(value, tuple):
            raise ValueError("channels: give a list")
        if name == "target" and value not in get_args(Target):
            raise ValueError(f"target: {value!r} is not one of: {', '.join(get_args(Target))}")
        choices = {**_CHOICES, "architecture": self.architectures, **self.choices}
        if name in choices and value not in choices[name]:
            raise ValueError(f"{name}: {value!r} is not one of: {', '.join(choices[name])}")
        low_high = {**_RANGES, **self.ranges}.get(name)
        if low_high is None:
            return
        low, high = low_high
        if not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"{name}: must lie between {low:g} and {high:g}, not {value!r}")

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """A recipe of this kind read from JSON. Raises ValueError that begins with the field at fault."""
        if not isinstance(data, Mapping):
            raise ValueError("recipe: give an object")
        known = {field.name: field for field in dataclasses.fields(cls)}
        values = {name: value for name, value in data.items() if name != "kind"}
        for name in values:
            if name not in known:
                raise ValueError(f"{name}: a recipe has no such setting")
        for name, field in known.items():
            if field.default is dataclasses.MISSING and name not in values:
                raise ValueError(f"{name}: is missing")
        # JSON knows no tuples.
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `catalogue.recipe_of` gives an equal recipe back."""
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }
        return {"kind": self.kind, **plain}

    def fits(self, other: "Recipe") -> bool:
        """Whether a training by this recipe can begin from the weights of one by the other."""
        if type(self) is not type(other) or self.shaping is None:
            return False
        named = ("target", "channels", "architecture", *self.shaping)
        return all(getattr(self, name) == getattr(other, name) for name in named)

    def with_changes(self, changes: Mapping[str, object]) -> Self:
        """The recipe with some settings changed; what it is (name, target, channels, network) stays.

        Raises ValueError that begins with the field at fault.
        """
        for name in changes:
            if name in _IDENTITY:
                raise ValueError(f"{name}: belongs to the recipe; choose another recipe instead")
        return self.from_dict({**self.to_dict(), **changes})


_RANGES: Ranges = {
    "epochs": (1, 10_000),
    "batch": (1, 512),
    "least_samples": (1, 100_000),
    "learning_rate": (1e-7, 1),
    "weight_decay": (0, 1),
    "patience": (0, 10_000),
    "seed": (0, 2**31 - 1),
}


def rate_factor(schedule: Schedule, epoch: int, epochs: int) -> float:
    """The learning rate of an epoch (from 1), as a share of the first: a function, so nothing to resume.

    `cosine`: Loshchilov, Hutter: SGDR, ICLR 2017. `half-linear`: Zhu et al., CycleGAN and pix2pix's code.
    """
    share = (epoch - 1) / max(epochs - 1, 1)
    match schedule:
        case "cosine":
            return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))
        case "constant":
            return 1.0
        case "half-linear":
            kept = epochs // 2
            return 1.0 - max(0, epoch - kept) / (epochs - kept + 1)
