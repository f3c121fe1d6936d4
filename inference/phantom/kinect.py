"""An Azure Kinect behind the child: its two cameras, where it stands, and what its depth frame looks like.

Depth: NFOV unbinned, 640 x 576, uint16 mm, one frame or the mean of a burst; colour: 720p or 1080p. Noise,
holes and flying pixels after Tölgyessy et al., Sensors 21:413 (2021), and Kurillo et al., Sensors 22:2469
(2022).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Calibration, Camera
from inference.phantom.mesh import Mesh
from inference.phantom.morphometry import Floats
from inference.phantom.skin import HAIR, SKIN, Outside
from inference.phantom.surface import Visible, visible

DEPTH_SIZE: Final = (640, 576)
COLOUR_SIZES: Final = {"720p": (1280, 720), "1080p": (1920, 1080)}
FRAMES_IN_BURST: Final = 15
VALID_RADIUS_PX: Final = 372.0
"""The NFOV field of view is a hexagon inscribed in about this radius."""
FARTHEST_MM: Final = 3860.0


@dataclass(frozen=True)
class Stand:
    """Pose of the depth camera: ``point_camera = rotation @ point_body + translation_mm``."""

    rotation: Floats
    translation_mm: Floats

    def camera_from_body(self, points: Floats) -> Floats:
        """Body-frame points (..., 3), mm -> depth camera frame."""
        return np.asarray(points @ self.rotation.T + self.translation_mm)


def draw_calibration(rng: np.random.Generator, colour_mode: str) -> Calibration:
    """A plausible device: nominal intrinsics with the spread between units, colour tilted 6 deg to depth."""
    # The colour modes are one sensor, scaled: 1080p shows what 720p shows.
    enlarged = COLOUR_SIZES[colour_mode][1] / 720
    spread = rng.normal(0, 1, 8)
    depth = Camera(
        *DEPTH_SIZE,
        fx=504.3 + 0.5 * spread[0],
        fy=504.4 + 0.5 * spread[0],
        cx=320.5 + 2.5 * spread[1],
        cy=329.5 + 2.5 * spread[2],
        distortion=(0.6, 0.05, -7e-05, 3e-05, -0.001, 0.93, 0.15, 0.002),
    )
    colour = Camera(
        *COLOUR_SIZES[colour_mode],
        fx=enlarged * (606.5 + 1.5 * spread[3]),
        fy=enlarged * (606.3 + 1.5 * spread[3]),
        cx=enlarged * (638.5 + 2.5 * spread[4]),
        cy=enlarged * (366.5 + 2.5 * spread[5]),
        distortion=(0.4, -2.5, 4e-04, -1.5e-04, 1.5, 0.28, -2.3, 1.42),
    )
    tilt = np.radians(6.0 + 0.25 * spread[6])
    cos, sin = float(np.cos(tilt)), float(np.sin(tilt))
    rotation = ((1.0, 0.0, 0.0), (0.0, cos, sin), (0.0, -sin, cos))
    return Calibration(depth, colour, rotation, (-32.0, -2.0 + 0.2 * float(spread[7]), 4.0))


def draw_stand(rng: np.random.Generator, column_mm: float) -> Stand:
    """A camera 1.2-1.8 m behind the child, roughly level, roughly centred on the back."""
    yaw, roll = rng.normal(0, 2.5), rng.normal(0, 0.8)
    # The depth camera looks 6 deg lower than the colour camera, whose axis meets the middle of the back.
    pitch = 6.0 + rng.normal(0, 2.0)
    rotation = _turn("z", roll) @ _turn("x", pitch) @ _turn("y", yaw)
    distance = rng.uniform(1200.0, 1780.0)
    aim = np.array([rng.normal(0, 18.0), -0.52 * column_mm + rng.normal(0, 25.0), -80.0])
    away = np.array([0.0, -distance * np.tan(np.radians(pitch)), distance])
    return Stand(rotation, away - rotation @ aim)


def see(camera: Camera, points: Floats, mesh: Mesh) -> Visible:
    """Z-buffer of ``mesh``, wound outward, whose vertices are ``points`` (V, 3) in the camera's frame."""
    pixels, valid = camera.project(points)
    ahead = valid & (points[:, 2] > 200.0)
    corner = pixels[mesh.triangles]
    d1, d2 = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    towards = d1[:, 0] * d2[:, 1] < d1[:, 1] * d2[:, 0]
    number = np.flatnonzero(ahead[mesh.triangles].all(1) & towards)
    seen = visible(np.nan_to_num(pixels), points[:, 2], mesh.triangles[number], camera.width, camera.height)
    triangle = np.where(seen.triangle >= 0, number[seen.triangle], -1)
    return Visible(seen.depth, triangle, seen.weights)


def depth_frame(
    seen: Visible,
    body: Outside,
    scene: Mesh,
    rng: np.random.Generator,
    *,
    frames: int = FRAMES_IN_BURST,
    skin_bias_mm: float = 0.0,
) -> NDArray[np.uint16]:
    """What the sensor reports: (576, 640) uint16 mm, 0 where it knows nothing.

    frames: how many are averaged. skin_bias_mm: how much too far bare skin reads, because light comes back
    from below its surface.
    """
    true = np.where(np.isfinite(seen.depth), seen.depth, 0.0)
    material = np.concatenate([body.material, np.full(len(scene.vertices) - len(body.material), 9.0)])
    kind = seen.nearest(scene.triangles, material)
    sigma = (1.1 + 0.9 * (true / 1500.0) ** 2) / np.sqrt(frames)
    noise = rng.standard_normal(true.shape)
    measured = (
        true
        + skin_bias_mm * (kind == SKIN)
        + sigma * (0.85 * noise + 0.9 * cv2.GaussianBlur(noise, (0, 0), 1.2))
    )
    measured = _flying_pixels(measured, rng)
    lost = (kind == HAIR) & (cv2.GaussianBlur(rng.random(true.shape), (0, 0), 1.5) > 0.505)
    lost |= _steep(true) & (rng.random(true.shape) < 0.75)
    lost |= ~_field(true.shape) | (true <= 0) | (true > FARTHEST_MM)
    return np.where(lost, 0, np.clip(np.rint(measured), 0, 65535)).astype(np.uint16)


def _steep(depth: Floats) -> NDArray[np.bool_]:
    """Pixels on a jump of depth: the sensor mixes two distances there and mostly rejects them."""
    near, far = cv2.erode(depth, np.ones((3, 3))), cv2.dilate(depth, np.ones((3, 3)))
    return np.asarray(far - near > 0.045 * np.maximum(near, 300.0))


def _flying_pixels(depth: Floats, rng: np.random.Generator) -> Floats:
    """At a jump, a value somewhere between its two sides."""
    jump = _steep(depth)
    near, far = cv2.erode(depth, np.ones((3, 3))), cv2.dilate(depth, np.ones((3, 3)))
    mix = near + (far - near) * rng.random(depth.shape) ** 2
    return np.where(jump & (rng.random(depth.shape) < 0.7), mix, depth)


def _field(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The hexagonal field that the NFOV mode illuminates."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    x, y = x + 0.5 - shape[1] / 2, y + 0.5 - shape[0] / 2
    inside = np.abs(x) < 318.0
    for angle in np.radians([55.0, 125.0]):
        inside &= np.abs(x * np.cos(angle) + y * np.sin(angle)) < VALID_RADIUS_PX * 0.93
    return np.asarray(inside)


def _turn(axis: str, degrees: float) -> Floats:
    a, i = np.radians(degrees), "xyz".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.eye(3)
    matrix[j, j] = matrix[k, k] = np.cos(a)
    matrix[j, k], matrix[k, j] = -np.sin(a), np.sin(a)
    return matrix
