"""The file store: by content, once, durable before named, nothing left of a failure, damage found."""

import datetime
import errno
import hashlib
import io
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from annotation.actions import files
from annotation.actions.errors import StorageFull, Unavailable
from annotation.models import StoredFile
from tests.annotation.faults import bucket, everything_under, fail_from, record_acts

__all__ = ["bucket"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    """A store and an incoming folder of each test's own."""
    root = tmp_path / "files"
    options = {"location": root, "file_permissions_mode": 0o640}
    storage = {"BACKEND": "annotation.models.filestore.DurableFileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.INCOMING_DIR = tmp_path / "incoming"
    return root


def local(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / f"local-{uuid.uuid4()}"
    path.write_bytes(content)
    return path


def stored_files(root: Path) -> list[Path]:
    return [path for path in everything_under(root) if path.is_file()]


def test_bytes_are_found_by_their_hash(root: Path, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    row = files.store(path=local(tmp_path, content), media_type="image/png")
    digest = hashlib.sha256(content).hexdigest()
    assert (row.sha256, row.size, row.media_type) == (digest, len(content), "image/png")
    assert (root / digest[:2] / digest[2:4] / digest).read_bytes() == content
    assert b"".join(files.chunks_of(row)) == content
    assert files.damage(row) is None


def test_the_same_bytes_twice_are_one_file(root: Path, tmp_path: Path) -> None:
    first = files.store(path=local(tmp_path, b"same"), media_type="image/png")
    again = files.store(path=local(tmp_path, b"same"), media_type="image/jpeg")
    assert first == again
    assert again.media_type == "image/png"
    assert len(stored_files(root)) == StoredFile.objects.count() == 1


def test_bytes_are_durable_before_their_row(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    path = local(tmp_path, b"bytes")
    acts = record_acts(monkeypatch)

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT"):
            acts.append("insert row")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        files.store(path=path, media_type="image/png")
    kinds = [act.split()[0] + " " + act.split()[1] for act in acts]
    assert kinds == ["sync file", "rename to", "sync folder", "sync folder", "sync folder", "insert row"]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, Unavailable),
        (errno.EROFS, Unavailable),
    ],
)
@pytest.mark.parametrize(("function", "call"), [("fsync", 1), ("rename", 1), ("fsync", 2)])
def test_a_failing_disk_is_said_and_leaves_nothing(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    call: int,
    code: int,
    refusal: type[Exception],
) -> None:
    path = local(tmp_path, b"bytes")
    monkeypatch.setattr(os, function, fail_from(call, code, getattr(os, function)))
    with pytest.raises(refusal, match="nothing was stored"):
        files.store(path=path, media_type="image/png")
    assert stored_files(root) == []
    assert not StoredFile.objects.exists()
    assert path.read_bytes() == b"bytes"


def test_another_fault_is_not_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = local(tmp_path, b"bytes")
    monkeypatch.setattr(os, "fsync", fail_from(1, errno.EACCES, os.fsync))
    with pytest.raises(PermissionError):
        files.store(path=path, media_type="image/png")


def test_an_intake_that_fails_keeps_none_of_its_new_bytes(root: Path, tmp_path: Path) -> None:
    kept = files.store(path=local(tmp_path, b"known before"), media_type="image/png")

    def take_and_fail() -> None:
        with files.intake() as taken:
            for content in (b"known before", b"new", b"newer"):
                taken.put(local(tmp_path, content), "image/png")
            assert len(stored_files(root)) == 3
            raise RuntimeError("the transaction failed")

    with pytest.raises(RuntimeError, match="failed"):
        take_and_fail()
    assert [path.name for path in stored_files(root)] == [kept.sha256]
    assert files.damage(kept) is None


def test_what_made_an_intake_fail_is_said_also_where_nothing_can_be_taken_back(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OSError(errno.EIO, "the object store did not answer as it should")

    def take_and_fail() -> None:
        with files.intake() as taken:
            taken.put(local(tmp_path, b"came in"), "image/png")
            monkeypatch.setattr(type(default_storage), "delete", gone, raising=False)
            raise Unavailable("The file store does not take files at the moment.")

    with pytest.raises(Unavailable, match="does not take files"):
        take_and_fail()
    monkeypatch.undo()
    # A day later, verify_files tells of it and removes it.
    assert list(files.orphans(datetime.timedelta(0))) == [
        str(path.relative_to(root)) for path in stored_files(root)
    ]
    assert len(stored_files(root)) == 1


def test_an_intake_names_its_files_in_one_transaction(root: Path, tmp_path: Path) -> None:
    with files.intake() as taken:
        unsaved = [taken.put(local(tmp_path, content), "image/png") for content in (b"a", b"b")]
        assert not StoredFile.objects.exists()
        with transaction.atomic():
            rows = [files.name_file(file) for file in unsaved]
    assert StoredFile.objects.count() == 2
    assert [files.damage(row) for row in rows] == [None, None]


def verify(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_files", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_verify_finds_each_changed_missing_and_cut_file(root: Path, tmp_path: Path) -> None:
    rows = [files.store(path=local(tmp_path, bytes([n]) * 1000), media_type="image/png") for n in range(5)]
    assert verify() == (0, "5 files checked, 0 damaged, 0 without a row.\n")
    for row, harm in zip(rows, ["flip", "cut", "delete", "longer", "none"], strict=True):
        harmed(root / row.storage_name, harm)
    code, text = verify("--json")
    assert code == 1
    found = json.loads(text[: text.rindex("}") + 1])
    assert {entry["sha256"]: entry["problem"] for entry in found["damaged"]} == {
        rows[0].sha256: "changed",
        rows[1].sha256: "changed",
        rows[2].sha256: "missing",
        rows[3].sha256: "changed",
    }
    assert found["checked"] == 5


def harmed(path: Path, harm: str) -> None:
    content = bytearray(path.read_bytes())
    if harm == "flip":
        content[500] ^= 1
        path.write_bytes(content)
    elif harm == "cut":
        path.write_bytes(content[:-1])
    elif harm == "longer":
        path.write_bytes(content + b"x")
    elif harm == "delete":
        path.unlink()


def test_verify_reports_bytes_without_a_row_once_they_are_old(root: Path, tmp_path: Path) -> None:
    row = files.store(path=local(tmp_path, b"named"), media_type="image/png")
    stray = root / "aa" / "bb" / "stray"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"left by a power cut")
    assert verify()[0] == 0
    two_days_ago = (datetime.datetime.now() - datetime.timedelta(days=2)).timestamp()
    for path in (stray, root / row.storage_name):
        os.utime(path, (two_days_ago, two_days_ago))
    code, text = verify()
    assert code == 1
    assert "aa/bb/stray: belongs to no row" in text
    assert stray.exists()
    assert verify("--remove-orphans")[0] == 0
    assert not stray.exists()
    assert files.damage(row) is None


@pytest.fixture
def on_bucket(settings: Any, bucket: Any) -> None:
    options = {"bucket_name": "spine", "location": "lab", "endpoint_url": bucket.endpoint_url}
    storage = {"BACKEND": "annotation.models.objectstore.ObjectStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}


@pytest.mark.usefixtures("on_bucket")
def test_the_same_store_on_a_bucket(tmp_path: Path) -> None:
    row = files.store(path=local(tmp_path, b"in a bucket"), media_type="image/png")
    other = files.store(path=local(tmp_path, b"in a bucket too"), media_type="image/png")
    assert files.store(path=local(tmp_path, b"in a bucket"), media_type="image/png") == row
    assert b"".join(files.chunks_of(row)) == b"in a bucket"
    assert verify()[0] == 0
    default_storage.delete(other.storage_name)
    default_storage.delete(row.storage_name)
    with (tmp_path / "changed").open("w+b") as handle:
        handle.write(b"in a bucket?")
        handle.seek(0)
        default_storage.save(row.storage_name, handle)
    code, text = verify()
    assert code == 1
    assert f"{row.sha256}: changed" in text
    assert f"{other.sha256}: missing" in text
