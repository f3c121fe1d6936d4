"""Checkpoints where every machine can reach them, so that a job whose machine died goes on elsewhere.

Only with `SPINEWEB_CHECKPOINTS`: machines that share the folder of the runs need no copy of it. A job has one
folder in that store; `epoch-00012-SHA256.safetensors` is the checkpoint after an epoch, and the best weights
of then lie beside it as `best-00012-SHA256.safetensors`. The newest two epochs are kept.
"""

import hashlib
import logging
import re
import shutil
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import InvalidStorageError, Storage, storages

from inference.rundir import RunDir, sha256_of

logger = logging.getLogger(__name__)

_NAME = re.compile(r"(?P<kind>epoch|best)-(?P<epoch>\d{5})-(?P<sha256>[0-9a-f]{64})\.safetensors")
_KEPT = 2


def _store() -> Storage | None:
    try:
        return storages["checkpoints"]
    except InvalidStorageError:
        return None


def keep(job: uuid.UUID, run: RunDir) -> None:
    """Copy the newest checkpoint and the best weights so far; older ones than the last two epochs go.

    Raises OSError where the store does not take them.
    """
    store, found = _store(), run.last_checkpoint()
    if store is None or found is None:
        return
    epoch, checkpoint = found
    # The best first: a checkpoint whose best weights are missing would be of no use.
    for kind, path in (("best", run.path / "best.safetensors"), ("epoch", checkpoint)):
        if path.is_file():
            _copy(store, job, kind, epoch, path)
    names = _names(store, job)
    kept = sorted({entry["epoch"] for entry in names}, reverse=True)[:_KEPT]
    for entry in names:
        if entry["epoch"] not in kept:
            store.delete(f"{job}/{entry.string}")


def _copy(store: Storage, job: uuid.UUID, kind: str, epoch: int, path: Path) -> None:
    # Opened once: what is replaced meanwhile stays what it was under this handle.
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        name = f"{job}/{kind}-{epoch:05d}-{digest}.safetensors"
        if not store.exists(name):
            store.save(name, File(source, name=name))


def fetch(job: uuid.UUID, run: RunDir) -> int | None:
    """Put the newest checkpoint of the store into a run folder that has none as new; its epoch, or None.

    A copy that is not whole is passed over for the one before it. Raises OSError where the store fails.
    """
    store = _store()
    if store is None:
        return None
    local = run.last_checkpoint()
    by_epoch: dict[int, dict[str, re.Match[str]]] = {}
    for entry in _names(store, job):
        by_epoch.setdefault(int(entry["epoch"]), {})[entry["kind"]] = entry
    for epoch in sorted(by_epoch, reverse=True):
        if local is not None and epoch <= local[0]:
            return None
        both = by_epoch[epoch]
        if both.keys() == {"best", "epoch"} and all(_is_whole(store, job, one) for one in both.values()):
            run.replace("best.safetensors", partial(_read, store, job, both["best"]))
            run.save_checkpoint(epoch, partial(_read, store, job, both["epoch"]))
            return epoch
        logger.warning("job %s: the stored checkpoint of epoch %s is not whole", job, epoch)
    return None


def _is_whole(store: Storage, job: uuid.UUID, entry: "re.Match[str]") -> bool:
    with store.open(f"{job}/{entry.string}") as source:
        return hashlib.file_digest(source, "sha256").hexdigest() == entry["sha256"]


def _read(store: Storage, job: uuid.UUID, entry: "re.Match[str]", target: Path) -> None:
    with store.open(f"{job}/{entry.string}") as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    if sha256_of(target) != entry["sha256"]:
        raise OSError(f"{entry.string} changed while it was read from the store of checkpoints")


def forget(job: uuid.UUID) -> None:
    """Remove a job's copies; nothing where there are none. Raises OSError where the store fails."""
    store = _store()
    if store is not None:
        for entry in _names(store, job):
            store.delete(f"{job}/{entry.string}")


def held() -> list[uuid.UUID]:
    """The jobs of which there are copies. Raises OSError where the store fails."""
    store = _store()
    if store is None:
        return []
    jobs = []
    with suppress(FileNotFoundError):
        for name in store.listdir("")[0]:
            with suppress(ValueError):
                jobs.append(uuid.UUID(name))
    return jobs


def _names(store: Storage, job: uuid.UUID) -> list["re.Match[str]"]:
    try:
        _, names = store.listdir(str(job))
    except FileNotFoundError:
        return []
    return [entry for entry in map(_NAME.fullmatch, sorted(names)) if entry is not None]


class Keeper:
    """Copies checkpoints beside the beats of a job: one at a time, in a thread, and never twice the same."""

    def __init__(self, job: uuid.UUID, run: RunDir) -> None:
        self._job, self._run = job, run
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._copying: Future[None] | None = None

    def epoch_ended(self) -> None:
        """Begin a copy, unless one is on its way: then the next epoch's will do."""
        if _store() is None or (self._copying is not None and not self._copying.done()):
            return
        self._copying = self._threads.submit(self._keep)

    def _keep(self) -> None:
        try:
            keep(self._job, self._run)
        except OSError as error:
            # A store that is away costs the copy, not the training.
            logger.warning("job %s: its checkpoint was not copied: %s", self._job, error)

    def close(self) -> None:
        """Wait for the copy on its way."""
        self._threads.shutdown()
