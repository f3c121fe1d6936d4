"""DICOM radiographs: which files are accepted, and their pixels, checked before they are decoded.

Accepted are single images of computed or digital radiography (CR, DX) and scanned films (secondary
capture), MONOCHROME1 or 2, 8 to 16 bits. Size, samples and frames are taken from the header and, for
compressed pixels, from the code stream as well, and both must agree, before a decoder sees them. Deflated
files are inflated up to a limit.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    MediaStorageDirectoryStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from annotation.imaging.errors import ImagingError
from annotation.imaging.jpeg import read_head
from annotation.imaging.raster import check_size

MAX_INFLATED_BYTES = 160 << 20
RADIOGRAPHY = {
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
}
SCANNED_FILM_MODALITIES = {"", "CR", "DX", "RG", "XA", "RF", "OT", "SC"}

PARSE_ERRORS = (
    InvalidDicomError,
    OSError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    zlib.error,
)
"""What pydicom and its decoders raise on broken files (RecursionError is a RuntimeError)."""


class DicomError(ImagingError):
    """A DICOM file is damaged or not a radiograph that can be imported."""


@dataclass(frozen=True)
class DicomPixels:
    """Decoded pixels. stored: (rows, columns) uint8 or uint16, the file's values; where they were signed they
    are counted from the lowest possible one. bits: significant bits. lowest: the value that `stored` 0
    stands for. inverted: MONOCHROME1, low values are bright.
    """

    stored: NDArray[np.uint8] | NDArray[np.uint16]
    bits: int
    lowest: int
    inverted: bool

    def bone_bright(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The values turned so that bone is bright, (rows, columns)."""
        return self.stored.dtype.type((1 << self.bits) - 1) - self.stored if self.inverted else self.stored


def is_dicom(head: bytes) -> bool:
    """Whether the first 132 bytes of a file say that it is DICOM."""
    return head[128:132] == b"DICM"


def read_dicom(content: bytes) -> Dataset:
    """Parse a file that `is_dicom`, and accept it as a radiograph. DicomError (one sentence) otherwise."""
    try:
        dataset = _parse(content)
        _check_kind(dataset)
        _check_pixels(dataset)
    except ImagingError:
        raise
    except RecursionError as error:
        raise DicomError("The DICOM file nests its sequences too deeply.") from error
    except MemoryError as error:
        raise DicomError("The DICOM file needs more memory to be read than is allowed.") from error
    except PARSE_ERRORS as error:
        raise DicomError("The DICOM file is cut off or damaged.") from error
    return dataset


def decode_pixels(dataset: Dataset) -> DicomPixels:
    """Decode the pixels of what `read_dicom` accepted; DicomError where they are cut off or damaged."""
    try:
        syntax = dataset.file_meta.TransferSyntaxUID
        _check_stream(dataset, syntax)
        values, _ = get_decoder(syntax).as_array(dataset, raw=True)
        return _unsigned(np.asarray(values), dataset)
    except ImagingError:
        raise
    except MemoryError as error:
        raise DicomError("The pixels need more memory to be decoded than is allowed.") from error
    except PARSE_ERRORS as error:
        raise DicomError("The pixels of the DICOM file are cut off or damaged.") from error


def _parse(content: bytes) -> Dataset:
    """The file's dataset with its file_meta; unlike `pydicom.dcmread` it never inflates without a limit."""
    file = io.BytesIO(content)
    read_preamble(file, force=False)
    meta = FileMetaDataset(read_dataset(file, False, True, stop_when=lambda tag, _vr, _size: tag >> 16 != 2))
    syntax = UID(str(meta.get("TransferSyntaxUID", "")))
    if not syntax.is_transfer_syntax or syntax.is_private:
        raise DicomError(
            "The DICOM file does not say how it is encoded (its transfer syntax is missing or unknown)."
        )
    body = io.BytesIO(_inflate(file.read())) if syntax == DeflatedExplicitVRLittleEndian else file
    dataset = read_dataset(body, syntax.is_implicit_VR, syntax.is_little_endian)
    dataset.file_meta = meta
    return dataset


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(packed, MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise DicomError(f"The DICOM file inflates to more than {MAX_INFLATED_BYTES >> 20} MB.")
    if not inflater.eof:
        raise DicomError("The DICOM file is cut off.")
    return plain


def _check_kind(dataset: Dataset) -> None:
    meta = getattr(dataset, "file_meta", Dataset())
    kind = UID(str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID", "")))
    if kind == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise DicomError("This is a DICOMDIR, a table of contents; import the image files it lists.")
    modality = str(dataset.get("Modality") or "").strip()
    scanned = kind == SecondaryCaptureImageStorage and modality in SCANNED_FILM_MODALITIES
    if kind not in RADIOGRAPHY and not scanned:
        name = kind.name if kind.name != kind else "an object of unknown kind"
        raise DicomError(f"This DICOM file is not a radiograph (CR or DX) but {name[:80]}.")


def _check_pixels(dataset: Dataset) -> None:
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if "PixelData" not in dataset and rows and columns:
        # Its header describes an image: a copy that was interrupted, the usual reason on a network drive.
        raise DicomError(
            "The DICOM file describes a picture but holds no image: it was cut off; copy it again."
        )
    if "PixelData" not in dataset:
        raise DicomError("The DICOM file holds no image.")
    check_size(columns, rows)
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise DicomError("The DICOM file holds several frames; only single radiographs can be imported.")
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if int(dataset.get("SamplesPerPixel") or 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise DicomError("The DICOM image is in colour; only gray radiographs can be imported.")
    allocated, stored = int(dataset.get("BitsAllocated") or 0), int(dataset.get("BitsStored") or 0)
    if (
        allocated not in (8, 16)
        or not 1 < stored <= allocated
        or int(dataset.get("HighBit", -1)) != stored - 1
    ):
        raise DicomError("The DICOM image must have 8 to 16 bits per pixel, stored from the lowest bit up.")
    if int(dataset.get("PixelRepresentation") or 0) not in (0, 1):
        raise DicomError("The DICOM image does not say whether its values are signed.")


def _check_stream(dataset: Dataset, syntax: UID) -> None:
    """Refuse pixel data that is too short, or a code stream that claims another size than the header."""
    wanted = int(dataset.Columns), int(dataset.Rows)
    if not syntax.is_compressed or syntax == DeflatedExplicitVRLittleEndian:
        if len(dataset.PixelData) < wanted[0] * wanted[1] * int(dataset.BitsAllocated) // 8:
            raise DicomError("The pixels of the DICOM file are cut off.")
        return
    if syntax not in (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes, RLELossless):
        raise DicomError(f"The DICOM image is compressed as {syntax.name[:60]}, which is not supported.")
    stream = get_frame(dataset.PixelData, 0, number_of_frames=1)
    if syntax == RLELossless:
        return
    if syntax in JPEG2000TransferSyntaxes:
        claimed = _jpeg_2000_size(stream)
    else:
        head = read_head(stream)
        claimed = (head.width, head.height, head.components)
    if claimed != (*wanted, 1):
        raise DicomError("The compressed image does not have the size that the DICOM header claims.")


def _jpeg_2000_size(stream: bytes) -> tuple[int, int, int]:
    """Width, height and components of the SIZ segment (ITU-T T.800, A.5.1)."""
    start = stream.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(stream) < start + 44:
        raise DicomError("The JPEG 2000 image is cut off or damaged.")
    right, bottom, left, top, tile_width, tile_height = struct.unpack(">6I", stream[start + 8 : start + 32])
    components = int.from_bytes(stream[start + 40 : start + 42], "big")
    if not (tile_width and tile_height) or (right // tile_width + 1) * (bottom // tile_height + 1) > 65_535:
        raise DicomError("The JPEG 2000 image claims an impossible tiling.")
    return right - left, bottom - top, components


def _unsigned(values: NDArray[Any], dataset: Dataset) -> DicomPixels:
    bits = int(dataset.BitsStored)
    if values.shape != (int(dataset.Rows), int(dataset.Columns)):
        raise DicomError("The decoded image does not have the size that the DICOM header claims.")
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    raw: NDArray[np.int32] = values.astype(np.int32) & ((1 << bits) - 1)
    lowest = 0
    if signed:
        lowest = -(1 << (bits - 1))
        raw ^= 1 << (bits - 1)
    return DicomPixels(
        stored=raw.astype(np.uint8) if bits <= 8 else raw.astype(np.uint16),
        bits=bits,
        lowest=lowest,
        inverted=dataset.PhotometricInterpretation == "MONOCHROME1",
    )
