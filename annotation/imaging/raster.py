"""PNG, JPEG and TIFF pictures of unknown origin: opened with their size checked first, upright, in a known
form.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

from PIL import (
    ExifTags,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
)

from annotation.imaging.errors import ImagingError
from annotation.imaging.jpeg import read_head

MAX_PIXELS = 64_000_000
MAX_SIDE_PX = 20_000
PLUGINS: Final = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    TiffImagePlugin.TiffImageFile,
)
"""The only readers a file may reach; naming them spares Pillow the loading of all its others."""
GRAY_16: Final = ("I;16", "I;16B", "I;16L", "I;16N")
PHOTOMETRIC_INTERPRETATION = 262
WHITE_IS_ZERO = 0
INVERTED_BYTES = bytes(range(255, -1, -1))

DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow raises on broken files (`SyntaxError` for a broken header, `struct.error` for short TIFF
entries ...).
"""


class RasterError(ImagingError):
    """A picture file cannot be used."""


@dataclass(frozen=True)
class Raster:
    """A decoded picture, upright, without metadata.

    image: Pillow image of mode "L" (8-bit gray), "I;16" (16-bit gray) or "RGB". format: JPEG, PNG or TIFF.
    turned: the file asked for a rotation that was carried out. notes: what was changed, one sentence each.
    """

    image: Image.Image
    format: str
    turned: bool
    notes: tuple[str, ...]

    @property
    def bit_depth(self) -> int:
        return 16 if self.image.mode == "I;16" else 8

    @property
    def channels(self) -> int:
        return 3 if self.image.mode == "RGB" else 1


def check_size(width: int, height: int) -> None:
    """RasterError where a picture is empty or larger than any film (before anything is decoded)."""
    if width < 1 or height < 1:
        raise RasterError("The image has no pixels.")
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise RasterError(
            f"The image claims {width} x {height} pixels; at most {MAX_SIDE_PX} a side and "
            f"{MAX_PIXELS // 1_000_000} million in all can be read."
        )


def read_raster(content: bytes) -> Raster:
    """Decode a whole PNG, JPEG or TIFF. RasterError (one sentence) where it is broken, too large or of a kind
    that has no meaning here (floating point, more than 16 bits)."""
    try:
        with Image.open(io.BytesIO(content), formats=[plugin.format for plugin in PLUGINS]) as image:
            check_size(*image.size)
            # Pillow is content without the last bytes, and then checks no checksum.
            if image.format == "PNG" and content.rfind(b"IEND") < content.rfind(b"IDAT"):
                raise RasterError("The image is cut off or damaged.")
            if image.format in ("JPEG", "MPO") and read_head(content).precision != 8:
                raise RasterError("The JPEG image does not have 8 bits per sample.")
            deep_colour = image.mode.startswith("RGB") and any("16" in str(tile.args) for tile in image.tile)
            image.load()
            return _plain(image, ["The colours were reduced from 16 to 8 bits."] if deep_colour else [])
    except ImagingError:
        raise
    except UnidentifiedImageError as error:
        raise RasterError("The file is not a readable PNG, JPEG or TIFF image.") from error
    except Image.DecompressionBombError as error:
        raise RasterError("The image claims more pixels than can be read.") from error
    except MemoryError as error:
        raise RasterError("The image needs more memory to be read than is allowed.") from error
    except DECODE_ERRORS as error:
        raise RasterError("The image is cut off or damaged.") from error


def _plain(image: Image.Image, notes: list[str]) -> Raster:
    if getattr(image, "n_frames", 1) > 1:
        notes.append("The file holds several pictures; the first was taken.")
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    turned = orientation in range(2, 9)
    plain = _known_mode(image, notes)
    if turned:
        plain.getexif()[ExifTags.Base.Orientation] = orientation
        plain = ImageOps.exif_transpose(plain)
        notes.append("The picture was turned upright as its file asked.")
    plain.info.clear()
    file_format = "JPEG" if image.format == "MPO" else str(image.format)
    return Raster(plain, file_format, turned, tuple(notes))


def _known_mode(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode in GRAY_16:
        return _gray_16(image)
    if image.mode in ("L", "RGB"):
        return image.copy()
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "I":
        return _from_32_bits(image)
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa"):
        return _without_alpha(image, notes)
    if image.mode in ("CMYK", "YCbCr", "LAB", "RGBX"):
        notes.append("The colours were converted to RGB.")
        return image.convert("RGB")
    raise RasterError(f"Pictures of the kind {image.mode!r} (floating point, say) cannot be used.")


def _gray_16(image: Image.Image) -> Image.Image:
    raw = image.tobytes("raw", "I;16")
    inverted = getattr(image, "tag_v2", {}).get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    if inverted:
        raw = raw.translate(INVERTED_BYTES)
    return Image.frombytes("I;16", image.size, raw)


def _from_32_bits(image: Image.Image) -> Image.Image:
    low, high = image.getextrema()
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low >= 0 and high <= 65535):
        raise RasterError("The image holds values outside 16 bits, which no X-ray or depth image has.")
    return image.convert("I;16")


def _without_alpha(image: Image.Image, notes: list[str]) -> Image.Image:
    full = image.convert("RGBA")
    colour, alpha = full.convert("RGB"), full.getchannel("A")
    if alpha.getextrema() != (255, 255):
        notes.append("Transparent parts were made black.")
        colour = Image.composite(colour, Image.new("RGB", full.size), alpha)
    return colour.convert("L") if image.mode in ("LA", "La") else colour
