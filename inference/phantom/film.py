"""The X-ray set-up: a point source on one side of the child, a flat detector on the other, its projection."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.phantom.morphometry import Floats

HALF_TURN: Final = np.array([-1.0, 1.0, -1.0])


@dataclass(frozen=True)
class Film:
    """Cone beam onto an upright detector, stored as the tube sees it.

    Film frame: the body frame where the tube stands behind the child (PA: the patient's right at the image's
    right); turned half round about the vertical where it stands in front (`turned`, AP: the patient's right
    at the image's left). source_mm: (x, y, z) of the focal spot; detector_z_mm: plane of the detector;
    left_mm and top_mm: its upper left corner; all in the film frame. spacing_mm: size of a pixel on the
    detector. width, height: px.
    """

    source_mm: tuple[float, float, float]
    detector_z_mm: float
    left_mm: float
    top_mm: float
    spacing_mm: float
    width: int
    height: int
    turned: bool = False

    @property
    def focal_px(self) -> float:
        """Distance from source to detector, in pixels."""
        return (self.detector_z_mm - self.source_mm[2]) / self.spacing_mm

    @property
    def centre_px(self) -> tuple[float, float]:
        """Pixel under the source (its perpendicular foot)."""
        x, y, _ = self.source_mm
        return (x - self.left_mm) / self.spacing_mm, (y - self.top_mm) / self.spacing_mm

    @property
    def magnification(self) -> float:
        """Of what lies in the plane of the sacrum: detector distance over patient distance."""
        return (self.detector_z_mm - self.source_mm[2]) / -self.source_mm[2]

    def holding(self, points_mm: Floats, margin_px: float) -> "Film":
        """The detector moved, and widened if it must be, until it shows these points of the body."""
        pixels = self.project(points_mm)
        low, high = pixels.min(0) - margin_px, pixels.max(0) + margin_px
        width = max(self.width, int(np.ceil(high[0] - low[0])))
        left = min(low[0], 0.0) + max(high[0] - width, 0.0)
        top = min(low[1], 0.0) + max(high[1] - self.height, 0.0)
        return replace(
            self,
            left_mm=self.left_mm + float(left) * self.spacing_mm,
            top_mm=self.top_mm + float(top) * self.spacing_mm,
            width=width,
        )

    def from_body(self, points_mm: Floats) -> Floats:
        """Body frame (..., 3) -> film frame, mm."""
        return np.asarray(points_mm * HALF_TURN if self.turned else points_mm)

    def project(self, points_mm: Floats) -> Floats:
        """Body-frame points (..., 3) in mm -> pixels (..., 2), (0, 0) at the outer corner of the first."""
        relative = self.from_body(points_mm) - np.asarray(self.source_mm)
        flat = relative[..., :2] * (self.focal_px / relative[..., 2:])
        return np.asarray(flat + np.asarray(self.centre_px))

    def project_from_behind(self, points_mm: Floats) -> Floats:
        """As `project`, on the image shown with the patient's right at the right."""
        pixels = self.project(points_mm)
        if self.turned:
            pixels[..., 0] = self.width - pixels[..., 0]
        return pixels
