"""What a person may ask of a run beside its size and its seed."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from inference.phantom.curves import SEVERITIES

CHOICES: Final = {
    "severity": ("mixed", *SEVERITIES),
    "film": ("png", "png16", "dicom"),
    "direction": ("PA", "AP", "mixed"),
    "anomaly": ("none", "brace", "rods", "missing-lung", "mixed"),
    "colour": ("720p", "1080p"),
}


@dataclass(frozen=True)
class Options:
    """severity: of the largest curve. film: how the radiograph is stored (8-bit PNG, 16-bit PNG, DICOM DX).
    direction: of the beam. anomaly: what else a film shows. colour: mode of the colour camera. mkv: a burst
    of 15 frames as a recording in the place of the picture and the depth map. skin_bias: bare skin reads
    8-15 mm too far, as it does to a time-of-flight camera. `CHOICES` has what the texts may be.
    """

    severity: str = "mixed"
    film: str = "png"
    direction: str = "PA"
    anomaly: str = "none"
    colour: str = "720p"
    mkv: bool = False
    skin_bias: bool = False

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")

    def as_dict(self) -> dict[str, Any]:
        """For truth.json."""
        return asdict(self)
