"""The X-ray set-up: a point source behind the child, a flat detector in front (PA), and its projection."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.morphometry import Floats


@dataclass(frozen=True)
class Film:
    """Cone beam onto an upright detector, seen from behind (patient's right at the image's right).

    source_mm: (x, y, z) of the focal spot in the body frame. detector_z_mm: plane of the detector. left_mm
    and top_mm: its upper left corner. spacing_mm: size of a pixel on the detector. width, height: px.
    """

    source_mm: tuple[float, float, float]
    detector_z_mm: float
    left_mm: float
    top_mm: float
    spacing_mm: float
    width: int
    height: int

    @property
    def focal_px(self) -> float:
        """Distance from source to detector, in pixels."""
        return (self.detector_z_mm - self.source_mm[2]) / self.spacing_mm

    @property
    def centre_px(self) -> tuple[float, float]:
        """Pixel under the source (its perpendicular foot)."""
        x, y, _ = self.source_mm
        return (x - self.left_mm) / self.spacing_mm, (y - self.top_mm) / self.spacing_mm

    def project(self, points_mm: Floats) -> Floats:
        """Body-frame points (..., 3) in mm -> pixels (..., 2), (0, 0) at the outer corner of the first."""
        relative = points_mm - np.asarray(self.source_mm)
        flat = relative[..., :2] * (self.focal_px / relative[..., 2:])
        return np.asarray(flat + np.asarray(self.centre_px))
