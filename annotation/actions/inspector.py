"""The child that opens files of unknown origin, kept for many files in turn."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.crypto import salted_hmac

from annotation.actions.errors import Unreadable
from annotation.imaging.sandbox import InspectionJob, InspectionResult, run_inspections
from annotation.models import Project

# Children at work at the same time in one web process, each with up to 2 GB.
_children = threading.BoundedSemaphore(2)


class Inspector:
    """One child for many files in turn; use it as a context manager."""

    def __init__(self) -> None:
        self._job: InspectionJob | None = None
        self._results = run_inspections(self._jobs())

    def __enter__(self) -> "Inspector":
        _children.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._results.close()
        _children.release()

    def _jobs(self) -> Iterator[InspectionJob]:
        while self._job is not None:
            yield self._job

    def inspect(
        self, path: Path, out_dir: Path, options: dict[str, Any], camera: Path | None = None
    ) -> InspectionResult:
        """What is in a file; raises Unreadable with the child's sentence where it is refused."""
        self._job = InspectionJob(path, out_dir, options, camera)
        _, result = next(self._results)
        if result.error:
            raise Unreadable(result.error)
        return result


def uid_key(project: Project) -> str:
    """The project's secret for replacing DICOM UIDs, as hex: equal UIDs of two projects do not meet."""
    return salted_hmac("spineweb.dicom.uid", str(project.pk), algorithm="sha256").hexdigest()
