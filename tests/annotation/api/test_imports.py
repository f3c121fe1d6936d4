"""Imports over the API: what comes in, what is asked, what is stored, and what is refused without a trace."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import OperationalError
from django.http import FileResponse
from django.utils import timezone

from annotation.actions import files, imports
from annotation.models import AuditEntry, Image, Import, ImportItem, LandmarkSet, StoredFile, Study, Subject
from annotation.models.cohort import Consent
from annotation.models.filestore import DurableFileSystemStorage
from annotation.models.imports import ABANDONED_AFTER
from tests.annotation.faults import record_acts
from tests.annotation.importing import Importer, answer, back_folder, film, left_behind, new_id
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


# --- Chunks ------------------------------------------------------------------------------------------


def test_a_file_comes_in_chunks_and_goes_on_where_it_stopped(importer: Importer) -> None:
    content = film()
    announced = {"name": "film.png", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    item = importer.post(f"imports/{importer.id}/items", announced)
    assert importer.send(item["id"], 0, content[:100]).json()["received"] == 100
    again = importer.post(f"imports/{importer.id}/items", announced)
    assert (again["id"], again["received"], again["state"]) == (item["id"], 100, "uploading")
    assert importer.send(item["id"], 100, content[100:]).json()["state"] == "checking"
    assert importer.inspect()["film.png"]["state"] == "needs_answer"


@pytest.mark.parametrize("offset", [0, 50, 101, 10**12])
def test_a_chunk_that_does_not_continue_is_told_where_to(importer: Importer, offset: int) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 200})
    importer.send(item["id"], 0, b"x" * 100)
    refused = importer.send(item["id"], offset, b"y" * 10)
    assert refused.status_code == 409
    assert refused.json()["code"] == "wrong_offset"
    assert refused["Upload-Offset"] == refused.json()["fields"]["upload_offset"][0] == "100"
    assert ImportItem.objects.get().path.read_bytes() == b"x" * 100


def test_a_complete_file_says_so_to_a_chunk_sent_twice(importer: Importer) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 10})
    importer.send(item["id"], 0, b"x" * 10)
    assert importer.send(item["id"], 0, b"x" * 10)["Upload-Offset"] == "10"


@pytest.mark.parametrize(("chunk", "status"), [(b"x" * 11, 413), (b"", 400), (b"x" * (8 * 2**20 + 1), 413)])
def test_a_wrong_chunk_changes_nothing(importer: Importer, chunk: bytes, status: int) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 10})
    assert importer.send(item["id"], 0, chunk).status_code == status
    row = ImportItem.objects.get()
    assert row.received == 0
    assert not row.path.exists() or row.path.stat().st_size == 0


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "٣", "1" * 30, "x"])
def test_an_offset_must_be_a_number(importer: Importer, offset: str) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 10})
    path = f"imports/{importer.id}/items/{item['id']}/content"
    headers = {"Upload-Offset": offset} if offset.isascii() else {}
    assert importer.request("PUT", path, b"x", **headers).status_code == 400


def test_a_full_disk_is_said_and_keeps_what_was_there(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 20})
    importer.send(item["id"], 0, b"x" * 10)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as faulty:
        faulty.setattr(os, "fsync", full)
        assert importer.send(item["id"], 10, b"y" * 10).status_code == 507
    assert ImportItem.objects.get().path.read_bytes() == b"x" * 10
    assert importer.send(item["id"], 10, b"y" * 10).json()["state"] == "checking"


def test_a_file_whose_row_was_not_told_of_its_end_is_not_stuck(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 10})

    def fail(**_: Any) -> None:
        raise OperationalError("disk I/O error")

    with monkeypatch.context() as faulty:
        faulty.setattr(ImportItem.objects, "filter", fail)
        assert importer.send(item["id"], 0, b"x" * 10).status_code == 503
    assert ImportItem.objects.get().state == "uploading"
    again = importer.send(item["id"], 0, b"x" * 10)
    assert (again.status_code, again.json()["state"]) == (200, "checking")
    assert ImportItem.objects.get().path.read_bytes() == b"x" * 10


def test_a_chunk_is_on_disk_before_it_is_acknowledged(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = importer.post(f"imports/{importer.id}/items", {"name": "film.png", "size": 20})
    acts = record_acts(monkeypatch)
    importer.send(item["id"], 0, b"x" * 10)
    assert acts == ["sync file", f"sync folder {importer.id}", "sync folder incoming"]
    importer.send(item["id"], 10, b"x" * 10)
    assert acts[3:] == ["sync file"]


def test_bytes_that_changed_on_the_way_are_refused(importer: Importer) -> None:
    content = film()
    body = {"name": "film.png", "size": len(content), "sha256": "0" * 64}
    item = importer.post(f"imports/{importer.id}/items", body)
    importer.send(item["id"], 0, content)
    found = importer.inspect()["film.png"]
    assert found["state"] == "refused"
    assert "changed on its way" in found["problem"]


# --- Claims ------------------------------------------------------------------------------------------


def test_a_claim_of_two_gigabytes_is_refused_before_a_byte(importer: Importer) -> None:
    refused = importer.request("POST", f"imports/{importer.id}/items", {"name": "a.dcm", "size": 2 * 2**30})
    assert refused.status_code == 413
    assert "1024 MB" in refused.json()["detail"]
    assert left_behind() == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "film.png", "size": 0},
        {"name": "film.png", "size": -1},
        {"name": "", "size": 5},
        {"name": "../../etc/passwd", "size": 5},
        {"name": "a/../../b.png", "size": 5},
        {"name": "a\x00b.png", "size": 5},
        {"name": "a\nb.png", "size": 5},
        {"name": "a/ ", "size": 5},
        {"name": "x" * 401, "size": 5},
        {"name": "film.png", "size": 5, "sha256": "nonsense"},
        {"name": "film.png", "size": 5, "state": "imported"},
        {"name": "film.png"},
    ],
)
def test_a_claim_that_makes_no_sense_is_a_400(importer: Importer, body: dict[str, Any]) -> None:
    refused = importer.request("POST", f"imports/{importer.id}/items", body)
    assert refused.status_code == 400
    assert refused.json()["detail"]
    assert not ImportItem.objects.exists()


def test_names_never_become_paths(importer: Importer, tmp_path: Path) -> None:
    for name in ("/etc/evil.png", "C:\\evil.png", "~/evil.png", ".bashrc"):
        importer.bring({name: film(hash(name) % 1000)})
    written = {path.name for path in (tmp_path / "incoming").rglob("*")}
    assert not any("evil" in name or "bashrc" in name for name in written)


# --- Inspection --------------------------------------------------------------------------------------


def test_nothing_is_stored_before_the_person_confirms(importer: Importer) -> None:
    items = importer.bring({"SW-1/film.png": film(), **back_folder()})
    assert items["SW-1/film.png"]["found"]["title"] == "X-ray, PNG"
    assert not StoredFile.objects.exists()
    assert not Study.objects.exists()
    assert importer.request("DELETE", f"imports/{importer.id}").status_code == 204
    assert left_behind() == []


def test_files_that_belong_together_are_one_acquisition(importer: Importer) -> None:
    items = importer.bring(back_folder())
    lead = items["SW-1/colour.jpg"]
    assert (lead["kind"], lead["role"], lead["state"]) == ("rgbd", "lead", "needs_answer")
    assert items["SW-1/depth.png"]["role"] == items["SW-1/camera.json"]["role"] == "part"
    assert items["SW-1/depth.png"]["group"] == lead["group"]
    answered = importer.confirm(answer(lead))
    assert answered.status_code == 200, answered.content
    study = Study.objects.get()
    images = {(image.kind, image.frame): image for image in study.images.all()}
    assert set(images) == {("colour", "colour"), ("depth", "colour"), ("depth", "depth")}
    registered = images["depth", "colour"]
    assert registered.registered_to == images["colour", "colour"]
    assert (registered.width, registered.height) == (96, 72)
    assert registered.depth_npy is not None
    assert study.has_rgbd
    assert not study.has_radiograph
    assert answered.json()["state"] == "confirmed"


def test_a_pair_waits_for_its_other_half(importer: Importer) -> None:
    files_of_pair = back_folder()
    colour = {name: content for name, content in files_of_pair.items() if "colour" in name}
    items = importer.bring(colour)
    assert items["SW-1/colour.jpg"]["state"] == "checking"
    assert "depth map" in items["SW-1/colour.jpg"]["problem"]
    assert importer.bring(files_of_pair)["SW-1/colour.jpg"]["state"] == "needs_answer"


def test_labels_beside_a_film_come_along(importer: Importer) -> None:
    points = [{"name": "C7", "x": 30.0, "y": 5.0, "state": "placed"}]
    labels = {
        "subject": {"pseudonym": "P-7", "sex": "F", "age_years": 12.5},
        "visit_date": "2026-02-01",
        "landmarks": {"radiograph": {"xray2": {"points": points}}},
        "radiograph": {
            "spacing_mm": [0.4, 0.5],
            "calibration": "calibrated",
            "direction": "PA",
            "patient_right_at_image_right": False,
        },
    }
    items = importer.bring({"a/film.png": film(), "a/labels.json": json.dumps(labels).encode()})
    found = items["a/film.png"]["found"]
    assert items["a/film.png"]["state"] == "ready"
    assert (found["subject"], found["visit_date"], found["side"]) == ("P-7", "2026-02-01", "image_left")
    importer.confirm({"id": items["a/film.png"]["id"], "subject": "P-7", "visit_date": "2026-02-01"})
    image = Image.objects.select_related("acquisition__study__subject").get()
    shot, subject = image.acquisition, image.acquisition.study.subject
    assert (image.spacing_row_mm, image.spacing_col_mm, image.calibration) == (0.4, 0.5, "calibrated")
    assert (shot.direction, shot.display_flip, shot.side_confirmed) == ("PA", True, True)
    assert (subject.sex, subject.birth_year) == ("F", 2013)
    own = LandmarkSet.objects.get()
    assert (own.schema, own.revision, own.points) == ("xray2", 1, points)


@pytest.mark.parametrize(
    ("side", "flip", "confirmed"),
    [("image_left", True, True), ("image_right", False, True), ("unknown", False, False)],
)
def test_the_side_is_what_the_person_says(importer: Importer, side: str, flip: bool, confirmed: bool) -> None:
    item = importer.bring({"film.png": film()})["film.png"]
    assert importer.confirm(answer(item, side=side)).status_code == 200
    shot = Image.objects.get().acquisition
    assert (shot.display_flip, shot.side_confirmed) == (flip, confirmed)


def test_the_same_day_is_one_study_and_each_act_is_in_the_audit(importer: Importer) -> None:
    items = importer.bring({"a.png": film(1), "b.png": film(2), "c.png": film(3)})
    a, b, c = (items[name] for name in ("a.png", "b.png", "c.png"))
    importer.confirm(answer(a), answer(b), answer(c, visit_date="2026-06-30"))
    assert Subject.objects.count() == 1
    assert sorted(study.images.count() for study in Study.objects.all()) == [1, 2]
    acts = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert acts[0] == "import.open"
    assert acts.count("acquisition.import") == 3
    assert acts[-1] == "import.confirm"
    assert left_behind() == sorted(StoredFile.objects.values_list("pk", flat=True))
    assert all(files.damage(file) is None for file in StoredFile.objects.all())


def test_the_same_file_twice_is_recognised(importer: Importer, make: Factory) -> None:
    content = film()
    items = importer.bring({"a.png": content, "copy of a.png": content})
    assert [items[name]["state"] for name in sorted(items)] == ["needs_answer", "duplicate"]
    importer.confirm(answer(items["a.png"]))
    study = Study.objects.get()
    second = Importer(make.member(importer.project, "assistant"), importer.project)
    item = second.bring({"again.png": content})["again.png"]
    assert (item["state"], item["study"]) == ("duplicate", str(study.pk))
    assert second.confirm(answer(item)).status_code == 409
    other = make.project()
    third = Importer(make.member(other, "assistant"), other)
    assert third.bring({"again.png": content})["again.png"]["state"] == "needs_answer"


def test_a_duplicate_of_what_is_hidden_names_no_study(importer: Importer, make: Factory) -> None:
    content = film()
    importer.confirm(answer(importer.bring({"a.png": content})["a.png"]))
    Subject.objects.update(consent=Consent.WITHDRAWN)
    Study.objects.update(hidden=True)
    second = Importer(make.member(importer.project, "assistant"), importer.project)
    item = second.bring({"again.png": content})["again.png"]
    assert (item["state"], item["study"]) == ("duplicate", None)


def test_a_withdrawn_subject_takes_no_files(importer: Importer, make: Factory) -> None:
    make.subject(importer.project, pseudonym="S1", consent=Consent.WITHDRAWN)
    item = importer.bring({"a.png": film()})["a.png"]
    refused = importer.confirm(answer(item))
    assert refused.status_code == 409
    assert "withdrawn" in refused.json()["detail"]
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("change", [{"subject": "  "}, {"visit_date": None}])
def test_what_is_not_answered_is_asked_for(importer: Importer, change: dict[str, Any]) -> None:
    item = importer.bring({"a.png": film()})["a.png"]
    assert importer.confirm({**answer(item), **change}).status_code == 400
    assert not Subject.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_full_store_keeps_nothing_of_a_shot(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    item = importer.bring({"a.png": film()})["a.png"]
    before = len(left_behind())
    save, calls = DurableFileSystemStorage._save, []

    def fails_at_the_second(self: DurableFileSystemStorage, name: str, content: Any) -> str:
        calls.append(name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return save(self, name, content)

    with monkeypatch.context() as faulty:
        faulty.setattr(DurableFileSystemStorage, "_save", fails_at_the_second)
        refused = importer.confirm(answer(item))
    assert refused.status_code == 507
    assert not Subject.objects.exists()
    assert not StoredFile.objects.exists()
    assert len(left_behind()) == before
    assert importer.confirm(answer(item)).status_code == 200


def test_one_that_cannot_be_stored_stops_no_other(importer: Importer, make: Factory) -> None:
    make.subject(importer.project, pseudonym="GONE", consent=Consent.WITHDRAWN)
    items = importer.bring({"a.png": film(1), "b.png": film(2)})
    done = importer.confirm(answer(items["a.png"], subject="GONE"), answer(items["b.png"]))
    assert done.status_code == 200
    states = {item["name"]: (item["state"], bool(item["problem"])) for item in done.json()["items"]}
    assert states == {"a.png": ("needs_answer", True), "b.png": ("imported", False)}
    assert done.json()["state"] == "open"


def test_a_closed_import_takes_nothing_more(importer: Importer) -> None:
    importer.confirm(answer(importer.bring({"a.png": film()})["a.png"]))
    assert (
        importer.request("POST", f"imports/{importer.id}/items", {"name": "b.png", "size": 5}).status_code
        == 409
    )
    assert importer.request("DELETE", f"imports/{importer.id}").status_code == 409


def test_confirming_again_after_an_answer_that_was_lost_finds_no_fault_with_what_is_stored(
    importer: Importer,
) -> None:
    items = importer.bring({f"{seed}.png": film(seed) for seed in (1, 2, 3)})
    answers = [answer(item) for item in items.values()]
    assert importer.confirm(answers[0]).status_code == 200
    done = importer.confirm(*answers[:2]).json()["items"]
    assert [(item["state"], item["problem"]) for item in done[:2]] == [("imported", "")] * 2
    assert Image.objects.count() == 2


def test_confirming_what_is_not_there_is_refused(importer: Importer) -> None:
    assert importer.confirm({**answer({"id": new_id()})}).status_code == 400
    assert importer.request("POST", f"imports/{importer.id}/confirm", {"items": []}).status_code == 400


# --- Left alone --------------------------------------------------------------------------------------


def test_an_import_nobody_touched_for_a_day_is_swept_away(importer: Importer) -> None:
    importer.bring({"a.png": film()})
    assert imports.sweep() == 0
    Import.objects.update(touched_at=timezone.now() - 2 * ABANDONED_AFTER)
    assert imports.sweep() == 1
    assert Import.objects.get().state == "discarded"
    assert left_behind() == []


def test_names_of_files_that_were_not_taken_are_forgotten_after_a_day(importer: Importer) -> None:
    items = importer.bring({"a.png": film(1), "Jane Doe.png": film(1), "Doe.dcm": b"broken"})
    ready = [item for item in items.values() if item["state"] == "needs_answer"]
    assert importer.confirm(answer(ready[0], side="image_right")).json()["state"] == "confirmed"
    imports.sweep()
    assert ImportItem.objects.count() == 3
    Import.objects.update(touched_at=timezone.now() - 2 * ABANDONED_AFTER)
    imports.sweep()
    assert [item.state for item in ImportItem.objects.all()] == ["imported"]


def test_an_import_is_found_again_by_the_one_who_began_it(importer: Importer, make: Factory) -> None:
    importer.bring({"a.png": film()})
    listed = importer.request("GET", f"projects/{importer.project.pk}/imports").json()
    assert [(row["id"], row["items_count"]) for row in listed] == [(importer.id, 1)]
    other = Importer(make.member(importer.project, "admin"), importer.project)
    assert other.request("GET", f"imports/{importer.id}").status_code == 404


def test_a_removed_file_leaves_nothing(importer: Importer) -> None:
    item = importer.bring({"a.png": film()})["a.png"]
    assert importer.request("DELETE", f"imports/{importer.id}/items/{item['id']}").status_code == 204
    assert left_behind() == []


def test_the_thumbnail_of_a_waiting_file_is_a_jpeg(importer: Importer) -> None:
    item = importer.bring({"a.png": film()})["a.png"]
    answered = importer.client.get(item["thumbnail"])
    assert answered["Content-Type"] == "image/jpeg"
    pieces = cast("Iterator[bytes]", cast(FileResponse, answered).streaming_content)
    assert b"".join(pieces).startswith(b"\xff\xd8")
