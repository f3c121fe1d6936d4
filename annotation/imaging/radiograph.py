"""Radiographs from picture files: gray, stored once and exactly, with an 8-bit view and a thumbnail.

Everything written here is free of metadata: no EXIF, no comments, no embedded thumbnails.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from annotation.imaging.jpeg import read_head, strip_metadata
from annotation.imaging.raster import Raster

THUMBNAIL_PX = 256
THUMBNAIL_QUALITY = 80
PNG_LEVEL = 1
STRETCH_PERCENT = (0.5, 99.5)

Lut = NDArray[np.uint8]


@dataclass(frozen=True)
class EncodedImage:
    """A picture as the bytes of a file. bit_depth: of the values it holds (12 for a 12-bit film in a
    16-bit PNG).
    """

    content: bytes
    media_type: str
    width: int
    height: int
    bit_depth: int
    channels: int


def to_gray(raster: Raster) -> Raster:
    """The picture as gray values; a colour picture is converted and says so in its notes."""
    if raster.channels == 1:
        return raster
    red, green, blue = raster.image.split()
    same = not any(ImageChops.difference(red, other).getbbox() for other in (green, blue))
    note = "The picture was stored in colour but is gray." if same else "The colours were converted to gray."
    gray = red if same else raster.image.convert("L")
    return replace(raster, image=gray, notes=(*raster.notes, note))


def canonical(raster: Raster, content: bytes) -> EncodedImage:
    """The stored form: the picture's values exactly, in a form every browser reads.

    An upright JPEG whose pixels were used as they are keeps its compressed stream (`content`, without its
    metadata); everything else becomes a PNG of 8 or 16 bits.
    """
    width, height = raster.image.size
    if raster.format == "JPEG" and not raster.turned and _is_own_stream(raster, content):
        return EncodedImage(strip_metadata(content), "image/jpeg", width, height, 8, raster.channels)
    return EncodedImage(
        encode_png(raster.image), "image/png", width, height, raster.bit_depth, raster.channels
    )


def encode_png(image: Image.Image) -> bytes:
    """A PNG of an "L", "I;16" or "RGB" image, compressed quickly."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=PNG_LEVEL)
    return buffer.getvalue()


def view(image: Image.Image, lut: Lut | None = None) -> Image.Image:
    """The picture with 8 bits per sample, to be looked at.

    A 16-bit image goes through `lut` (its own values 0..len(lut)-1 -> 0..255, by default a stretch between
    its 0.5 and 99.5 percentiles); an 8-bit one too where a LUT is given.
    """
    if image.mode != "I;16" and lut is None:
        return image
    values = np.asarray(image)
    table = stretch_lut(values) if lut is None else lut
    return Image.fromarray(table[np.minimum(values, len(table) - 1)])


def stretch_lut(values: NDArray[np.uint8] | NDArray[np.uint16]) -> Lut:
    """(65536,) uint8: linear between the 0.5 and 99.5 percentiles of the values."""
    counts = np.bincount(values.ravel(), minlength=65536)
    shares = np.cumsum(counts) / max(values.size, 1)
    low, high = (int(np.searchsorted(shares, percent / 100)) for percent in STRETCH_PERCENT)
    ramp = (np.arange(65536) - low) / max(high - low, 1)
    lut: Lut = np.rint(255 * np.clip(ramp, 0, 1)).astype(np.uint8)
    return lut


def thumbnail(image: Image.Image, side_px: int = THUMBNAIL_PX) -> EncodedImage:
    """A JPEG of an "L" or "RGB" image of at most `side_px` a side."""
    small = image.copy()
    small.thumbnail((side_px, side_px), Image.Resampling.BOX, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY)
    return EncodedImage(buffer.getvalue(), "image/jpeg", *small.size, 8, len(small.getbands()))


def _is_own_stream(raster: Raster, content: bytes) -> bool:
    return read_head(content).components == raster.channels
