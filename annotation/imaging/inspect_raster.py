"""Inspection of PNG, JPEG and TIFF files: X-rays, colour pictures of a back, 16-bit depth maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from annotation.imaging.depth import shade
from annotation.imaging.errors import ImagingError
from annotation.imaging.radiograph import canonical, thumbnail, to_gray, view
from annotation.imaging.raster import Raster, read_raster
from annotation.imaging.results import Output

FEW = 0.001


def inspect_raster(content: bytes, output: Output, options: dict[str, Any]) -> None:
    """Decode, store exactly, and make a view and a thumbnail.

    options["as"]: "radiograph", "colour", "depth" or None: what the person says it is. Undecided 16-bit
    pictures that look like a depth map in mm become kind "depth16", everything else "raster".
    """
    meant = options.get("as")
    raster = read_raster(content)
    if meant == "radiograph":
        raster = to_gray(raster)
    if meant == "depth" and raster.bit_depth != 16:
        raise ImagingError("A depth image must be a PNG or TIFF with 16 bits of gray (mm).")
    if raster.bit_depth == 16 and (meant == "depth" or (meant is None and looks_like_depth(raster))):
        output.kind = "depth16"
    stored = canonical(raster, content)
    output.add_image("pixels", stored)
    shown = (
        Image.fromarray(shade(np.asarray(raster.image))) if output.kind == "depth16" else view(raster.image)
    )
    if raster.bit_depth == 16:
        output.add_image("view", canonical(Raster(shown, "PNG", False, ()), b""))
    output.add_image("thumbnail", thumbnail(shown))
    output.found |= {"format": raster.format, "spacing_mm": None, "calibration": "none"}
    output.warn(*raster.notes)


def looks_like_depth(raster: Raster) -> bool:
    """Whether hardly any value lies where a film has its shadows and a depth camera nothing: in 1..249 or far
    beyond 5.5 m."""
    values = np.asarray(raster.image)
    measured = values[values > 0]
    if measured.size == 0:
        return False
    strange = ((measured < 250) | (measured > 8000)).mean()
    return bool(strange < FEW)
