"""DICOM radiographs: every encoding gives the same pixels; what must not be decoded is refused before it
is.
"""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
)

from annotation.imaging.acquisition import describe
from annotation.imaging.dicom import DicomError, DicomPixels, decode_pixels, read_dicom
from annotation.imaging.dicom_view import view_lut
from annotation.imaging.errors import ImagingError
from tests.annotation.imaging.films import (
    GDCM_SYNTAXES,
    compressed,
    encapsulated,
    film,
    gradient,
    to_bytes,
    with_jpeg,
)
from tests.annotation.imaging.fixtures import shared


def pixels_of(content: bytes) -> DicomPixels:
    return decode_pixels(read_dicom(content))


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_uncompressed_and_deflated_films_are_exact(syntax: str, bits: int) -> None:
    values = gradient(bits)
    found = pixels_of(to_bytes(film(values, bits), syntax))
    np.testing.assert_array_equal(found.stored, values)
    assert (found.bits, found.lowest, found.inverted) == (bits, 0, False)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("name", list(GDCM_SYNTAXES))
def test_lossless_compression_is_exact(name: str, bits: int, tmp_path: Path) -> None:
    values = gradient(bits)
    np.testing.assert_array_equal(pixels_of(compressed(film(values, bits), name, tmp_path)).stored, values)


def test_baseline_jpeg_is_read() -> None:
    values = gradient(8)
    found = pixels_of(with_jpeg(film(values, 8))).stored.astype(int)
    assert np.abs(found - values).mean() < 2


def test_monochrome1_is_turned_so_that_bone_is_bright() -> None:
    values = gradient(12)
    found = pixels_of(to_bytes(film(values, 12, PhotometricInterpretation="MONOCHROME1")))
    assert found.inverted
    np.testing.assert_array_equal(found.bone_bright(), 4095 - values)


def test_signed_values_are_counted_from_the_lowest() -> None:
    values = (gradient(12).astype(np.int16) - 2048).astype(np.int16)
    found = pixels_of(to_bytes(film(values, 12)))
    assert found.lowest == -2048
    np.testing.assert_array_equal(found.stored.astype(int) + found.lowest, values)


def test_bits_above_the_stored_ones_are_cleared() -> None:
    values = gradient(12)
    found = pixels_of(to_bytes(film(values | 0xA000, 12)))
    np.testing.assert_array_equal(found.stored, values)


@pytest.mark.parametrize("name", ["RG1_J2KI.dcm", "RG3_J2KI.dcm", "RG3_J2KR.dcm"])
def test_real_films_are_read(name: str) -> None:
    dataset = read_dicom(shared(f"dicom/{name}").read_bytes())
    found = decode_pixels(dataset)
    assert found.inverted
    lut, note = view_lut(dataset, found)
    shown = lut[found.bone_bright()]
    assert note is None
    assert shown.std() > 20
    assert describe(dataset, 0).direction in ("PA", "AP")


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "60000 x 60000"),
        ({"Rows": 0}, "no pixels"),
        ({"Rows": None}, "no pixels"),
        ({"Rows": 4000}, "cut off"),
        ({"NumberOfFrames": 12}, "several frames"),
        ({"NumberOfFrames": 2_000_000_000}, "several frames"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"BitsAllocated": 32}, "8 to 16 bits"),
        ({"BitsStored": 17}, "8 to 16 bits"),
        ({"HighBit": 15}, "8 to 16 bits"),
        ({"BitsStored": None}, "8 to 16 bits"),
        ({"PixelData": None}, "no image"),
        ({"SOPClassUID": CTImageStorage}, "not a radiograph .* CT Image Storage"),
        ({"SOPClassUID": "1.2.3.4"}, "unknown kind"),
        ({"SOPClassUID": MediaStorageDirectoryStorage}, "DICOMDIR"),
        ({"DirectoryRecordSequence": [Dataset()]}, "DICOMDIR"),
        ({"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "MR"}, "not a radiograph"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_its_reason(attributes: dict[str, Any], said: str) -> None:
    dataset = film(gradient(12), 12)
    content = attributes.get("PixelData", dataset.PixelData)
    changed = film(gradient(12), 12, **attributes)
    if content is None:
        changed.PixelData = b""
        whole = to_bytes(changed)
        whole = whole[: whole.index(b"\xe0\x7f\x10\x00")]
    else:
        if "BitsAllocated" in attributes:
            changed.BitsAllocated = 16
            whole = to_bytes(changed).replace(
                b"\x28\x00\x00\x01US\x02\x00\x10", b"\x28\x00\x00\x01US\x02\x00\x20"
            )
        else:
            whole = to_bytes(changed)
    with pytest.raises(ImagingError, match=said) as caught:
        pixels_of(whole)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_copy_that_was_interrupted_is_named_as_such(syntax: str) -> None:
    content = to_bytes(film(gradient(12), 12), syntax)
    with pytest.raises(DicomError, match="cut off"):
        pixels_of(content[: len(content) // 2])


def test_a_scanned_film_is_accepted() -> None:
    values = gradient(8)
    scan = film(values, 8, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT")
    np.testing.assert_array_equal(pixels_of(to_bytes(scan)).stored, values)


def test_a_code_stream_of_another_size_is_refused_before_it_is_decoded() -> None:
    big = Image.new("L", (9000, 7000))
    with pytest.raises(DicomError, match="size that the DICOM header claims"):
        pixels_of(with_jpeg(film(gradient(8), 8), big))
    siz = struct.pack(
        ">HHHH8IH3B", 0xFF4F, 0xFF51, 41, 0, 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0, 1, 7, 1, 1
    )
    with pytest.raises(DicomError, match="size that the DICOM header claims"):
        pixels_of(encapsulated(film(gradient(8), 8), siz + b"\0" * 40, JPEG2000Lossless))
    tiny = struct.pack(">HHHH8IH3B", 0xFF4F, 0xFF51, 41, 0, 44, 60, 0, 0, 0, 1, 0, 0, 1, 7, 1, 1)
    with pytest.raises(DicomError, match="tiling"):
        pixels_of(encapsulated(film(gradient(8), 8), tiny + b"\0" * 40, JPEG2000Lossless))


def test_a_deflated_bomb_is_refused_while_it_inflates() -> None:
    whole = to_bytes(film(gradient(8), 8), DeflatedExplicitVRLittleEndian)
    meta_end = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    chunk = b"\0" * (1 << 20)
    bomb = b"".join([packer.compress(chunk) for _ in range(400)]) + packer.flush()
    assert len(bomb) < 1 << 20
    with pytest.raises(DicomError, match="inflates to more than"):
        read_dicom(whole[:meta_end] + bomb)


def test_deep_sequences_and_false_lengths_are_refused() -> None:
    whole = to_bytes(film(gradient(8), 8), ExplicitVRLittleEndian)
    meta_end = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    undefined = b"\xff\xff\xff\xff"
    deep = (b"\x08\x00\x15\x11SQ\0\0" + undefined + b"\xfe\xff\x00\xe0" + undefined) * 5000
    claim = b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", 0x7FFFFFF0)
    for body in (deep, claim, whole[meta_end : meta_end + 40], b"", b"\xff" * 1000, claim + b"\0" * 100):
        with pytest.raises(ImagingError):
            read_dicom(whole[:meta_end] + body)


def test_no_transfer_syntax_no_guess() -> None:
    whole = to_bytes(film(gradient(8), 8))
    with pytest.raises(DicomError, match="transfer syntax"):
        read_dicom(whole.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"))


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        ({}, (None, "none")),
        ({"ImagerPixelSpacing": [0.15, 0.14]}, (0.14, "imager")),
        ({"PixelSpacing": [0.15, 0.14]}, (0.14, "imager")),
        ({"PixelSpacing": [0.15, 0.14], "ImagerPixelSpacing": [0.15, 0.14]}, (0.14, "imager")),
        ({"PixelSpacing": [0.13, 0.12], "ImagerPixelSpacing": [0.15, 0.14]}, (0.12, "calibrated")),
        ({"PixelSpacing": [0.15, 0.14], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.14, "calibrated")),
        ({"PixelSpacing": [0.0, 0.0]}, (None, "none")),
        ({"PixelSpacing": [0.0, 0.0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, "imager")),
        ({"PixelSpacing": "0.2", "PixelSpacingCalibrationType": "FIDUCIAL"}, (None, "none")),
    ],
)
def test_spacing_keeps_what_it_rests_on(
    attributes: dict[str, Any], spacing: tuple[float | None, str]
) -> None:
    found = describe(read_dicom(to_bytes(film(gradient(8), 8, **attributes))), 0)
    assert (found.spacing.x_mm, found.spacing.kind) == spacing
    impossible = attributes.get("PixelSpacing") in ([0.0, 0.0], "0.2")
    assert any("impossible" in warning for warning in found.warnings) == impossible


def test_direction_side_and_date_are_taken_over() -> None:
    dataset = film(
        gradient(8),
        8,
        ViewPosition="PA",
        PatientOrientation=["L", "F"],
        ImageLaterality="U",
        AcquisitionDate="20240229",
        Manufacturer="Maker",
        ManufacturerModelName="Model 1",
        BurnedInAnnotation="NO",
    )
    found = describe(read_dicom(to_bytes(dataset)), -60)
    assert (found.direction, found.from_behind, found.laterality) == ("PA", False, "U")
    assert (found.captured_on, found.device, found.burned_in) == ("2023-12-31", "Maker Model 1", False)
    assert found.warnings == ()
    behind = read_dicom(to_bytes(film(gradient(8), 8, PatientOrientation=["R", "F"])))
    assert describe(behind, 0).from_behind
    strange = film(gradient(8), 8, PatientOrientation=["X", "Y"], ViewPosition="XX", StudyDate="99999999")
    odd = describe(read_dicom(to_bytes(strange)), 0)
    assert (odd.direction, odd.from_behind, odd.captured_on) == (None, None, None)


def test_the_window_of_the_file_is_used_and_monochrome1_turned() -> None:
    values = gradient(12)
    window = {"WindowCenter": 2000, "WindowWidth": 2000}
    dataset = read_dicom(to_bytes(film(values, 12, **window)))
    found = decode_pixels(dataset)
    lut, note = view_lut(dataset, found)
    assert note is None
    assert (lut[0], lut[900], lut[3100], lut[4095]) == (0, 0, 255, 255)
    assert abs(int(lut[2000]) - 128) <= 1
    turned = read_dicom(to_bytes(film(values, 12, PhotometricInterpretation="MONOCHROME1", **window)))
    turned_pixels = decode_pixels(turned)
    turned_lut, _ = view_lut(turned, turned_pixels)
    np.testing.assert_array_equal(turned_lut[turned_pixels.bone_bright()], 255 - lut[found.stored])


def test_rescaled_values_meet_the_window() -> None:
    values = gradient(12)
    window = {"WindowCenter": 1000, "WindowWidth": 4000, "RescaleSlope": 2, "RescaleIntercept": -3000}
    dataset = read_dicom(to_bytes(film(values, 12, **window)))
    lut, _ = view_lut(dataset, decode_pixels(dataset))
    assert abs(int(lut[2000]) - 128) <= 1
    assert (lut[990], lut[3010]) == (0, 255)


def test_a_useless_window_gives_way_to_the_films_own_contrast() -> None:
    dataset = read_dicom(to_bytes(film(gradient(12), 12, WindowCenter=50_000, WindowWidth=1)))
    lut, note = view_lut(dataset, decode_pixels(dataset))
    assert lut[gradient(12)].std() > 50
    assert note is None or "contrast" in note
    broken = film(gradient(12), 12)
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4, 0, 16], [1, 2, 3, 4]
    item["LUTDescriptor"].VR = "US"
    item["LUTData"].VR = "US"
    broken.VOILUTSequence = Sequence([item])
    dataset = read_dicom(to_bytes(broken))
    lut, note = view_lut(dataset, decode_pixels(dataset))
    assert lut[gradient(12)].std() > 50
    assert note is not None


def test_a_picture_in_a_dicom_wrapper_of_zero_bytes_is_refused() -> None:
    stream = io.BytesIO()
    Image.new("L", (44, 60)).save(stream, "JPEG")
    for content in (b"\xff\xd8", stream.getvalue()[:60], stream.getvalue()[:-80]):
        with pytest.raises(ImagingError):
            pixels_of(encapsulated(film(gradient(8), 8), content, "1.2.840.10008.1.2.4.50"))
