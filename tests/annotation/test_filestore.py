"""The folder and the bucket behind the file store: order of acts, faults, and the same tests on both."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.files.base import ContentFile

from annotation.models.filestore import DurableFileSystemStorage
from annotation.models.objectstore import ObjectStorage
from tests.annotation.faults import bucket, everything_under, fail_from, record_acts

__all__ = ["bucket"]

NAME = "ab/cd/abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> DurableFileSystemStorage:
    return DurableFileSystemStorage(location=tmp_path / "files", file_permissions_mode=0o640)


def test_a_file_is_synced_before_its_name_and_its_folders_after(
    folder: DurableFileSystemStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(folder.location).mkdir()
    acts = record_acts(monkeypatch)
    folder.save(NAME, ContentFile(b"bytes"))
    assert acts[:3] == ["sync file", "rename to abcdef", "sync folder cd"]
    assert set(acts[3:]) == {"sync folder ab", "sync folder files"}


def test_a_second_save_of_the_same_name_touches_nothing(
    folder: DurableFileSystemStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.save(NAME, ContentFile(b"bytes"))
    acts = record_acts(monkeypatch)
    assert folder.save(NAME, ContentFile(b"bytes")) == NAME
    assert acts == []


def test_files_are_not_readable_by_others(folder: DurableFileSystemStorage) -> None:
    folder.save(NAME, ContentFile(b"bytes"))
    assert Path(folder.path(NAME)).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize(("function", "call"), [("fsync", 1), ("rename", 1), ("fsync", 2), ("fsync", 4)])
def test_a_fault_at_any_step_leaves_nothing(
    folder: DurableFileSystemStorage, monkeypatch: pytest.MonkeyPatch, function: str, call: int, code: int
) -> None:
    root = Path(folder.location)
    root.mkdir()
    with monkeypatch.context() as faulty:
        faulty.setattr(os, function, fail_from(call, code, getattr(os, function)))
        with pytest.raises(OSError, match=os.strerror(code)):
            folder.save(NAME, ContentFile(b"bytes"))
    assert everything_under(root) == []
    folder.save(NAME, ContentFile(b"bytes"))
    assert folder.open(NAME).read() == b"bytes"


def test_a_full_disk_in_the_middle_of_the_bytes_leaves_nothing(folder: DurableFileSystemStorage) -> None:
    class Endless(ContentFile):  # type: ignore[type-arg]
        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"first"
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        folder.save(NAME, Endless(b"x"))
    assert [path for path in everything_under(Path(folder.location)) if path.is_file()] == []


def test_a_bucket_keeps_reads_lists_and_forgets(bucket: ObjectStorage) -> None:
    assert not bucket.exists(NAME)
    assert bucket.save(NAME, ContentFile(b"bytes")) == NAME
    assert bucket.exists(NAME)
    assert bucket.open(NAME).read() == b"bytes"
    assert bucket.listdir("ab/cd") == ([], ["abcdef"])
    bucket.delete(NAME)
    assert not bucket.exists(NAME)
    with pytest.raises(FileNotFoundError):
        bucket.open(NAME)


def test_a_bucket_that_does_not_answer_is_a_disk_error(bucket: ObjectStorage) -> None:
    gone = ObjectStorage(
        bucket_name="not-there", location="lab", endpoint_url=bucket.endpoint_url, file_overwrite=False
    )
    for act in (
        lambda: gone.save(NAME, ContentFile(b"bytes")),
        lambda: gone.listdir(""),
    ):
        with pytest.raises(OSError, match="object store") as caught:
            act()
        assert caught.value.errno == errno.EIO


def test_a_bucket_that_ends_while_it_is_read_is_a_disk_error(
    bucket: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call but the first look at the object fails: reading, deleting, asking for its age."""
    bucket.save(NAME, ContentFile(b"bytes"))
    opened = bucket.open(NAME)

    def refuse(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://gone")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    for act in (opened.read, lambda: bucket.delete(NAME), lambda: bucket.get_modified_time(NAME)):
        with pytest.raises(OSError, match="object store") as caught:
            act()
        assert caught.value.errno == errno.EIO


def test_a_bucket_that_says_nothing_is_not_waited_for_long(bucket: ObjectStorage) -> None:
    config = bucket.connection.meta.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.s3["addressing_style"] == bucket.addressing_style


def test_a_large_object_is_not_read_into_memory(bucket: ObjectStorage) -> None:
    bucket.save(NAME, ContentFile(bytes(9 * 2**20)))
    small = bucket.open(bucket.save("ab/cd/small", ContentFile(b"small")))
    assert not small.file._rolled
    assert bucket.open(NAME).file._rolled
