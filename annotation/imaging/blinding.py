"""Films as a blinded reader gets them: nothing but their content may tell one kind from another.

Every film of a reader study gets one shape, one sampling, one grey scale and one encoding, and its file one
length: see `frame_of` and `blinded_film`.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from annotation.imaging.radiograph import stretch_lut
from annotation.imaging.raster import read_raster

MOST_HEIGHT_PX = 1024
LEAST_SHAPE = 0.4
"""Width over height: a spine of 45 cm bends aside by less than the 9 cm that remain on either side."""


@dataclass(frozen=True)
class BlindFrame:
    """The pixels of every film of one reader study."""

    width: int
    height: int


@dataclass(frozen=True)
class Region:
    """A part of a film, as shares of its width and height; it may reach beyond the edges."""

    left: float
    top: float
    width: float
    height: float


def spine_region(c7: tuple[float, float], sacrum: tuple[float, float], size: tuple[int, int]) -> Region:
    """From C7 down to the sacrum, half as wide as high, about the middle between the two (seed 000, 4.3.2).

    Points and `size` (width, height) in px. What networks are shown of a film, and so what their films show:
    cut to it, a real film betrays itself neither by a skull nor by hips. Raises ValueError where C7 does not
    lie above the sacrum.
    """
    height = sacrum[1] - c7[1]
    if not height > 0:
        raise ValueError("C7 must lie above the sacrum")
    left = (c7[0] + sacrum[0]) / 2 - height / 4
    return Region(left / size[0], c7[1] / size[1], height / 2 / size[0], height / size[1])


def frame_of(sizes: Iterable[tuple[int, int]]) -> BlindFrame:
    """The frame for films of these sizes, (width, height) in px, at least one.

    As tall as the shortest film, so that none is enlarged and none looks softer for it, and as narrow as the
    narrowest, so that none needs bars beside it (but for films narrower than 2:5).
    """
    found = list(sizes)
    if not found:
        raise ValueError("a frame needs at least one film")
    height = min(MOST_HEIGHT_PX, *(tall for _, tall in found))
    shape = min(1.0, *(wide / tall for wide, tall in found))
    return BlindFrame(max(1, round(height * max(LEAST_SHAPE, shape))), height)


def blinded_film(content: bytes, frame: BlindFrame, *, flipped: bool, region: Region | None = None) -> bytes:
    """A film (a stored PNG or JPEG view) as an 8-bit grey PNG that fills `frame`.

    Cut to `region` first, mirrored where `flipped`, cut in width around its middle to the frame's shape, its
    grey values stretched from the 0.5th to the 99.5th percentile, reduced by area. Uncompressed, so that
    every film of a frame has the same number of bytes; without metadata. Raises RasterError for a broken
    film.
    """
    film = read_raster(content).image
    film = film if film.mode in ("L", "I;16") else film.convert("L")
    if region is not None:
        film = _cut(film, region)
    if flipped:
        film = film.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    values = np.asarray(_middle(film, round(film.height * frame.width / frame.height)))
    cut = Image.fromarray(stretch_lut(values)[values])
    scale = min(frame.width / cut.width, frame.height / cut.height)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    small = cut.resize(size, Image.Resampling.BOX)
    sheet = Image.new("L", (frame.width, frame.height))
    sheet.paste(small, ((frame.width - size[0]) // 2, (frame.height - size[1]) // 2))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def _cut(film: Image.Image, region: Region) -> Image.Image:
    """The region's pixels, black where it reaches beyond the film."""
    left, top = round(region.left * film.width), round(region.top * film.height)
    width, height = max(1, round(region.width * film.width)), max(1, round(region.height * film.height))
    return film.crop((left, top, left + width, top + height))


def _middle(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    left = (image.width - width) // 2
    return image.crop((left, 0, left + width, image.height))
