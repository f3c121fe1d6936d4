"""Pictures that the browser tests make themselves: nobody is in them, and every pixel is known."""

import gzip
import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BACK = (320, 400)
"""Width and height of the backs, px."""


def png(pixels: NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def one_bright_pixel(width: int, height: int, column: int, row: int) -> bytes:
    """A nearly black film with one white pixel."""
    pixels = np.full((height, width), 12, np.uint8)
    pixels[row, column] = 255
    return png(pixels)


def film(seed: int, width: int = 300, height: int = 700) -> bytes:
    """A grey gradient with a bright column and some noise, different for every seed."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, width)
    pixels = 60 + 90 * np.exp(-((x / 0.25) ** 2))[None, :] + rng.normal(0, 6, (height, width))
    return png(np.clip(pixels, 0, 255).astype(np.uint8))


def back(seed: int, size: tuple[int, int] = BACK) -> tuple[bytes, bytes]:
    """A colour PNG and its registered depth (gzipped .npy, uint16 mm, 0 where nothing was seen)."""
    rng = np.random.default_rng(seed)
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((columns - width / 2) / 110) ** 2 + ((rows - height / 2) / 170) ** 2
    colour = np.empty((height, width, 3), np.uint8)
    colour[:] = (90, 110, 120)
    colour[inside < 1] = (130, 160, 200)
    colour = np.clip(colour + rng.normal(0, 4, colour.shape), 0, 255).astype(np.uint8)
    dome = 1400 + 150 * inside
    depth = np.where(inside < 1, dome, 0).astype(np.uint16)
    values = io.BytesIO()
    np.save(values, depth)
    return png(colour), gzip.compress(values.getvalue())


def spine(width: int, height: int, bend_px: float) -> list[dict[str, Any]]:
    """`vertebrae68` on a film of this size: one right or left bend of so many px, corners of equal boxes."""
    levels = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)]
    top, bottom = 0.08 * height, 0.92 * height
    points = []
    for index, level in enumerate(levels):
        share = (index + 0.5) / len(levels)
        x = width / 2 + bend_px * np.sin(np.pi * share)
        y = top + (bottom - top) * share
        slope = bend_px * np.pi * np.cos(np.pi * share) / (bottom - top)
        tilt = np.arctan(slope)
        for corner, dx, dy in (("TL", -1, -1), ("TR", 1, -1), ("BL", -1, 1), ("BR", 1, 1)):
            half_w, half_h = 0.09 * width, 0.38 * (bottom - top) / len(levels)
            px = x + dx * half_w * np.cos(tilt) + dy * half_h * np.sin(tilt)
            py = y - dx * half_w * np.sin(tilt) + dy * half_h * np.cos(tilt)
            points.append({"name": f"{level}_{corner}", "x": float(px), "y": float(py), "state": "placed"})
    return points
