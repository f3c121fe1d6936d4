"""The bucket behind the content-addressed store: any S3-compatible server.

Apart from `filestore`, so that an installation with a folder never loads the S3 client.
"""

import contextlib
import errno
from collections.abc import Iterator
from typing import IO, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3File, S3Storage

# A server that hangs costs a request or a job at most 3 x 20 s; unset, it would be 5 x 60 s.
_PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
# What is read beyond this goes through a temporary file: a recording of 1 GB never lies in memory.
_MEMORY_BYTES = 8 * 2**20


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """What fails inside is the object store's fault, and an OSError, as it is with a folder."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(errno.EIO, f"the object store did not answer as it should: {error}") from error


class _ObjectFile(S3File):  # type: ignore[misc]
    """S3File whose bytes come, or fail, as those of a folder do."""

    def _get_file(self) -> IO[Any]:
        with _os_errors():
            opened: IO[Any] = super()._get_file()
        return opened

    file = property(_get_file, S3File._set_file)


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """S3Storage whose failures are OSErrors, as those of a folder are.

    Names are content hashes, so a name that exists already holds these bytes.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_memory_size": _MEMORY_BYTES, **options})
        self.client_config: Config = _PATIENCE.merge(vars(self)["client_config"])

    def exists(self, name: str) -> bool:
        with _os_errors():
            try:
                self.connection.meta.client.head_object(
                    Bucket=self.bucket_name, Key=self._normalize_name(name)
                )
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return False
                raise
        return True

    def delete(self, name: str) -> None:
        with _os_errors():
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _os_errors():
            folders, names = super().listdir(path)
        return folders, names

    def get_modified_time(self, name: str) -> Any:
        with _os_errors():
            return super().get_modified_time(name)

    def _save(self, name: str, content: "File[Any]") -> str:
        with _os_errors():
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        with _os_errors():
            key = self._normalize_name(name)
            try:
                return _ObjectFile(key, mode, self)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    raise FileNotFoundError(errno.ENOENT, "the object store has lost it", name) from error
                raise

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name
