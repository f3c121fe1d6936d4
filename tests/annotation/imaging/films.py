"""Makes radiographs as DICOM files in any encoding, without a person in them."""

import io
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

GDCM_SYNTAXES = {
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14,
    "JPEG lossless SV1": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
    "RLE": gdcm.TransferSyntax.RLELossless,
}


def gradient(bits: int = 12, shape: tuple[int, int] = (60, 44)) -> NDArray[Any]:
    """(rows, columns) unsigned values over all of `bits`, with some texture."""
    rows, columns = shape
    ramp = np.linspace(0, 1, rows * columns).reshape(shape)
    ramp = (ramp + 0.02 * np.sin(np.arange(columns))) / 1.05
    values: NDArray[Any] = np.clip(ramp * ((1 << bits) - 1), 0, (1 << bits) - 1)
    return values.astype(np.uint8 if bits <= 8 else np.uint16)


def film(values: NDArray[Any], bits: int = 12, **attributes: Any) -> Dataset:
    """A DX image of these values; attributes by keyword are set last (None deletes one)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = "1.2.826.0.1.3680043.1", "1.2.826.0.1.3680043.2"
    dataset.Modality = "DX"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def to_bytes(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The file; `syntax` is one of the uncompressed or deflated ones."""
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == ExplicitVRBigEndian and dataset.BitsAllocated == 16:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset["PixelData"].VR = (
        "OB" if dataset.BitsAllocated == 8 and syntax != ImplicitVRLittleEndian else "OW"
    )
    buffer = io.BytesIO()
    dcmwrite(
        buffer,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return buffer.getvalue()


def compressed(dataset: Dataset, name: str, folder: Path) -> bytes:
    """The same film without loss in one of GDCM_SYNTAXES."""
    plain, packed = folder / "plain.dcm", folder / "packed.dcm"
    plain.write_bytes(to_bytes(dataset))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(GDCM_SYNTAXES[name]))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return packed.read_bytes()


def with_jpeg(dataset: Dataset, image: Image.Image | None = None, syntax: str = JPEGBaseline8Bit) -> bytes:
    """An 8-bit film as JPEG baseline (with `image` in its place where given: a lie about the size, say)."""
    values = np.frombuffer(dataset.PixelData, np.uint8)[: dataset.Rows * dataset.Columns]
    picture = image or Image.fromarray(values.reshape(dataset.Rows, dataset.Columns))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=95)
    return encapsulated(dataset, stream.getvalue(), syntax)


def encapsulated(dataset: Dataset, stream: bytes, syntax: str) -> bytes:
    """The film with this code stream as its only frame."""
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
