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


def blinded_film(content: bytes, frame: BlindFrame, *, flipped: bool) -> bytes:
    """A film (a stored PNG or JPEG view) as an 8-bit grey PNG that fills `frame`.

    Mirrored first where `flipped`, cut in width around its middle to the frame's shape, its grey values
    stretched from the 0.5th to the 99.5th percentile, reduced by area. Uncompressed, so that every film of
    a frame has the same number of bytes; without metadata. Raises RasterError for a broken film.
    """
    film = read_raster(content).image
    film = film if film.mode in ("L", "I;16") else film.convert("L")
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


def _middle(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    left = (image.width - width) // 2
    return image.crop((left, 0, left + width, image.height))
