"""DICOM radiographs without a person in them.

The Basic Application Level Confidentiality Profile of PS3.15 E.1-1 with the option Retain Longitudinal
Temporal Information Modified Dates, and stricter than both: what the table does not name is kept only
where it is a number, a coded string or on a short list of texts. Where the table leaves a choice, the
attribute stays with a harmless value (X/Z empty, X/D and Z/D a dummy), so that what needs it still reads
the file. Times of day go; dates move by the subject's shift. UIDs are replaced by a keyed hash, so that
equal ones stay equal and nobody without the key can find them again. The pixels are written anew and
uncompressed, for a compressed stream has comments of its own, and bits above the stored ones are cleared.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset, FileMetaDataset, dcmwrite
from pydicom.datadict import dictionary_has_tag, keyword_for_tag
from pydicom.tag import BaseTag
from pydicom.uid import UID, ExplicitVRLittleEndian

from annotation.imaging.confidentiality import ACTIONS
from annotation.imaging.dates import shift_date
from annotation.imaging.dicom import PARSE_ERRORS, DicomPixels

IMPLEMENTATION = UID("2.25.137270937429083471021094835462374125581")
METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
KEPT_TEXTS = {"Manufacturer", "ManufacturerModelName", "RescaleType", "ModalityLUTType"}
CODE_TEXTS = {"CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"}
STANDARD_SCHEMES = {"DCM", "SRT", "SCT", "SNM3", "UCUM", "RADLEX"}
NUMBERS = {"DS", "IS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"}
LUT_VALUES = {"LUTData", "LUTDescriptor"}
CODED = re.compile(r"[A-Z0-9 _]{0,16}", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BIRTH = re.compile("Birth|Death|Calendar")
DUMMIES = {
    "AE": "ANONYMIZED",
    "AS": "000Y",
    "TM": "000000",
    "CS": "ANONYMIZED",
    "PN": "Anonymized",
    "UR": "urn:anonymized",
}
TEXTS = {"LO", "LT", "SH", "ST", "UC", "UT"}
DUMMY_TEXT = "Anonymized"


@dataclass(frozen=True)
class Deidentification:
    """How to replace what points at a person.

    date_shift_days: the same for all files of a subject. uid_key: the installation's secret. pseudonym:
    written as patient's name and number.
    """

    date_shift_days: int
    uid_key: bytes
    pseudonym: str = ""


@dataclass
class Report:
    """What was done to the attributes, by keyword; private ones, overlays and curves are only counted."""

    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    shifted: set[str] = field(default_factory=set)
    remapped: set[str] = field(default_factory=set)
    private: int = 0

    def lines(self) -> list[dict[str, Any]]:
        """For the import page: one entry an action, keywords in order."""
        named = {
            name: sorted(getattr(self, name))
            for name in ("removed", "emptied", "replaced", "shifted", "remapped")
        }
        lines: list[dict[str, Any]] = [
            {"action": name, "keywords": words} for name, words in named.items() if words
        ]
        if self.private:
            lines.append({"action": "private removed", "count": self.private})
        return lines


def deidentify(dataset: Dataset, pixels: DicomPixels, how: Deidentification) -> tuple[bytes, Report]:
    """The bytes of a new DICOM file (explicit VR little endian) and what was changed. `dataset` stays as
    it is.
    """
    report = Report()
    clean = _clean(dataset, how, report)
    clean.SpecificCharacterSet = "ISO_IR 192"
    clean.PatientID = clean.PatientName = how.pseudonym
    clean.PatientIdentityRemoved = "YES"
    clean.LongitudinalTemporalInformationModified = "MODIFIED"
    clean.DeidentificationMethod = "PS3.15 E.1-1 2026c by SpineWeb"
    clean.DeidentificationMethodCodeSequence = [_code(value, meaning) for value, meaning in METHODS]
    _write_pixels(clean, pixels)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = clean.SOPClassUID
    meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = "SPINEWEB"
    clean.file_meta = meta
    clean.preamble = b"\0" * 128
    buffer = io.BytesIO()
    dcmwrite(buffer, clean, enforce_file_format=True)
    return buffer.getvalue(), report


def remap_uid(uid: str, key: bytes) -> str:
    """The UID that stands for `uid` under `key`: 2.25. and 128 bits of an HMAC-SHA256 (PS3.5 B.2)."""
    digest = hmac.new(key, uid.strip("\0 ").encode(), hashlib.sha256).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _clean(dataset: Dataset, how: Deidentification, report: Report) -> Dataset:
    clean = Dataset()
    coded = _scheme(dataset) in STANDARD_SCHEMES
    for tag in list(dataset.keys()):
        if tag.is_private or tag.group & 0xFF00 in (0x5000, 0x6000):
            report.private += 1
            continue
        keyword = keyword_for_tag(tag) if dictionary_has_tag(tag) else ""
        element = _element(dataset, tag)
        kept = None
        if element is not None and keyword and tag.group > 0x0002 and tag.element != 0:
            kept = _cleaned(element, keyword, how, report, coded=coded)
        if kept is not None:
            clean.add(kept)
        elif keyword != "PixelData":
            report.removed.add(keyword or f"({tag.group:04X},{tag.element:04X})")
    return clean


def _element(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return dataset[tag]
    except PARSE_ERRORS:
        return None


def _cleaned(
    element: DataElement, keyword: str, how: Deidentification, report: Report, *, coded: bool
) -> DataElement | None:
    """The element as it may stay, or None."""
    action = ACTIONS.get(keyword)
    if element.VR == "UI":
        return _remapped(element, keyword, how, report) if action in (None, "U", "X/Z/U*") else None
    if action is None:
        return _kept(element, keyword, how, report, coded=coded)
    if element.VR in ("DA", "DT") and not BIRTH.search(keyword):
        moved = shift_date(str(element.value), how.date_shift_days)
        if moved:
            report.shifted.add(keyword)
            return DataElement(element.tag, element.VR, moved)
    if action in ("Z", "X/Z"):
        report.emptied.add(keyword)
        return DataElement(element.tag, element.VR, [] if element.VR == "SQ" else None)
    dummy = DUMMY_TEXT if element.VR in TEXTS else DUMMIES.get(element.VR)
    if "D" in action and dummy is not None:
        report.replaced.add(keyword)
        return DataElement(element.tag, element.VR, dummy)
    return None


def _kept(
    element: DataElement, keyword: str, how: Deidentification, report: Report, *, coded: bool
) -> DataElement | None:
    """What the table does not name: numbers, coded strings, sequences of such, and a few texts."""
    if element.VR == "SQ":
        items = [_clean(item, how, report) for item in element.value]
        return DataElement(element.tag, "SQ", [item for item in items if len(item)])
    if (element.VR in NUMBERS and all(map(_is_number, _values(element)))) or keyword in LUT_VALUES:
        return element
    if element.VR == "CS" and all(CODED.fullmatch(str(value)) for value in _values(element)):
        return element
    if keyword in KEPT_TEXTS or (coded and keyword in CODE_TEXTS):
        return element
    return None


def _remapped(element: DataElement, keyword: str, how: Deidentification, report: Report) -> DataElement:
    uids = [str(uid) for uid in _values(element)]
    if all(UID(uid).name != uid for uid in uids):
        return element
    report.remapped.add(keyword)
    return DataElement(element.tag, "UI", [remap_uid(uid, how.uid_key) for uid in uids])


def _is_number(value: object) -> bool:
    """Whether a value is what its VR promises; pydicom hands out a broken decimal string as it is."""
    return (
        DECIMAL.fullmatch(str(value).strip()) is not None
        if isinstance(value, str)
        else isinstance(value, int | float)
    )


def _values(element: DataElement) -> list[Any]:
    if element.value is None or element.value == "":
        return []
    return list(element.value) if element.VM > 1 else [element.value]


def _scheme(dataset: Dataset) -> str:
    element = _element(dataset, BaseTag(0x00080102)) if 0x00080102 in dataset else None
    return str(element.value) if element is not None else ""


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _write_pixels(clean: Dataset, pixels: DicomPixels) -> None:
    clean.BitsAllocated = 8 * pixels.stored.dtype.itemsize
    clean.BitsStored, clean.HighBit = pixels.bits, pixels.bits - 1
    stored: NDArray[Any] = pixels.stored
    if pixels.lowest:
        stored = ((stored.astype(np.int32) + pixels.lowest) & ((1 << 8 * stored.dtype.itemsize) - 1)).astype(
            stored.dtype
        )
    content = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    vr = "OB" if clean.BitsAllocated == 8 else "OW"
    clean.add(DataElement(0x7FE00010, vr, content + b"\0" * (len(content) % 2)))
