"""The pictures that a training draws after its epochs: from the run folder into the store, a few kept."""

import json
import logging
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections, transaction

from annotation.actions.errors import ActionError
from annotation.actions.files import forget, intake, name_file
from annotation.models import StoredFile
from inference.actions.running import Hold
from inference.models import TrainingJob, TrainingSample
from inference.rundir import RunDir

logger = logging.getLogger(__name__)

# So many pictures of a training are kept: the first, the last, and epochs at even distances between.
MOST_KEPT = 32
_LARGEST_BYTES = 8 * 2**20
_LONGEST_CAPTION = 500
_NAME = re.compile(r"epoch-(\d{1,6})\.png")
_PNG = b"\x89PNG\r\n\x1a\n"


def collect(*, hold: Hold, run: RunDir) -> int:
    """Bring the pictures that are new in the run folder into the store; how many.

    A picture is a help to who watches, never a reason for a training to fail: one that is no PNG, is too
    large, or that the store does not take now is passed over. Nothing is written once the hold is fenced.
    """
    job = hold.job
    if not isinstance(job, TrainingJob):
        return 0
    known = set(TrainingSample.objects.filter(job=job).values_list("epoch", flat=True))
    drawn = {epoch: path for epoch, path in _drawn(run).items() if epoch not in known}
    kept = kept_epochs([*known, *drawn], MOST_KEPT)
    taken = [epoch for epoch in sorted(drawn) if epoch in kept and _take(hold, epoch, drawn[epoch])]
    if taken:
        _thin_out(hold)
    return len(taken)


class Collector:
    """Collects beside the beats of a training, in a thread: a slow store must not cost a lease."""

    def __init__(self, hold: Hold, run: RunDir) -> None:
        self._hold, self._run = hold, run
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._at_work: Future[None] | None = None

    def epoch_ended(self) -> None:
        """Begin, unless it is at work: what it misses then, the next epoch or the end brings."""
        if self._at_work is None or self._at_work.done():
            self._at_work = self._threads.submit(self._collect)

    def close(self) -> None:
        """Bring what is left, and wait for it."""
        self._threads.submit(self._collect)
        self._threads.shutdown()

    def _collect(self) -> None:
        try:
            collect(hold=self._hold, run=self._run)
        except DatabaseError as error:
            logger.warning("job %s: samples not collected: %s", self._hold.job.pk, error)
        finally:
            connections.close_all()


def kept_epochs(epochs: list[int], most: int) -> set[int]:
    """Which of some epochs to keep, at most `most`: the first, the last, and the multiples of a power of two.

    What is kept of more epochs is kept of fewer too, but for the last one, so nothing is missed that was
    removed before.
    """
    if not epochs:
        return set()
    step = 1
    while True:
        kept = {min(epochs), max(epochs)} | {epoch for epoch in epochs if epoch % step == 0}
        if len(kept) <= most:
            return kept
        step *= 2


def _drawn(run: RunDir) -> dict[int, Path]:
    folder = run.path / "samples"
    if not folder.is_dir():
        return {}
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in found if match}


def _take(hold: Hold, epoch: int, path: Path) -> bool:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_BYTES:
            return False
        with path.open("rb") as handle:
            if handle.read(len(_PNG)) != _PNG:
                return False
        with intake() as taken:
            file = taken.put(path, "image/png")
            return _keep(hold, epoch, file, _caption(path.with_suffix(".json")))
    except (OSError, ActionError) as error:
        logger.warning("job %s: the sample of epoch %s is not stored: %s", hold.job.pk, epoch, error)
        return False


@transaction.atomic
def _keep(hold: Hold, epoch: int, file: StoredFile, caption: dict[str, Any]) -> bool:
    # The row of the job is held until the commit, so that no other worker can have taken it over.
    if not hold.rows.held(hold.job.pk, hold.token).select_for_update().exists():
        return False
    TrainingSample.objects.get_or_create(
        job_id=hold.job.pk, epoch=epoch, defaults={"picture": name_file(file), "caption": caption}
    )
    return True


def _caption(path: Path) -> dict[str, Any]:
    """What the training says of the picture, where it does: `{"text": ...}`."""
    try:
        text = json.loads(path.read_text(encoding="utf-8"))["text"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {"text": text[:_LONGEST_CAPTION]} if isinstance(text, str) else {}


def _thin_out(hold: Hold) -> None:
    rows = TrainingSample.objects.filter(job_id=hold.job.pk)
    kept = kept_epochs(list(rows.values_list("epoch", flat=True)), MOST_KEPT)
    for row in rows.exclude(epoch__in=kept).select_related("picture"):
        row.delete()
        forget(row.picture)
