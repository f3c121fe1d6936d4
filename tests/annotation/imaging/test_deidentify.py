"""De-identification: a canary in every attribute of PS3.15 E.1-1, plain, nested, private and beside the
dataset.
"""

import io
from typing import Any

import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from annotation.imaging.confidentiality import ACTIONS, UNNAMED
from annotation.imaging.dates import shift_date
from annotation.imaging.deidentify import Deidentification, Report, deidentify, remap_uid
from annotation.imaging.dicom import decode_pixels, read_dicom
from tests.annotation.imaging.films import film, gradient, to_bytes
from tests.annotation.imaging.fixtures import shared

HOW = Deidentification(date_shift_days=-400, uid_key=b"k" * 32, pseudonym="S-0042")
CANARIES: dict[str, Any] = {
    "DA": "19370421",
    "DT": "19370421112233.445566",
    "TM": "112233.445566",
    "UI": "1.2.3.4.19370421",
    "PN": "Canary^Bird",
    "AS": "077Y",
    "CS": "CANARY",
    "AE": "CANARY",
    "UR": "http://canary",
    "DS": "937.42",
    "IS": "937421937",
    "US": 51966,
}
REMAINS = (
    b"anary",
    b"ANARY",
    b"19370421",
    b"112233",
    b"077Y",
    b"937.42",
    b"937421937",
)
IMAGE_ATTRIBUTES = {"SOPInstanceUID", "StudyInstanceUID", "ContentDate"}


def canary_element(keyword: str) -> DataElement:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    vr = dictionary_VR(tag).split(" or ")[0]
    if vr == "SQ":
        item = Dataset()
        item.PatientName = "Canary^Nested"
        item.ImageComments = "nested canary"
        item.add(DataElement(0x00091001, "LO", "private canary"))
        return DataElement(tag, "SQ", Sequence([item]))
    if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return DataElement(tag, vr, b"canary!!")
    return DataElement(tag, vr, CANARIES.get(vr, "a canary"))


def full_of_canaries() -> Dataset:
    dataset = film(gradient(12), 12)
    for keyword in ACTIONS:
        if tag_for_keyword(keyword) is not None and (tag_for_keyword(keyword) or 0) >> 16 > 2:
            dataset.add(canary_element(keyword))
    for tag in UNNAMED:
        dataset.add(DataElement(tag, "LO", "an unnamed canary"))
    for tag, vr, value in (
        (0x00091010, "LO", "a private canary"),
        (0x00190010, "LO", "CANARY"),
        (0x50003000, "OW", b"curve canary"),
        (0x60003000, "OW", b"overlay canary "),
        (0x60020022, "LO", "overlay canary"),
        (0xFFFCFFFC, "OB", b"trailing canary "),
        (0x00081030, "LO", "canary study"),
    ):
        dataset.add(DataElement(tag, vr, value))
    nested = Dataset()
    deeper = Dataset()
    for keyword in ACTIONS:
        if tag_for_keyword(keyword) is not None and dictionary_VR(keyword) not in ("SQ", "OB", "OW"):
            deeper.add(canary_element(keyword))
    deeper.CodeValue, deeper.CodingSchemeDesignator, deeper.CodeMeaning = "C", "99CANARY", "canary code"
    nested.add(DataElement(Tag(0x0054, 0x0222), "SQ", Sequence([deeper])))
    nested.add(DataElement(0x00111001, "ST", "nested private canary"))
    dataset.ViewCodeSequence = Sequence([nested])
    dataset.ContrastBolusAgent = "canary agent"
    dataset.WindowCenterWidthExplanation = "canary window"
    return dataset


def cleaned(content: bytes, how: Deidentification = HOW) -> tuple[bytes, Dataset, Report]:
    dataset = read_dicom(content)
    copy, report = deidentify(dataset, decode_pixels(dataset), how)
    return copy, dcmread(io.BytesIO(copy)), report


def test_no_canary_survives_anywhere() -> None:
    content = bytearray(to_bytes(full_of_canaries()))
    content[:128] = b"preamble canary".ljust(128, b"!")
    content += b"\xfc\xff\xfc\xffOB\0\0\x10\0\0\0canary behind it"
    original = bytes(content)
    for trace in REMAINS:
        assert trace in original, f"the test itself plants no {trace!r}"
    copy, dataset, report = cleaned(original)
    for trace in REMAINS:
        assert trace not in copy, trace
    assert copy[:128] == b"\0" * 128
    assert dataset.PatientIdentityRemoved == "YES"
    touched = set().union(report.removed, report.emptied, report.replaced, report.shifted, report.remapped)
    missed = {
        word for word in ACTIONS if tag_for_keyword(word) and (tag_for_keyword(word) or 0) >> 16 > 2
    } - touched
    assert not missed
    assert report.private >= 5


def test_every_attribute_of_the_table_follows_its_code() -> None:
    _, dataset, report = cleaned(to_bytes(full_of_canaries()))
    for keyword, action in ACTIONS.items():
        vr = dictionary_VR(keyword) if tag_for_keyword(keyword) else ""
        if action == "X" and vr not in ("DA", "DT"):
            assert keyword not in dataset, keyword
        if action == "U" and vr == "UI" and keyword in dataset:
            assert dataset[keyword].value.startswith("2.25."), keyword
    assert {"PatientName", "PatientBirthDate", "AccessionNumber"} <= report.emptied
    assert "StudyDate" in report.shifted


def test_methods_and_pseudonym_are_written() -> None:
    _, dataset, _ = cleaned(to_bytes(film(gradient(8), 8, PatientName="Canary^Bird")))
    assert (dataset.PatientID, str(dataset.PatientName)) == ("S-0042", "S-0042")
    codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107"]
    assert dataset.LongitudinalTemporalInformationModified == "MODIFIED"
    assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_dates_move_together_and_birth_goes() -> None:
    dates = {
        "StudyDate": "20240301",
        "AcquisitionDateTime": "20240229101112.5+0100",
        "PatientBirthDate": "20100101",
    }
    _, dataset, _ = cleaned(to_bytes(film(gradient(8), 8, **dates)))
    assert (dataset.StudyDate, dataset.AcquisitionDateTime) == ("20230126", "20230125")
    assert not dataset.PatientBirthDate
    assert shift_date("2010.03.01", 1) == "20100302"
    assert [shift_date(text, 1) for text in ("", "2010", "20101332", "99991231")] == ["", "", "", ""]


def test_uids_stay_equal_among_themselves_and_need_the_key() -> None:
    dataset = film(gradient(8), 8)
    dataset.FrameOfReferenceUID = dataset.StudyInstanceUID
    _, one, _ = cleaned(to_bytes(dataset))
    _, other, _ = cleaned(to_bytes(dataset), Deidentification(0, b"another key, 16+"))
    assert one.FrameOfReferenceUID == one.StudyInstanceUID == remap_uid("1.2.826.0.1.3680043.2", HOW.uid_key)
    assert one.StudyInstanceUID != other.StudyInstanceUID
    assert one.SOPClassUID == dataset.SOPClassUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID


def test_pixels_and_geometry_are_kept() -> None:
    geometry = {
        "PixelSpacing": [0.15, 0.14],
        "ImagerPixelSpacing": [0.16, 0.15],
        "PatientOrientation": ["L", "F"],
        "ViewPosition": "PA",
        "ImageLaterality": "U",
        "WindowCenter": 2000,
        "WindowWidth": 3000,
        "PhotometricInterpretation": "MONOCHROME1",
        "Manufacturer": "Maker",
    }
    values = gradient(12)
    original = film(values | 0x5000, 12, **geometry)
    copy, dataset, _ = cleaned(to_bytes(original))
    for keyword in geometry:
        assert dataset[keyword].value == original[keyword].value, keyword
    np.testing.assert_array_equal(decode_pixels(read_dicom(copy)).stored, values)
    np.testing.assert_array_equal(dataset.pixel_array, values)


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("kind", ["u", "i"])
def test_signed_and_unsigned_pixels_come_back(bits: int, kind: str) -> None:
    values = gradient(bits)
    if kind == "i":
        values = (values.astype(np.int32) - (1 << (bits - 1))).astype(f"i{values.dtype.itemsize}")
    copy, _, _ = cleaned(to_bytes(film(values, bits)))
    found = decode_pixels(read_dicom(copy))
    np.testing.assert_array_equal(found.stored.astype(int) + found.lowest, values)


def test_a_number_that_hides_a_name_goes() -> None:
    content = to_bytes(film(gradient(8), 8, KVP="80"))
    hidden = content.replace(b"DS\x02\x0080", b"DS\x02\x00JO").replace(b"CS\x02\x00DX", b"CS\x02\x00Dx")
    assert hidden != content
    _, dataset, report = cleaned(hidden.replace(b"CS\x02\x00Dx", b"CS\x02\x00DX"))
    assert "KVP" not in dataset
    assert "KVP" in report.removed


def test_a_second_pass_changes_nothing_but_uids_and_dates() -> None:
    copy, first, _ = cleaned(to_bytes(full_of_canaries()))
    _, second, _ = cleaned(copy)
    assert set(first.dir()) == set(second.dir())
    assert first.PixelData == second.PixelData


@pytest.mark.parametrize("name", ["RG1_J2KI.dcm", "RG3_J2KR.dcm"])
def test_real_films_lose_their_names(name: str) -> None:
    content = shared(f"dicom/{name}").read_bytes()
    original = read_dicom(content)
    copy, dataset, _ = cleaned(content)
    for keyword in ("PatientName", "PatientID", "InstitutionName", "StudyDescription", "AccessionNumber"):
        assert str(original[keyword].value).encode() not in copy
    np.testing.assert_array_equal(dataset.pixel_array, decode_pixels(original).stored)
