"""The bucket behind the content-addressed store: any S3-compatible server.

Apart from `filestore`, so that an installation with a folder never loads the S3 client.
"""

import errno
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """S3Storage whose failures are OSErrors, as those of a folder are.

    Names are content hashes, so a name that exists already holds these bytes.
    """

    def exists(self, name: str) -> bool:
        try:
            self.connection.meta.client.head_object(Bucket=self.bucket_name, Key=self._normalize_name(name))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise _as_os_error(error) from error
        except BotoCoreError as error:
            raise _as_os_error(error) from error
        return True

    def _save(self, name: str, content: "File[Any]") -> str:
        try:
            return str(super()._save(name, content))
        except (BotoCoreError, ClientError) as error:
            raise _as_os_error(error) from error

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        try:
            opened: File[Any] = super()._open(name, mode)
        except (BotoCoreError, ClientError) as error:
            raise _as_os_error(error) from error
        return opened

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name


def _as_os_error(error: Exception) -> OSError:
    return OSError(errno.EIO, f"the object store did not answer as it should: {error}")
