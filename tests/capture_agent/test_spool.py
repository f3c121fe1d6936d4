"""The spool: whole shots or none, readable with the key only, and a disk that is full or fails."""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture_agent.spool import DiskFull, Spool, SpoolError, Waiting
from tests.capture_agent.shots import offer_of

CONTENT = bytes(range(256)) * 5000
FAILURES = [(errno.ENOSPC, DiskFull), (errno.EIO, SpoolError)]


def opened(tmp_path: Path, **options: int) -> Spool:
    return Spool(tmp_path / "spool", tmp_path / "keys" / "spool.key", **options)


def shot(content: bytes = CONTENT, at_s: float = 1000.0) -> Waiting:
    return Waiting(shot=uuid.uuid4(), offer=replace(offer_of(content), taken_at_s=at_s))


def test_a_shot_comes_back_after_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    late, soon = shot(at_s=2000), shot(at_s=1000)
    for waiting in (late, soon):
        first.add(waiting, CONTENT)
    first.close()
    again = opened(tmp_path)
    assert again.waiting() == [soon, late]
    assert again.instance == first.instance
    with again.content(soon) as read:
        whole = b"".join(read(at, 100_000) for at in range(0, len(CONTENT), 100_000))
        assert hashlib.sha256(whole).hexdigest() == soon.offer.sha256
        assert read(len(CONTENT) - 3, 100) == CONTENT[-3:]
        assert read(len(CONTENT), 100) == b""
    again.forget(soon.shot)
    again.forget(soon.shot)
    assert again.waiting() == [late]


def test_nothing_of_a_shot_can_be_read_in_the_folder(tmp_path: Path) -> None:
    found = opened(tmp_path)
    waiting = shot()
    found.add(waiting, CONTENT)
    for path in (tmp_path / "spool").iterdir():
        content = path.read_bytes()
        assert CONTENT[:64] not in content
        assert str(waiting.offer.subject).encode() not in content
        assert path.stat().st_mode & 0o077 == 0 or path.name == "lock"
    assert (tmp_path / "keys" / "spool.key").stat().st_mode & 0o077 == 0


def test_one_program_at_a_time(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(SpoolError, match="Another agent"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_without_its_key_a_spool_is_left_alone(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add(shot(), CONTENT)
    first.close()
    key = tmp_path / "keys" / "spool.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(SpoolError, match="key of the spool is gone"):
        opened(tmp_path)
    assert not key.exists()
    key.write_text("ab" * 32)
    with pytest.raises(SpoolError, match="not the key"):
        opened(tmp_path)
    for broken in ("", "no key", "ab" * 31):
        key.write_text(broken)
        with pytest.raises(SpoolError, match="holds no key"):
            opened(tmp_path)
    key.write_bytes(kept)
    assert len(opened(tmp_path).waiting()) == 1


def test_half_a_shot_is_swept_away_and_a_damaged_one_stays(tmp_path: Path) -> None:
    first = opened(tmp_path)
    good, bad = shot(), shot()
    for waiting in (good, bad):
        first.add(waiting, CONTENT)
    first.close()
    damaged = tmp_path / "spool" / f"{bad.shot}.shot"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    half = tmp_path / "spool" / f"{uuid.uuid4()}.shot.partial"
    half.write_bytes(b"half")
    again = opened(tmp_path)
    assert again.waiting() == [good]
    assert damaged.exists()
    assert not half.exists()


def test_a_nearly_full_disk_refuses_a_shot_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = opened(tmp_path, reserve_bytes=100 << 20)
    free = 120 << 20
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found.check_room(20 << 20)
    assert found.free_bytes == 20 << 20
    with pytest.raises(DiskFull, match="20 MB left"):
        found.check_room((20 << 20) + 1)
    free = 1
    assert found.free_bytes == 0


@pytest.mark.parametrize(("code", "raised"), FAILURES, ids=["full", "broken"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raised: type[SpoolError], step: str
) -> None:
    found = opened(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    before = sorted(path.name for path in (tmp_path / "spool").iterdir())
    with monkeypatch.context() as broken:
        broken.setattr(os if step == "fsync" else Path, step, fail)
        with pytest.raises(raised, match="not kept"):
            found.add(shot(), CONTENT)
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == before
    found.add(shot(), CONTENT)


def test_the_order_in_which_things_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(tmp_path)
    order: list[str] = []
    synced, replaced = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        order.append("sync folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "sync file")
        synced(handle)

    def rename(path: Path, target: Path) -> Path:
        order.append("rename")
        return replaced(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    found.add(shot(), CONTENT)
    assert order == ["sync file", "rename", "sync folder"]


def test_a_spool_that_is_gone_says_so(tmp_path: Path) -> None:
    found = opened(tmp_path)
    (tmp_path / "spool").rename(tmp_path / "elsewhere")
    assert found.free_bytes == 0
    with pytest.raises(SpoolError, match="is gone"):
        found.check_room(1)
    with pytest.raises(SpoolError, match="not kept"):
        found.add(shot(), CONTENT)
    assert found.waiting() == []


def test_a_file_that_is_no_shot_is_none(tmp_path: Path) -> None:
    found = opened(tmp_path)
    makers: list[Callable[[], bytes]] = [lambda: b"", lambda: b"SPWSEAL1" + bytes(100), lambda: CONTENT]
    for make in makers:
        (tmp_path / "spool" / f"{uuid.uuid4()}.shot").write_bytes(make())
    assert found.waiting() == []
