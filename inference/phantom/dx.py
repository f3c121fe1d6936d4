"""The radiograph as a DICOM Digital X-Ray Image (PS3.3 A.26), with what an X-ray room would write into it."""

import hashlib
import io
from datetime import timedelta
from typing import Final

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from inference.phantom.design import StudyDesign
from inference.phantom.morphometry import Floats
from inference.phantom.radiograph import quantised

KILOVOLTS: Final = 85


def dicom_bytes(design: StudyDesign, grey: Floats) -> bytes:
    """The file of a film (h, w), 0..1, bone bright. Equal designs give equal bytes."""
    machine = design.machine
    values = quantised(grey, machine.bits)
    if machine.inverted:
        values = np.uint16((1 << machine.bits) - 1) - values
    dataset = Dataset()
    _describe(dataset, design)
    _geometry(dataset, design)
    _pixels(dataset, values.shape, machine.bits, machine.inverted)
    dataset.PixelData = values.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("spineweb phantom")
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _describe(dataset: Dataset, design: StudyDesign) -> None:
    """Patient, study and series: an invented child whose data shall be removed on the way in."""
    day = design.visit_date.strftime("%Y%m%d")
    name = f"{design.seed}/{design.index}"
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = _uid(f"{name}/image")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = day
    dataset.StudyTime = dataset.ContentTime = dataset.AcquisitionTime = "101500"
    dataset.AccessionNumber = ""
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.Manufacturer, dataset.ManufacturerModelName = "SpineWeb", "Phantom"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Whole spine, simulated"
    dataset.PatientName, dataset.PatientID = f"Phantom^{design.index + 1:04d}", design.pseudonym
    dataset.PatientSex = design.sex
    born = design.visit_date - timedelta(days=round(365.25 * (design.age_years + 0.5)))
    dataset.PatientBirthDate = born.strftime("%Y%m%d")
    dataset.PatientAge = f"{design.age_years:03d}Y"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _uid(f"{name}/study"), _uid(f"{name}/series")
    dataset.StudyID = ""
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.BodyPartExamined = "SPINE"
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator = "421060004", "SCT"
    region.CodeMeaning = "Spine"
    dataset.AnatomicRegionSequence = [region]


def _geometry(dataset: Dataset, design: StudyDesign) -> None:
    """View, orientation, distances, and both spacings: on the detector, and in the plane of the sacrum."""
    film = design.film
    dataset.ViewPosition = "AP" if film.turned else "PA"
    dataset.PatientOrientation = ["L", "F"] if film.turned else ["R", "F"]
    dataset.ImageLaterality = "U"
    dataset.KVP = KILOVOLTS
    dataset.DistanceSourceToDetector = _decimal(film.detector_z_mm - film.source_mm[2])
    dataset.DistanceSourceToPatient = _decimal(-film.source_mm[2])
    dataset.EstimatedRadiographicMagnificationFactor = _decimal(film.magnification)
    dataset.ImagerPixelSpacing = [_decimal(film.spacing_mm)] * 2
    dataset.PixelSpacing = [_decimal(film.spacing_mm / film.magnification)] * 2
    dataset.PixelSpacingCalibrationType = "FIDUCIAL"
    dataset.PixelSpacingCalibrationDescription = "ball beside the spine"
    dataset.BurnedInAnnotation = "NO"


def _pixels(dataset: Dataset, shape: tuple[int, ...], bits: int, inverted: bool) -> None:
    dataset.Rows, dataset.Columns = shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter, dataset.WindowWidth = str(1 << (bits - 1)), str(1 << bits)
    dataset.LossyImageCompression = "00"


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.6f}"


def _uid(name: str) -> UID:
    """A UID derived from a UUID (PS3.5 B.2), the same for the same name."""
    return UID(f"2.25.{int.from_bytes(hashlib.sha256(name.encode()).digest()[:15], 'big')}")
