"""What a source of captures is."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Calibration
from capture_agent.k4a.writing import Capture, Device
from capture_agent.protocol.messages import SourceKind

READ_WITHIN_S = 2.0
"""`read` answers or gives up within about this time, so that a camera that fell silent is noticed."""
Direction = tuple[float, float, float]


class CameraLost(Exception):
    """The camera cannot be opened or read any more; the text is one sentence for the person beside it."""


@dataclass(frozen=True)
class OpenCamera:
    """A camera that delivers. `device`: as it is written into recordings."""

    device: Device
    calibration: Calibration

    @property
    def firmware(self) -> str:
        versions = (self.device.colour_firmware, self.device.depth_firmware)
        return " / ".join(version for version in versions if version)


class Source(Protocol):
    """Used by one thread. After CameraLost it is closed and may be opened again, as often as is needed."""

    @property
    def kind(self) -> SourceKind: ...

    def open(self) -> OpenCamera:
        """Start the camera. Raises CameraLost."""

    def read(self) -> Capture:
        """The next capture, waiting for it for at most READ_WITHIN_S. Raises CameraLost.

        Its arrays and bytes belong to the caller.
        """

    def up(self) -> Direction | None:
        """The way up in the depth camera's frame (any length), or None where no sensor tells."""

    def infrared(self) -> NDArray[np.uint16] | None:
        """What the depth camera saw in infrared at the last `read`, on the pixels of its depth; None where
        the source has no such pictures. Raises CameraLost.
        """

    def close(self) -> None:
        """Let go of the camera; never raises."""
