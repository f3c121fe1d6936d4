"""Picture files: exact storage, no metadata, clear refusals; JPEG streams kept as they are."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from annotation.imaging.errors import ImagingError
from annotation.imaging.jpeg import JpegError, read_head, strip_metadata
from annotation.imaging.radiograph import canonical, stretch_lut, thumbnail, to_gray, view
from annotation.imaging.raster import RasterError, read_raster
from tests.annotation.imaging.films import gradient
from tests.annotation.imaging.fixtures import shared

GRAY_8 = Image.fromarray(gradient(8, (90, 70)))
GRAY_16 = Image.fromarray(gradient(16, (90, 70)))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def values_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def with_canaries() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "canary description"
    exif.get_ifd(0x8825)[1] = "canary north"
    return encoded(GRAY_8, "JPEG", exif=exif, comment=b"canary comment") + b"canary behind the end"


def test_a_gray_jpeg_keeps_its_stream_and_loses_everything_else() -> None:
    content = with_canaries()
    stored = canonical(read_raster(content), content)
    assert stored.media_type == "image/jpeg"
    assert b"canary" in content
    assert b"canary" not in stored.content
    np.testing.assert_array_equal(values_of(stored.content), values_of(content))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 3}, {"quality": 100}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_stripping_never_changes_a_pixel(mode: str, options: dict[str, object]) -> None:
    content = encoded(GRAY_8.convert(mode), "JPEG", comment=b"canary", **options)
    stripped = strip_metadata(content)
    assert b"canary" not in stripped
    assert read_head(stripped) == read_head(content)
    np.testing.assert_array_equal(values_of(stripped), values_of(content))


def test_real_films_are_stored_exactly_and_smaller() -> None:
    films = sorted(shared("aasce/images").iterdir())[:3]
    for path in films:
        content = path.read_bytes()
        stored = canonical(read_raster(content), content)
        assert len(stored.content) <= len(content)
        np.testing.assert_array_equal(values_of(stored.content), values_of(content))


def test_a_turned_jpeg_is_stored_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(GRAY_8, "JPEG", exif=exif)
    raster = read_raster(content)
    stored = canonical(raster, content)
    assert (stored.media_type, stored.width, stored.height) == ("image/png", 90, 70)
    np.testing.assert_array_equal(values_of(stored.content), np.rot90(values_of(content), -1))
    assert any("upright" in note for note in raster.notes)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("image", [GRAY_8, GRAY_16], ids=["8 bits", "16 bits"])
def test_png_and_tiff_are_exact(kind: str, image: Image.Image) -> None:
    content = encoded(image, kind)
    stored = canonical(read_raster(content), content)
    assert stored.bit_depth == (8 if image is GRAY_8 else 16)
    np.testing.assert_array_equal(values_of(stored.content), np.asarray(image))


def test_text_in_png_and_tiff_goes() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Patient", "canary")
    for content in (encoded(GRAY_8, "PNG", pnginfo=info), encoded(GRAY_8, "TIFF", description="canary")):
        assert b"canary" in content
        raster = read_raster(content)
        assert b"canary" not in canonical(raster, content).content
        assert b"canary" not in thumbnail(raster.image).content


def test_white_is_zero_is_turned() -> None:
    content = encoded(GRAY_16, "TIFF", tiffinfo={262: 0})
    np.testing.assert_array_equal(np.asarray(read_raster(content).image), 65535 - np.asarray(GRAY_16))


def test_colour_becomes_gray_with_a_note() -> None:
    content = encoded(GRAY_8.convert("RGB"), "PNG")
    gray = to_gray(read_raster(content))
    np.testing.assert_array_equal(np.asarray(gray.image), np.asarray(GRAY_8))
    assert gray.notes == ("The picture was stored in colour but is gray.",)
    real = to_gray(read_raster(encoded(Image.new("RGB", (9, 9), (200, 10, 10)), "PNG")))
    assert real.notes == ("The colours were converted to gray.",)
    jpeg = encoded(GRAY_8.convert("RGB"), "JPEG")
    assert canonical(to_gray(read_raster(jpeg)), jpeg).media_type == "image/png"


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "I"])
def test_other_kinds_of_pixels_are_understood(mode: str) -> None:
    kind = "TIFF" if mode in ("CMYK", "I") else "PNG"
    raster = read_raster(encoded(GRAY_8.convert(mode), kind))
    assert raster.image.mode in ("L", "I;16", "RGB")
    assert raster.image.size == GRAY_8.size


def test_several_pages_and_deep_colours_are_noted() -> None:
    pages = encoded(GRAY_8, "TIFF", save_all=True, append_images=[GRAY_8])
    assert any("several pictures" in note for note in read_raster(pages).notes)
    rows = b"".join(b"\0" + b"\x12\x34" * 3 * 4 for _ in range(3))
    assert any("16 to 8" in note for note in read_raster(png(4, 3, 16, 2, rows)).notes)


def png(width: int, height: int, bits: int, colour: int, rows: bytes) -> bytes:
    """A PNG with these claims, whatever its data."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    parts = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "size", [(30_000, 30_000), (20_001, 1), (1, 20_001), (10_000, 6_401), (2**31 - 1, 2**31 - 1)]
)
def test_bombs_are_refused_by_their_claims(size: tuple[int, int]) -> None:
    with pytest.raises(RasterError, match=r"pixels|read"):
        read_raster(png(*size, 8, 0, b"\0" * 100_000))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a readable"),
        (b"\x89PNG\r\n\x1a\n", "not a readable"),
        (encoded(GRAY_8, "PNG")[:-400], "cut off"),
        (encoded(GRAY_8, "PNG")[:-12], "cut off"),
        (encoded(GRAY_8, "PNG")[:-18], "cut off"),
        (encoded(GRAY_8, "JPEG")[:-400], "cut off"),
        (encoded(GRAY_8, "GIF"), "not a readable"),
        (encoded(GRAY_8.convert("F"), "TIFF"), "floating point"),
        (encoded(Image.fromarray(np.full((9, 9), 70_000, np.int32)), "TIFF"), "outside 16 bits"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(ImagingError, match=said) as caught:
        read_raster(content)
    assert str(caught.value).endswith(".")


def test_broken_streams_are_no_jpeg() -> None:
    whole = encoded(GRAY_8, "JPEG")
    for content in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xda\0\x02",
        whole[:-2],
        whole[:30],
        b"\xff\xd8abc",
        whole[2:],
    ):
        with pytest.raises(JpegError):
            strip_metadata(content)


def test_the_view_of_a_deep_film_uses_its_own_contrast() -> None:
    values = np.full((100, 100), 2000, np.uint16)
    values[:, 50:] = 2100
    values[0, 0], values[0, 1] = 0, 65535
    shown = np.asarray(view(Image.fromarray(values)))
    assert (shown[5, 5], shown[5, 95]) == (0, 255)
    assert view(GRAY_8) is GRAY_8
    lut = stretch_lut(np.full((4, 4), 7, np.uint16))
    assert (lut[7], lut[8]) == (0, 255)


def test_thumbnails_are_small_jpegs() -> None:
    small = thumbnail(Image.fromarray(gradient(8, (1000, 400))))
    assert (small.media_type, small.width, small.height) == ("image/jpeg", 102, 256)
    assert Image.open(io.BytesIO(small.content)).size == (102, 256)
