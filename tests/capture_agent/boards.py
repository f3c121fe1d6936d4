"""Boards as the cameras of a calibration see them: exact depth, a checkerboard in colour and in infrared."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from capture_agent.k4a.camera import Calibration, Camera

Points = NDArray[np.float64]
PIXEL_MM = 0.7
"""Half of what a pixel of either camera covers at 0.8 m."""


@dataclass(frozen=True)
class Board:
    """A plane in the depth camera's frame. distance_mm: along its axis; turned_deg: about x and about y.
    squares of the pattern are square_mm wide; corners: inner corners across and down, the pattern's middle on
    the camera's axis."""

    distance_mm: float = 800.0
    turned_deg: tuple[float, float] = (0.0, 0.0)
    square_mm: float = 30.0
    corners: tuple[int, int] = (8, 5)

    @property
    def axes(self) -> NDArray[np.float64]:
        """(3, 3): across, down, away from the camera."""
        a, b = np.radians(self.turned_deg)
        about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        turned: NDArray[np.float64] = (about_y @ about_x).T
        return turned


@cache
def rays_of(camera: Camera) -> Points:
    return camera.pixel_rays()[0]


def hits(board: Board, camera: Camera, origin_mm: Points, turn: Points) -> tuple[Points, Points]:
    """Where the ray of each pixel meets the board: z in the camera's own frame, and (..., 2) mm on the board.

    origin_mm, turn: the camera in the depth camera's frame, `depth = turn @ own + origin`.
    """
    rays = rays_of(camera)
    own = np.concatenate([rays, np.ones((*rays.shape[:2], 1))], axis=-1)
    ways = own @ turn.T
    centre = np.array([0, 0, board.distance_mm])
    along = ((centre - origin_mm) @ board.axes[2]) / (ways @ board.axes[2])
    met = origin_mm + ways * along[..., None] - centre
    return along, np.stack([met @ board.axes[0], met @ board.axes[1]], axis=-1)


def depth_frames(
    board: Board, camera: Camera, count: int = 5, noise_mm: float = 0.0, bend_mm: float = 0.0
) -> list[NDArray[np.uint16]]:
    """Depth maps of the board alone; bend_mm: how far a point half a metre off the middle lies behind."""
    z, on_board = hits(board, camera, np.zeros(3), np.eye(3))
    z = np.nan_to_num(z + bend_mm * (on_board**2).sum(axis=-1) / 500**2)
    rng = np.random.default_rng(5)
    return [
        np.rint(z + rng.normal(0, noise_mm, z.shape)).clip(0, 65535).astype(np.uint16) for _ in range(count)
    ]


def pictures(board: Board, calibration: Calibration) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """The checkerboard in colour (BGR) and in infrared."""
    turn = np.asarray(calibration.rotation).T
    _, by_colour = hits(board, calibration.colour, -turn @ np.asarray(calibration.translation_mm), turn)
    _, by_depth = hits(board, calibration.depth, np.zeros(3), np.eye(3))
    gray = _pattern(board, by_colour)
    colour = np.repeat((40 + 170 * gray).astype(np.uint8)[..., None], 3, axis=-1)
    return colour, (150 + 900 * _pattern(board, by_depth)).astype(np.uint16)


def _pattern(board: Board, on_board_mm: Points) -> Points:
    across, down = board.corners
    x = on_board_mm[..., 0] / board.square_mm + (across + 1) / 2
    y = on_board_mm[..., 1] / board.square_mm + (down + 1) / 2
    sheet = (x > -1) & (x < across + 2) & (y > -1) & (y < down + 2)
    squares = (x > 0) & (x < across + 1) & (y > 0) & (y < down + 1)
    light = 0.5 - 0.5 * _edges(x, board) * _edges(y, board)
    values = np.where(sheet, np.where(squares, light, 1.0), 0.45)
    # A camera never shows an edge sharper than this.
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 0.8))


def _edges(squares: Points, board: Board) -> Points:
    """1 in even squares, -1 in odd ones, and a slope about a pixel wide between them."""
    along = np.mod(squares, 2)
    inward = np.minimum(np.mod(along, 1), 1 - np.mod(along, 1)) * board.square_mm / PIXEL_MM
    edges: Points = np.clip(np.where(along < 1, inward, -inward), -1, 1)
    return edges
