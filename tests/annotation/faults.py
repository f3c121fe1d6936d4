"""A failing disk, the order of acts on it, and an S3 server of our own, for the tests of the file store."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annotation.models.objectstore import ObjectStorage


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    """A bucket on a real S3 server of our own."""
    boto3, server_module = pytest.importorskip("boto3"), pytest.importorskip("moto.server")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="spine")
    yield ObjectStorage(bucket_name="spine", location="lab", endpoint_url=endpoint, file_overwrite=False)
    server.stop()


def everything_under(root: Path) -> list[Path]:
    return sorted(root.rglob("*")) if root.exists() else []


def record_acts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and renamed from now on, in order."""
    acts: list[str] = []
    fsync, rename = os.fsync, os.rename

    def named(handle: int) -> str:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        return f"sync folder {path.name}" if path.is_dir() else "sync file"

    def recording_fsync(handle: int) -> None:
        acts.append(named(handle))
        fsync(handle)

    def recording_rename(source: Any, target: Any, **rest: Any) -> None:
        acts.append(f"rename to {Path(target).name}")
        rename(source, target, **rest)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)
    return acts


def fail_from(call: int, code: int, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, raising OSError(code) at its `call`-th call and ever after."""
    calls = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise OSError(code, os.strerror(code))
        return original(*args, **kwargs)

    return failing
