"""Pinhole cameras with OpenCV's rational distortion, and the pair of cameras of an RGB-D sensor.

Pixel convention. A `Camera` counts pixels as all of SpineWeb does: continuous, (0, 0) at the outer corner
of the first pixel, so the centre of pixel [row 0, column 0] is (0.5, 0.5). OpenCV and the Azure Kinect SDK
put (0, 0) at that centre instead. Hence exactly `cx = cx_opencv + 0.5`, `cy = cy_opencv + 0.5`, and each
pixel coordinate likewise; focal lengths, distortion and everything in mm are the same in both. Files say
which one they use in `pixel_origin`: "corner" or "centre".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from capture_agent.k4a.fields import CameraError, mapping, number, numbers, pixel_origin_offset, whole

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
AnyFloat = TypeVar("AnyFloat", np.float32, np.float64)

DEFAULT_METRIC_RADIUS = 1.7
"""The largest undistorted radius (at z = 1) the SDK projects where the calibration names none."""

MAX_SIDE_PX = 32_768
NEWTON_PASSES = 20
NEWTON_TOLERANCE_PX = 1e-3


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with the OpenCV rational model.

    width, height: the image, px. fx, fy: focal lengths, px. cx, cy: principal point, px, (0, 0) = outer
    corner. distortion: k1 k2 p1 p2 k3 k4 k5 k6 (OpenCV's order). metric_radius: where the model ends, as
    radius at z = 1.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = (0.0,) * 8
    metric_radius: float = DEFAULT_METRIC_RADIUS

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            side = getattr(self, name)
            if not (isinstance(side, int) and 0 < side <= MAX_SIDE_PX):
                raise CameraError(
                    f"The camera's {name} must be a whole number of pixels from 1 to {MAX_SIDE_PX}."
                )
        if len(self.distortion) != 8:
            raise CameraError("The camera needs eight distortion coefficients: k1 k2 p1 p2 k3 k4 k5 k6.")
        numbers = (self.fx, self.fy, self.cx, self.cy, self.metric_radius, *self.distortion)
        if not all(math.isfinite(number) for number in numbers):
            raise CameraError("Each number of the camera must be finite.")
        if self.fx <= 0 or self.fy <= 0:
            raise CameraError("The camera's focal lengths fx and fy must be larger than 0.")
        if self.metric_radius <= 0:
            raise CameraError("The camera's metric_radius must be larger than 0.")

    def project(self, points_mm: ArrayLike) -> tuple[Floats, Mask]:
        """Pixels of points in this camera's frame.

        points_mm: (..., 3), x right, y down, z forward. Returns (..., 2) px and (...) bool: in front of
        the camera and within the model's radius (not: inside the image). Where False the pixel is NaN.
        """
        points = np.asarray(points_mm, dtype=np.float64)
        z = points[..., 2]
        ahead = z > 0
        rays = points[..., :2] / np.where(ahead, z, 1.0)[..., None]
        valid = ahead & ((rays**2).sum(axis=-1) <= self.metric_radius**2)
        pixels = self.pixels_of_rays(np.where(valid[..., None], rays, 0.0))
        return np.where(valid[..., None], pixels, np.nan), valid

    def unproject(self, pixels_px: ArrayLike) -> tuple[Floats, Mask]:
        """Rays (x / z, y / z) of pixels: the inverse of `project`, by Newton steps.

        pixels_px: (..., 2). Returns (..., 2) and (...) bool: the model has an answer there; NaN where False.
        Multiply by the depth to come to mm.
        """
        goal = np.asarray(pixels_px, dtype=np.float64)
        rays = self._first_guess(goal)
        inside = np.ones(goal.shape[:-1], dtype=bool)
        error = np.zeros_like(goal)
        with np.errstate(all="ignore"):
            for _ in range(NEWTON_PASSES):
                error = goal - self.pixels_of_rays(rays)
                step = self._newton_step(rays, error)
                inside &= (rays**2).sum(axis=-1) <= self.metric_radius**2
                rays = np.where(inside[..., None], rays + step, rays)
                if not np.any(np.abs(step[inside]) > 1e-12):
                    break
            error = goal - self.pixels_of_rays(rays)
            valid = inside & ((error**2).sum(axis=-1) <= NEWTON_TOLERANCE_PX**2)
        return np.where(valid[..., None], rays, np.nan), valid

    def pixel_rays(self) -> tuple[Floats, Mask]:
        """Rays through all pixel centres: (height, width, 2) and (height, width) bool, as `unproject`."""
        x, y = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return self.unproject(np.stack([x, y], axis=-1))

    def pixels_of_rays(self, rays: NDArray[AnyFloat]) -> NDArray[AnyFloat]:
        """Pixels (..., 2) of rays (..., 2) at z = 1, in the precision of `rays`; the radius is not looked at.

        The order of the operations is the SDK's, so that in single precision the rounding is, too.
        """
        k1, k2, p1, p2, k3, k4, k5, k6 = self.distortion
        x, y = rays[..., 0], rays[..., 1]
        x2, y2, xy2 = x * x, y * y, 2 * (x * y)
        r2 = x2 + y2
        r4 = r2 * r2
        r6 = r4 * r2
        gain = (1 + k1 * r2 + k2 * r4 + k3 * r6) * (1 / (1 + k4 * r2 + k5 * r4 + k6 * r6))
        u = x * gain + ((r2 + 2 * x2) * p2 + xy2 * p1)
        v = y * gain + ((r2 + 2 * y2) * p1 + xy2 * p2)
        return np.stack([u * self.fx + self.cx, v * self.fy + self.cy], axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready description that `from_dict` reads back exactly."""
        return {
            "pixel_origin": "corner",
            "width": self.width,
            "height": self.height,
            **{name: getattr(self, name) for name in ("fx", "fy", "cx", "cy", "metric_radius")},
            "distortion": list(self.distortion),
        }

    @classmethod
    def from_dict(cls, data: object) -> Camera:
        """Read a description; without `pixel_origin` it is taken to be OpenCV's ("centre").

        Raises CameraError that names the missing or wrong entry.
        """
        entries = mapping(data, "The camera")
        offset = pixel_origin_offset(entries)
        distortion = numbers(entries.get("distortion", [0.0] * 8), None, "distortion")
        if len(distortion) not in (0, 4, 5, 8):
            raise CameraError(
                "The entry distortion must hold 4, 5 or 8 numbers in OpenCV's order k1 k2 p1 p2 k3 ..."
            )
        return cls(
            width=whole(entries, "width"),
            height=whole(entries, "height"),
            fx=number(entries, "fx"),
            fy=number(entries, "fy"),
            cx=number(entries, "cx") + offset,
            cy=number(entries, "cy") + offset,
            distortion=(*distortion, *(0.0,) * (8 - len(distortion))),
            metric_radius=number(entries, "metric_radius", DEFAULT_METRIC_RADIUS),
        )

    def _first_guess(self, pixels: Floats) -> Floats:
        k1, k2, _, _, k3, k4, k5, k6 = self.distortion
        rays = (pixels - (self.cx, self.cy)) / (self.fx, self.fy)
        r2 = (rays**2).sum(axis=-1, keepdims=True)
        with np.errstate(all="ignore"):
            guess = rays * (1 + r2 * (k4 + r2 * (k5 + r2 * k6))) / (1 + r2 * (k1 + r2 * (k2 + r2 * k3)))
        return np.where(np.isfinite(guess), guess, rays)

    def _newton_step(self, rays: Floats, error_px: Floats) -> Floats:
        k1, k2, p1, p2, k3, k4, k5, k6 = self.distortion
        x, y = rays[..., 0], rays[..., 1]
        r2 = x * x + y * y
        above = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
        slope = (
            2
            * ((k1 + r2 * (2 * k2 + 3 * k3 * r2)) * below - above * (k4 + r2 * (2 * k5 + 3 * k6 * r2)))
            / below**2
        )
        gain, mixed = above / below, x * y * slope + 2 * (p1 * x + p2 * y)
        du_dx = gain + x * x * slope + 2 * p1 * y + 6 * p2 * x
        dv_dy = gain + y * y * slope + 2 * p2 * x + 6 * p1 * y
        du, dv = error_px[..., 0] / self.fx, error_px[..., 1] / self.fy
        determinant = du_dx * dv_dy - mixed * mixed
        return np.stack([dv_dy * du - mixed * dv, du_dx * dv - mixed * du], axis=-1) / determinant[..., None]


@dataclass(frozen=True)
class Calibration:
    """A depth camera, a colour camera and the way from one to the other.

    rotation (3 rows of 3) and translation_mm (3): `point_colour = rotation @ point_depth +
    translation_mm`, in mm.
    """

    depth: Camera
    colour: Camera
    rotation: tuple[tuple[float, float, float], ...]
    translation_mm: tuple[float, float, float]
    serial: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        matrix = np.asarray(self.rotation, dtype=np.float64)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise CameraError("The rotation from depth to colour must be three rows of three finite numbers.")
        if np.abs(matrix @ matrix.T - np.eye(3)).max() > 1e-3 or np.linalg.det(matrix) < 0:
            raise CameraError("The rotation from depth to colour is not a rotation matrix.")
        if len(self.translation_mm) != 3 or not np.isfinite(self.translation_mm).all():
            raise CameraError("The translation from depth to colour must be three finite numbers in mm.")

    def colour_from_depth(self, points_mm: ArrayLike) -> Floats:
        """Points (..., 3) of the depth camera's frame, in the colour camera's frame, mm."""
        moved: Floats = (
            np.asarray(points_mm, dtype=np.float64) @ np.asarray(self.rotation).T + self.translation_mm
        )
        return moved

    def depth_from_colour(self, points_mm: ArrayLike) -> Floats:
        """Points (..., 3) of the colour camera's frame, in the depth camera's frame, mm."""
        moved: Floats = (np.asarray(points_mm, dtype=np.float64) - self.translation_mm) @ np.asarray(
            self.rotation
        )
        return moved

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready description that `from_dict` reads back exactly."""
        way = {"rotation": [list(row) for row in self.rotation], "translation_mm": list(self.translation_mm)}
        return {"depth": self.depth.to_dict(), "colour": self.colour.to_dict(), "colour_from_depth": way}

    @classmethod
    def from_dict(cls, data: object) -> Calibration:
        """Read a description with `depth`, `colour` (or `color`) and `colour_from_depth`; CameraError if
        it is wrong.
        """
        entries = mapping(data, "The calibration")
        colour = entries.get("colour", entries.get("color"))
        way = mapping(
            entries.get("colour_from_depth", entries.get("color_from_depth")), "The entry colour_from_depth"
        )
        flat = numbers(np.ravel(np.asarray(way.get("rotation"), dtype=object)).tolist(), 9, "rotation")
        x, y, z = numbers(way.get("translation_mm"), 3, "translation_mm")
        return cls(
            depth=Camera.from_dict(mapping(entries.get("depth"), "The entry depth")),
            colour=Camera.from_dict(mapping(colour, "The entry colour")),
            rotation=tuple((flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]) for i in range(3)),
            translation_mm=(x, y, z),
        )
