"""Broken and hostile files over the API: each a sentence, none a crash, nothing left behind."""

import datetime
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from django.core.files.storage import default_storage
from PIL import Image as Picture
from pydicom.uid import DeflatedExplicitVRLittleEndian

from annotation.models import Image, ImportItem, StoredFile
from tests.annotation.api.hostility import rows
from tests.annotation.imaging.films import film as dicom_film
from tests.annotation.imaging.films import gradient, to_bytes
from tests.annotation.imaging.recordings import recording
from tests.annotation.importing import Importer, answer, back_folder, film, left_behind
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    options = {"location": tmp_path / "files", "file_permissions_mode": 0o640}
    storage = {"BACKEND": "annotation.models.filestore.DurableFileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.INCOMING_DIR = tmp_path / "incoming"


@pytest.fixture
def importer(make: Factory) -> Importer:
    project = make.project()
    return Importer(make.member(project, "assistant"), project)


def dicom_bytes() -> bytes:
    return to_bytes(dicom_film(gradient(), StudyDate="20200101", PatientName="Doe^Jane"))


def kinect_bytes() -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(np.full((720, 1280, 3), 90, dtype=np.uint8)).save(buffer, "JPEG")
    return recording([(buffer.getvalue(), np.full((576, 640), 1500, dtype=np.uint16))])


KINDS: dict[str, Callable[[], bytes]] = {
    "film.png": film,
    "film.jpg": lambda: film(kind="JPEG"),
    "film.tif": lambda: film(kind="TIFF"),
    "film.dcm": dicom_bytes,
    "back.mkv": kinect_bytes,
}


def refused(importer: Importer, name: str, content: bytes) -> str:
    """Bring in a file that must be refused; its sentence, after confirming it was refused with a 4xx, too."""
    item = importer.bring({name: content})[name]
    assert item["state"] == "refused", item
    confirmed = importer.confirm(answer(item))
    assert confirmed.status_code == 422
    assert confirmed.json()["detail"] == item["problem"]
    return str(item["problem"])


def discard(importer: Importer) -> None:
    """Nothing was stored, and nothing stays once the import is discarded."""
    assert importer.request("DELETE", f"imports/{importer.id}").status_code == 204
    assert left_behind() == []
    assert not StoredFile.objects.exists()
    assert not Image.objects.exists()


@pytest.mark.parametrize("name", KINDS)
def test_the_kinds_themselves_are_good(importer: Importer, name: str) -> None:
    item = importer.bring({name: KINDS[name]()})[name]
    assert item["state"] == "needs_answer", item["problem"]


@pytest.mark.parametrize("name", KINDS)
def test_cut_off_files_are_refused_with_a_sentence(importer: Importer, name: str) -> None:
    content = KINDS[name]()
    for index, part in enumerate((0.1, 0.5, 0.9)):
        cut = content[: int(len(content) * part)]
        sentence = refused(importer, f"{index}{name}", cut)
        assert sentence.endswith(".")
        assert "Traceback" not in sentence
    discard(importer)


@pytest.mark.parametrize("name", KINDS)
def test_flipped_bits_end_in_a_sentence_or_a_picture(importer: Importer, name: str) -> None:
    content, random = KINDS[name](), np.random.default_rng(7)
    flipped = {}
    for index in range(8):
        bent = bytearray(content)
        for place in random.integers(0, min(len(bent), 4000), 12):
            bent[place] ^= 1 << int(random.integers(8))
        flipped[f"{index}{name}"] = bytes(bent)
    items = importer.bring(flipped)
    for item in items.values():
        assert item["state"] in {"refused", "needs_answer", "duplicate"}, item
        assert bool(item["problem"]) == (item["state"] != "needs_answer")
    discard(importer)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_renamed_to_another_kind_is_known_by_its_content(importer: Importer, name: str) -> None:
    content = KINDS[name]()
    other = "x.png" if not name.endswith("png") else "x.dcm"
    item = importer.bring({other: content})[other]
    assert item["state"] == "needs_answer", item["problem"]
    assert item["kind"] == {"film.dcm": "dicom", "back.mkv": "kinect"}.get(name, "radiograph")


def png_bomb() -> bytes:
    """A few kilobytes that claim 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
        + chunk(b"IEND", b"")
    )


def deflated_bomb() -> bytes:
    """A deflated DICOM file of under a megabyte that inflates to 600."""
    plain = to_bytes(dicom_film(gradient()), DeflatedExplicitVRLittleEndian)
    start = plain.index(b"1.2.840.10008.1.2.1.99")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192") + b"".join(
        packer.compress(b"\0" * 10**6) for _ in range(600)
    )
    return plain[: start + 200] + body + packer.flush()


@pytest.mark.parametrize(
    ("name", "make_bytes"),
    [
        ("bomb.png", png_bomb),
        ("bomb.dcm", deflated_bomb),
        ("page.html", lambda: b"<html><script>alert(1)</script></html>"),
        ("virus.exe", lambda: b"MZ\x90\x00" + b"\0" * 500),
        ("archive.zip", lambda: b"PK\x03\x04" + b"\0" * 500),
        ("paper.pdf", lambda: b"%PDF-1.7\n" + b"\0" * 500),
        ("noise.png", lambda: np.random.default_rng(1).bytes(5000)),
        ("alone.json", lambda: b'{"fx": 1}'),
        ("alone.csv", lambda: b"1,2,3\n4,5,6\n"),
        ("camera.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
)
def test_what_is_no_picture_is_refused_in_bounded_memory(
    importer: Importer, name: str, make_bytes: Callable[[], bytes]
) -> None:
    content = make_bytes()
    before = psutil.Process().memory_info().rss
    assert refused(importer, name, content)
    assert psutil.Process().memory_info().rss - before < 64 * 2**20
    discard(importer)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"depth": 1}',
        b'{"depth": {"fx": "a"}, "colour": {}, "colour_from_depth": {}}',
        b"\xff\xfe\x00",
        json.dumps({"depth": {"width": 10**9, "height": 10**9}}).encode(),
    ],
)
def test_a_bad_camera_file_refuses_its_pair_and_nothing_else(importer: Importer, content: bytes) -> None:
    files = {**back_folder(), "b/film.png": film()}
    if content:
        files["SW-1/camera.json"] = content
    else:
        del files["SW-1/camera.json"]
    items = importer.bring(files)
    assert items["b/film.png"]["state"] == "needs_answer"
    assert items["SW-1/colour.jpg"]["state"] == ("refused" if content else "checking")
    assert items["SW-1/colour.jpg"]["problem"]
    discard(importer)


@pytest.mark.parametrize(
    "labels",
    [
        b"nonsense",
        b"[]",
        b'{"subject": 3}',
        b'{"landmarks": {"radiograph": {"xray2": {"points": [{"x": 1}]}}}}',
        b'{"radiograph": {"spacing_mm": [0, -1], "calibration": "calibrated"}}',
        b'{"visit_date": "31.3.2026"}',
    ],
)
def test_bad_labels_are_said_and_the_film_comes_without_them(importer: Importer, labels: bytes) -> None:
    items = importer.bring({"a/film.png": film(), "a/labels.json": labels})
    assert items["a/labels.json"]["state"] == "refused"
    assert items["a/labels.json"]["problem"]
    assert items["a/film.png"]["state"] == "needs_answer"
    assert importer.confirm(answer(items["a/film.png"])).status_code == 200


def test_landmarks_that_do_not_fit_refuse_only_their_own_film(importer: Importer) -> None:
    points = [{"name": "C7", "x": 9000.0, "y": 5.0, "state": "placed"}]
    labels = json.dumps({"landmarks": {"radiograph": {"xray2": {"points": points}}}}).encode()
    items = importer.bring({"a/film.png": film(1), "a/labels.json": labels, "b/film.png": film(2)})
    done = importer.confirm(answer(items["a/film.png"]), answer(items["b/film.png"])).json()
    states = {item["name"]: (item["state"], item["problem"]) for item in done["items"]}
    assert states["b/film.png"] == ("imported", "")
    assert "too far outside" in states["a/film.png"][1]
    assert Image.objects.count() == 1
    assert StoredFile.objects.count() == len(stored_names())


def stored_names() -> list[str]:
    root = Path(str(default_storage.path("")))
    return [path.name for path in root.rglob("*") if path.is_file()]


def test_a_dicom_film_leaves_no_name_behind(importer: Importer) -> None:
    item = importer.bring({"Jane Doe/Doe_Jane.dcm": dicom_bytes()})["Jane Doe/Doe_Jane.dcm"]
    assert item["found"]["dated"]
    assert importer.confirm({**answer(item), "visit_date": None, "side": "image_right"}).status_code == 200
    row = ImportItem.objects.get()
    image = Image.objects.select_related("acquisition__study__subject", "acquisition__source").get()
    subject = image.acquisition.study.subject
    day = datetime.date(2020, 1, 1) + datetime.timedelta(days=subject.date_shift_days)
    assert image.acquisition.study.visit_date == image.acquisition.captured_on == day
    assert subject.date_shift_days != 0
    assert row.name.endswith(".dcm")
    assert "Doe" not in repr(rows())
    for content in _all_stored():
        assert b"Doe" not in content
        assert b"20200101" not in content


def _all_stored() -> Iterator[bytes]:
    root = Path(str(default_storage.path("")))
    for path in root.rglob("*"):
        if path.is_file():
            yield path.read_bytes()
