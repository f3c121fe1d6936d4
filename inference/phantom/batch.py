"""Many studies, in this process or in several at once."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from inference.phantom.options import Options
from inference.phantom.study import write_study

Job = tuple[Path, int, int, Options]
"""Arguments of `write_study`: folder, seed, index, options."""


def write_studies(jobs: Sequence[Job], workers: int) -> Iterator[bool]:
    """Write the studies in order; yields for each whether it was new.

    Raises OSError when the disk refuses, BrokenProcessPool when a worker was killed.
    """
    if workers == 1:
        yield from (write_study(*job) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        yield from pool.map(_write_job, jobs, chunksize=1)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Of a parent that was killed nobody else would tell this process: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write_job(job: Job) -> bool:
    return write_study(*job)
